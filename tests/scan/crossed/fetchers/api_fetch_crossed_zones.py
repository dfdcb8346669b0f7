"""Zones: a project lists them, a region holds them."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Item, Listed


class ApiFetchCrossedZones(Listed):
    """Zones: a project lists them, a region holds them."""

    listing = "zones"
    item_type = "availability_zone"

    def place(self, item: Item) -> Item:
        """Its parent in the tree."""
        region = item["region"]
        return {
            "parent_id": f"{region}-zones",
            "parent_type": "availability_zones_folder",
            "master_parent_id": region,
            "master_parent_type": "region",
        }
