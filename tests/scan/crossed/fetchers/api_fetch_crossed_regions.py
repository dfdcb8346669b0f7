"""Regions."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Listed


class ApiFetchCrossedRegions(Listed):
    """Regions."""

    listing = "regions"
    item_type = "region"
