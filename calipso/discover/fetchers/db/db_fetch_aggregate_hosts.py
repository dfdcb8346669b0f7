"""Hosts in aggregates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import ClassVar

from calipso.errors import ErrorKind, NotFound
from calipso.model.inventory import Fetched, object_key
from calipso.sources.db.db_access import DbAccess
from calipso.sources.fetcher import Outcome


class DbFetchAggregateHosts(DbAccess):
    """References to the hosts of each aggregate, from the Nova API database; one query for all."""

    batch_size: ClassVar[int | None] = None

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        aggregates = {
            item["id"]: str(item["name"])
            for item in self.inv.get_by_ids(self.env, "aggregate", parent_ids)
        }
        known = {item["id"] for item in self.inv.find(self.env, "host", fields=["id"])}
        of_aggregate: dict[str, list[str]] = defaultdict(list)
        numbers = sorted(int(parent_id) for parent_id in aggregates)
        for row in self.select(
            "nova_api", "aggregate_hosts", ["aggregate_id", "host"], {"aggregate_id": numbers}
        ):
            of_aggregate[str(row["aggregate_id"])].append(str(row["host"]))
        for parent_id in parent_ids:
            if parent_id in aggregates:
                hosts = sorted(of_aggregate[parent_id])
                yield parent_id, [self._ref(aggregates[parent_id], host, known) for host in hosts]
            else:
                yield parent_id, self._unknown(parent_id)

    def _unknown(self, aggregate: str) -> NotFound:
        return NotFound(
            f"{self.env}: aggregate {aggregate} is not in the inventory",
            kind=ErrorKind.NOT_FOUND,
            hint="Scan the aggregates of its region first.",
        )

    def _ref(self, aggregate: str, host: str, known: set[str]) -> Fetched:
        """A reference; `ref_id` is the `_id` of the host, when the inventory has that host."""
        ref: Fetched = {"id": f"aggregate-{aggregate}-{host}", "name": host}
        if host in known:
            ref["ref_id"] = object_key(self.env, "host", host)
        return ref
