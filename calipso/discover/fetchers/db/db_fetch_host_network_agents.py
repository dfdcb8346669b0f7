"""Network agents of hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import ClassVar

from calipso.discover.fetchers.db.agents import agents
from calipso.errors import CalipsoError
from calipso.model.inventory import Fetched
from calipso.sources.db.db_access import DbAccess
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
            binary = str(row["binary"])
            of_host[str(row["host"])].append(row | {"id": f"{binary}-{row['id']}", "name": binary})
        for parent_id, host in parents.items():
            yield parent_id, of_host[host]
