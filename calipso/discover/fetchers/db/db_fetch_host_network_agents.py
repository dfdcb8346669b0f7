"""Network agents of hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from calipso.discover.fetchers.db.agents import agents, ids_by_other_name, unreadable
from calipso.discover.fetchers.ovn.cloud import ovn_cloud
from calipso.errors import CalipsoError, ErrorKind, NotFound, OvnAccessError
from calipso.model.hosts import region_of
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.db.db_access import DbAccess, Row
from calipso.sources.fetcher import Outcome

#: The field that only the API has: whether Neutron accepts the heartbeat as fresh.
_ALIVE = "alive"


class DbFetchHostNetworkAgents(DbAccess):
    """Neutron's agents of each host, one query for all; heartbeats as Neutron stored them.

    `alive` is what Neutron's API says: it knows how late a heartbeat may be. Agents that only the
    API lists (those of OVN have no row in the table) are listed too. Their heartbeats rise only
    when somebody asks, so an idle cloud has them as dead in its first answer: what OVN itself
    counts decides whether that is reported.
    """

    sources: ClassVar[tuple[str, ...]] = ("api", "ovn")

    batch_size: ClassVar[int | None] = None

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        parents: dict[str, str] = {}
        for parent_id in parent_ids:
            try:
                parents[parent_id] = self.host_of(parent_id)
            except CalipsoError as error:
                yield parent_id, error
        hosts = sorted(set(parents.values()))
        listed = self._listed()
        known = self._known(hosts) if listed is None else {}
        of_host: dict[str, list[Fetched]] = defaultdict(list)
        rows = {str(row["id"]): row for row in agents(self, hosts)}
        for key, row in ((listed or {}) | rows).items():
            if row["host"] not in hosts:
                continue
            agent = _agent(row)
            if row.get("configurations", {}) is None:
                self._keep_configurations(agent, row)
            alive = (listed or {}).get(key, {}).get(_ALIVE, known.get(agent["id"]))
            of_host[row["host"]].append(agent if alive is None else agent | {_ALIVE: alive})
        for parent_id, host in parents.items():
            for agent in of_host[host]:
                self._check(agent)
            yield parent_id, of_host[host]

    def _keep_configurations(self, item: Fetched, row: Row) -> None:
        """Replace configurations that cannot be read by the stored ones."""
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

    def _listed(self) -> dict[str, Fetched] | None:
        """Agents of the API by id, with the host's id; None when the API does not answer."""
        api, ids = self.source("api"), ids_by_other_name(self)
        stored = self.inv.find(self.env, "host", ["id", "region", "id_path"])
        regions = {str(host["id"]): region_of(host) for host in stored}
        found: dict[str, Fetched] = {}
        try:
            for region in api.regions("network"):
                for agent in api.network_agents(region):
                    host = ids[str(agent.get("host") or "")]
                    if regions.get(host) in (region, "", None):
                        found[str(agent["id"])] = agent | {"host": host}
        except NotFound:  # no region was scanned yet
            return None
        except CalipsoError as error:
            hint = f"{error.hint} The stored state of each agent stays.".strip()
            self.context.problem(
                Problem(kind=error.kind, message=error.message, hint=hint, source="api")
            )
            return None
        return found

    def _known(self, hosts: Sequence[str]) -> Mapping[str, Any]:
        """Return the stored state of each agent."""
        stored = self.inv.find(self.env, "network_agent", ["id", _ALIVE], host=list(hosts))
        return {str(agent["id"]): agent.get(_ALIVE) for agent in stored}

    def _by_ovn(self) -> Mapping[str, bool]:
        """Whether agents of OVN report, by their ids; nothing where OVN does not say it."""
        if "OVN" not in self.context.environment.mechanism_drivers:
            return {}
        try:
            return ovn_cloud(self).facts.agents
        except OvnAccessError:  # the fetchers of OVN report it
            return {}

    def _check(self, agent: Fetched) -> None:
        if agent.get(_ALIVE) is not False:
            return
        if agent["admin_state_up"] and self._by_ovn().get(_agent_id(agent)):
            return
        off = "" if agent["admin_state_up"] else " (an administrator switched it off)"
        self.problem(
            ("network_agent", agent["id"]),
            code="agent_down",
            message=f"{agent['host']}: the {agent['agent_type']} does not report to Neutron{off}",
            hint=f"Look at {agent['binary']} on {agent['host']}; openstack network agent list "
            "shows it.",
            kind=ErrorKind.REPORTED,
            source="api",
            host=agent["host"],
        )


def _agent_id(agent: Fetched) -> str:
    """Neutron's id of an agent."""
    return str(agent["id"]).removeprefix(f"{agent['binary']}-")


def _agent(row: Fetched) -> Fetched:
    """Return the inventory object of an agent from the table or the API."""
    binary = str(row["binary"])
    return row | {
        "id": f"{binary}-{row['id']}",
        "name": binary,
        "host": str(row["host"]),
        "admin_state_up": bool(row.get("admin_state_up", True)),
    }
