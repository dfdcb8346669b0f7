"""Hosts in aggregates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from calipso.errors import ErrorKind, NotFound
from calipso.model.hosts import region_of
from calipso.model.inventory import Fetched, object_key
from calipso.sources.db.db_access import DbAccess
from calipso.sources.fetcher import Outcome


class DbFetchAggregateHosts(DbAccess):
    """References to the hosts of each aggregate, from the Nova API database; one query for all."""

    batch_size: ClassVar[int | None] = None

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        aggregates = {
            item["id"]: item for item in self.inv.get_by_ids(self.env, "aggregate", parent_ids)
        }
        hosts = self.inv.find(self.env, "host", fields=["id", "region", "id_path"])
        regions = {str(host["id"]): region_of(host) for host in hosts}
        of_aggregate: dict[str, list[str]] = defaultdict(list)
        numbers = sorted(int(key) for key, item in aggregates.items() if "hosts" not in item)
        for row in self.select(
            "nova_api", "aggregate_hosts", ["aggregate_id", "host"], {"aggregate_id": numbers}
        ):
            of_aggregate[str(row["aggregate_id"])].append(str(row["host"]))
        for parent_id in parent_ids:
            if parent_id in aggregates:
                item = aggregates[parent_id]
                names = sorted(item.get("hosts") or of_aggregate[parent_id])
                yield parent_id, [self._ref(item, host, regions) for host in names]
            else:
                yield parent_id, self._unknown(parent_id)

    def _unknown(self, aggregate: str) -> NotFound:
        return NotFound(
            f"{self.env}: aggregate {aggregate} is not in the inventory",
            kind=ErrorKind.NOT_FOUND,
            hint="Scan the aggregates of its region first.",
        )

    def _ref(self, aggregate: Fetched, host: str, regions: Mapping[str, str]) -> Fetched:
        """Return a reference; `ref_id` is the `_id` of the host, if the inventory has that host.

        A host of that name in another region is another host.
        """
        name, region = str(aggregate["name"]), aggregate.get("region")
        if region:
            name = f"{region}-{name}"
        ref: Fetched = {"id": f"aggregate-{name}-{host}", "name": host}
        if host in regions and (not region or regions[host] in (region, "")):
            ref["ref_id"] = object_key(self.env, "host", host)
        return ref
