"""Network agents of hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import ClassVar

from calipso.discover.fetchers.db.agents import agents, unreadable
from calipso.errors import CalipsoError
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.db.db_access import DbAccess, Row
from calipso.sources.fetcher import Outcome


class DbFetchHostNetworkAgents(DbAccess):
    """Neutron's agents of each host, one query for all; heartbeats as Neutron stored them."""

    batch_size: ClassVar[int | None] = None

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        parents: dict[str, str] = {}
        for parent_id in parent_ids:
            try:
                parents[parent_id] = self.host_of(parent_id)
            except CalipsoError as error:
                yield parent_id, error
        of_host: dict[str, list[Fetched]] = defaultdict(list)
        for row in agents(self, sorted(set(parents.values()))):
            item = row | {"id": f"{row['binary']}-{row['id']}", "name": str(row["binary"])}
            if row["configurations"] is None:
                self._keep_configurations(item, row)
            of_host[str(row["host"])].append(item)
        for parent_id, host in parents.items():
            yield parent_id, of_host[host]

    def _keep_configurations(self, item: Fetched, row: Row) -> None:
        """Put what is stored in the place of configurations that cannot be read."""
        known = self.inv.get_by_id(self.env, item["id"], "network_agent") or {}
        item["configurations"] = known.get("configurations", {})
        error = unreadable(row)
        self.context.problem(
            Problem(
                kind=str(error.kind),
                message=error.message,
                hint=error.hint,
                source="db",
                host=str(row["host"]),
                warning=True,
            )
        )
