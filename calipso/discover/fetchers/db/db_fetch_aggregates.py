"""Host aggregates."""

from __future__ import annotations

from collections import defaultdict

from calipso.model.inventory import Fetched
from calipso.sources.db.db_access import DbAccess


class DbFetchAggregates(DbAccess):
    """Aggregates with their metadata, from the Nova API database."""

    def get(self, parent_id: str) -> list[Fetched]:
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
