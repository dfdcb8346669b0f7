"""Ports: a region lists them, a network holds them."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Item, Listed


class ApiFetchCrossedPorts(Listed):
    """Ports: a region lists them, a network holds them."""

    listing = "ports"
    item_type = "port"

    def place(self, item: Item) -> Item:
        """Its parent in the tree."""
        return {"parent_id": item["network"], "parent_type": "network"}
