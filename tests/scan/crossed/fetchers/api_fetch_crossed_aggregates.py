"""Aggregates, below the folder of their region."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Listed


class ApiFetchCrossedAggregates(Listed):
    """Aggregates, below the folder of their region."""

    listing = "aggregates"
    item_type = "aggregate"
