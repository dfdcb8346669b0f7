"""Built assets of the web UI."""

from __future__ import annotations

from pathlib import Path

#: Where `make ui` puts the pages.
BUILT = Path(__file__).parent / "dist"

#: Where `make docs-site` puts the documentation.
SITE = Path(__file__).parent / "site"


def is_built() -> bool:
    """True when there are pages to serve."""
    return (BUILT / "index.html").is_file()
