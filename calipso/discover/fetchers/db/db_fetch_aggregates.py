"""Host aggregates."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from calipso.model.inventory import Fetched
from calipso.sources.db.db_access import DbAccess

#: Since 2.41 Nova lists the uuid of an aggregate.
UUIDS = "2.41"


class DbFetchAggregates(DbAccess):
    """Aggregates of a region with their metadata.

    If one region offers compute, the source is the Nova API database. With several such regions,
    the database belongs to one of them and does not say to which. So the fetcher asks the API of
    each region, and ids begin with the region, because each region counts from 1. A region without
    compute has no aggregates.
    """

    sources: ClassVar[tuple[str, ...]] = ("api",)

    def get(self, parent_id: str) -> list[Fetched]:
        region = self._region(parent_id)
        offering = self._offering()
        if region and offering and region not in offering:
            return []
        if region and len(offering) > 1:
            return self._of_api(region)
        return self._of_database()

    def _region(self, parent_id: str) -> str:
        """Return the region of the parent folder; empty when the folder belongs to no region."""
        parent = self.context.parent(parent_id) or {}
        return str(parent.get("parent_id") or parent_id.removesuffix("-aggregates"))

    def _offering(self) -> list[str]:
        """Regions that offer compute; empty when no region is stored."""
        regions = self.inv.find(self.env, "region", ["id", "endpoints"])
        return sorted(
            str(region["id"])
            for region in regions
            if any(
                entry.get("service_type") == "compute"
                for entry in (region.get("endpoints") or {}).values()
            )
        )

    def _of_api(self, region: str) -> list[Fetched]:
        items = self.source("api").list(
            "compute", "/v2.1/os-aggregates", "aggregates", region=region, microversion=UUIDS
        )
        return [
            {
                "id": f"{region}-{item['id']}",
                "name": str(item.get("name") or item["id"]),
                "uuid": item.get("uuid"),
                "metadata": item.get("metadata") or {},
                "availability_zone": item.get("availability_zone") or "",
                "region": region,
                "hosts": sorted(str(host) for host in item.get("hosts") or ()),
            }
            for item in sorted(items, key=lambda item: int(item["id"]))
        ]

    def _of_database(self) -> list[Fetched]:
        metadata: dict[int, dict[str, str]] = defaultdict(dict)
        for row in self.select("nova_api", "aggregate_metadata", ["aggregate_id", "key", "value"]):
            metadata[row["aggregate_id"]][row["key"]] = row["value"]
        return [
            {
                "id": str(row["id"]),
                "name": row["name"] or str(row["id"]),
                "uuid": row["uuid"],
                "metadata": metadata.get(row["id"], {}),
                "availability_zone": metadata.get(row["id"], {}).get("availability_zone", ""),
            }
            for row in sorted(
                self.select("nova_api", "aggregates", ["id", "uuid", "name"]),
                key=lambda row: int(row["id"]),
            )
        ]
