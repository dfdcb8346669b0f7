"""Networks: a region lists them, a project holds them."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Item, Listed


class ApiFetchCrossedNetworks(Listed):
    """Networks: a region lists them, a project holds them."""

    listing = "networks"
    item_type = "network"

    def place(self, item: Item) -> Item:
        """Its parent in the tree."""
        project = item["project"]
        return {
            "parent_id": f"{project}-networks",
            "parent_type": "networks_folder",
            "master_parent_id": project,
            "master_parent_type": "project",
        }
