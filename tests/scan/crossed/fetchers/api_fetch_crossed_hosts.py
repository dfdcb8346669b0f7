"""Hosts: a project lists them, a zone holds them."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Item, Listed


class ApiFetchCrossedHosts(Listed):
    """Hosts: a project lists them, a zone holds them."""

    listing = "hosts"
    item_type = "host"

    def place(self, item: Item) -> Item:
        """Its parent in the tree."""
        return {"parent_id": item["zone"], "parent_type": "availability_zone", "zone": item["zone"]}
