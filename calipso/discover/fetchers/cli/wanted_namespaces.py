"""Namespaces that Neutron's database wants on a host, and namespaces that it does not know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from calipso.discover.fetchers.cli.netns_services import service
from calipso.discover.fetchers.db.agents import ids_by_other_name
from calipso.errors import AccessError, ErrorKind
from calipso.model.scan import Problem
from calipso.sources.fetcher import Fetcher

#: Agent type -> table of what is bound to it, column of the agent, column of what is bound.
BINDINGS = {
    "DHCP agent": ("networkdhcpagentbindings", "dhcp_agent_id", "network_id"),
    "L3 agent": ("routerl3agentbindings", "l3_agent_id", "router_id"),
}
PREFIX = {"DHCP agent": "qdhcp-", "L3 agent": "qrouter-"}


@dataclass
class Wanted:
    """Content of Neutron's database: wanted namespaces by host, and every network and router."""

    of_host: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    networks: set[str] = field(default_factory=set)
    routers: set[str] = field(default_factory=set)


def wanted_namespaces(fetcher: Fetcher) -> Wanted | None:
    """Return what Neutron wants in the whole cloud. Each process reads it once a scan.

    None when it is unknown: the tables cannot be read (reported once), or there are several regions
    and the database belongs to one of them. A network needs no namespace if no subnet has DHCP, or
    if it is switched off. An agent that is switched off makes no namespace.
    """
    return fetcher.context.shared("cli:wanted_namespaces", lambda: _read(fetcher))


def _read(fetcher: Fetcher) -> Wanted | None:
    if len(fetcher.inv.find(fetcher.env, "region", ["id"])) > 1:
        return None
    try:
        found = _asked(fetcher)
    except AccessError as error:
        fetcher.context.problem(
            Problem(
                kind=error.kind,
                message=f"{error.message}; missing namespaces and orphans are not reported",
                hint=error.hint,
                source="db",
                warning=True,
            )
        )
        return None
    listed = {str(item["id"]) for item in fetcher.inv.find(fetcher.env, "network", ["id"])}
    # a database without these networks is that of another cloud
    ours = not listed or bool(listed & found.networks)
    return found if ours else None


def _asked(fetcher: Fetcher) -> Wanted:
    db, ids = fetcher.source("db"), ids_by_other_name(fetcher)
    columns = ["id", "host", "agent_type", "admin_state_up"]
    agents = {
        row["id"]: row
        for row in db.select("neutron", "agents", columns, {"agent_type": list(BINDINGS)})
        if row["admin_state_up"]
    }
    switch = ["id", "admin_state_up"]
    networks = db.select("neutron", "networks", switch)
    routers = db.select("neutron", "routers", switch)
    served = {
        str(row["network_id"])
        for row in db.select("neutron", "subnets", ["network_id", "enable_dhcp"])
        if row["enable_dhcp"]
    }
    on = {"DHCP agent": _on(networks) & served, "L3 agent": _on(routers)}
    found = Wanted(networks=_ids(networks), routers=_ids(routers))
    for kind, (table, agent_column, column) in BINDINGS.items():
        for row in db.select("neutron", table, [agent_column, column]):
            agent = agents.get(row[agent_column])
            if agent and str(row[column]) in on[kind]:
                host = ids[str(agent["host"])]
                found.of_host[host].add(f"{PREFIX[kind]}{row[column]}")
    return found


def _ids(rows: Iterable[dict[str, Any]]) -> set[str]:
    return {str(row["id"]) for row in rows}


def _on(rows: Iterable[dict[str, Any]]) -> set[str]:
    return _ids(row for row in rows if row["admin_state_up"])


def namespace_problems(host: str, there: Iterable[str], wanted: Wanted) -> Iterator[Problem]:
    """Report missing namespaces of a host, and namespaces whose owner is gone (orphans).

    A missing DHCP server is a problem of the network. A missing router is a problem of the host,
    because the router's own object is the missing namespace. An orphan is a problem of its own
    object.
    """
    names = set(there)
    for name in sorted(wanted.of_host.get(host, set()) - names):
        found = service(name)
        network = found.subject == "network"
        yield _problem(
            "namespace_missing",
            ("network", found.subject_id) if network else ("host", host),
            f"{host}: Neutron wants the namespace {name} here, and the host does not have it",
            f"Look at the log of the {'DHCP' if network else 'L3'} agent on {host}: it makes the "
            "namespace when it starts.",
            host,
        )
    for name in sorted(names):
        found = service(name)
        known = {"network": wanted.networks, "router": wanted.routers}.get(found.subject)
        if known is not None and found.subject_id not in known:
            yield _problem(
                "namespace_orphan",
                ("vservice", f"{host}-{name}"),
                f"{host}: the namespace {name} belongs to a {found.subject} that Neutron does not "
                "have",
                "Compare with openstack network list and openstack router list. An agent that was "
                "down when it was deleted leaves the namespace behind.",
                host,
            )


def _problem(code: str, about: tuple[str, str], message: str, hint: str, host: str) -> Problem:
    return Problem(
        kind=ErrorKind.REPORTED,
        code=code,
        object_type=about[0],
        object_id=about[1],
        message=message,
        hint=hint,
        source="cli",
        host=host,
        warning=True,
    )
