"""Pictures of the documents, made by the product from the sample cloud that `make demo` scans.

python docs/pictures.py     (while the demo is up)
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent

#: An instance with interfaces in two networks. The sample cloud is the same each time.
SHOWN = "team-01-vm-0002"


def main() -> int:
    """Draw the path of the README; answers the exit code."""
    command = [sys.executable, "-m", "calipso", "clique", "show", SHOWN, "--env", "demo"]
    return subprocess.run([*command, "--svg", str(DOCS / "path.svg")], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
