"""Fetchers of the toy cloud; `CLOUD` is what the cloud is, `BROKEN` what cannot be read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def cloud() -> dict[str, Any]:
    """The cloud as it is now: a JSON file, so that worker processes see it too."""
    loaded: dict[str, Any] = json.loads(Path(os.environ["TOY_CLOUD"]).read_text())
    return loaded
