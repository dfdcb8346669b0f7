"""`python -m calipso`."""

from __future__ import annotations

import sys

from calipso.cli.main import main

sys.exit(main())
