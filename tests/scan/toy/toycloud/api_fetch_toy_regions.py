"""Regions of the toy cloud."""

from __future__ import annotations

from typing import Any

from calipso.sources.fetcher import Fetcher
from tests.scan.toy.toycloud import cloud


class ApiFetchToyRegions(Fetcher):
    """One region a key."""

    def get(self, parent_id: str) -> list[dict[str, Any]]:
        """Regions below the regions folder."""
        return [{"id": name, "name": name} for name in cloud()["regions"]]
