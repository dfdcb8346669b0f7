"""Test of an environment: everything a scan will need, step by step, each with its remedy.

It asks through the same access classes as a scan, and of each host exactly what a scan asks, so
that green here means that a scan can read it. Nothing is stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from calipso.discover.fetchers.api.api_hosts import hosts as join_hosts
from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.environment import CliSection, Environment, MysqlSection, OpenStackSection
from calipso.probe.environment_hosts import LXB_AGENT, OVS_AGENT, HostTest
from calipso.probe.steps import Step, attempt
from calipso.sources.api.api_access import NOVA
from calipso.sources.context import ScanContext
from calipso.sources.db.db_access import statement
from calipso.sources.db.db_schemas import SIGNATURES
from calipso.stores.inventory.inventory_mgr import InventoryMgr

__all__ = ["Step", "test_environment"]


#: Services whose API a scan reads.
SERVICES = ("identity", "compute", "network")

#: Agent of each mechanism driver.
DRIVERS = {OVS_AGENT: "OVS", LXB_AGENT: "LXB"}

#: Kinds of schema no default fetcher reads: worth knowing, no failure.
OPTIONAL_SCHEMAS = frozenset({"keystone"})


def test_environment(environment: Environment) -> Generator[Step, None, None]:
    """Every step as it ends: API, databases, SSH to the gateway and to each host."""
    if environment.environment_type != "OpenStack":
        raise ConfigError(
            f"environment {environment.name}: {environment.environment_type} cannot be tested",
            hint="Only environments of the type OpenStack can be scanned and tested.",
        )
    context = ScanContext(environment, InventoryMgr(), f"test-{uuid.uuid4().hex}")
    try:
        found: dict[str, Document] = {}
        yield from api_steps(context, found)
        yield from driver_steps(environment, found)
        yield from database_steps(context)
        yield from host_steps(environment, found)
    finally:
        context.close()


def host_steps(environment: Environment, found: dict[str, Document]) -> Iterator[Step]:
    """SSH: the gateway, then the hosts that Nova and Neutron name, several at a time."""
    if not found:
        message = "Nova and Neutron named no host; those in CLI.hosts are tried"
        yield Step("hosts", ok=False, message=message, hint="First make the API steps pass.")
        found = {name: {} for name in environment.section(CliSection).hosts}
    test = HostTest(environment, found)
    try:
        yield from test.steps()
    finally:
        test.close()


# -- API -------------------------------------------------------------------------------


def api_steps(context: ScanContext, found: dict[str, Document]) -> Iterator[Step]:
    """Login, catalogue, and a list of each service; notes the hosts in `found`."""
    section = context.environment.section(OpenStackSection)
    api = context.source("api")
    who = f"{section.user} in project {section.admin_project} at {section.identity_url()}"
    login = attempt("API login", api.catalogue, lambda _: who)
    yield login.step
    if login.result is None:
        return
    catalogue: list[Document] = login.result
    regions = _regions(catalogue, section.region)
    offered = attempt(
        "API catalogue",
        lambda: _offered(catalogue, regions, section),
        lambda names: f"{', '.join(names)} in {', '.join(regions)}",
    )
    yield offered.step
    yield attempt(
        "API identity",
        lambda: len(list(api.list("identity", "/v3/projects", "projects"))),
        lambda count: f"{count} projects",
    ).step
    for region in regions if offered.step.ok else []:
        yield from _region_steps(api, region, found, many=len(regions) > 1)


def _regions(catalogue: list[Document], wanted: str) -> list[str]:
    named = {
        str(endpoint.get("region_id") or endpoint.get("region") or "")
        for service in catalogue
        if service.get("type") == "compute"
        for endpoint in service.get("endpoints") or ()
    }
    return [wanted] if wanted else sorted(named)


def _offered(catalogue: list[Document], regions: list[str], section: OpenStackSection) -> list[str]:
    """The services we need. Raises ConfigError for what the catalogue lacks."""
    missing = []
    for region in regions or ["any region"]:
        for wanted in SERVICES[1:]:
            interfaces = {
                str(endpoint.get("interface"))
                for service in catalogue
                if service.get("type") == wanted
                for endpoint in service.get("endpoints") or ()
                if region in (endpoint.get("region_id"), endpoint.get("region"))
            }
            if section.interface not in interfaces:
                there = f" (has {', '.join(sorted(interfaces))})" if interfaces else ""
                missing.append(f"no {section.interface} endpoint of {wanted} in {region}{there}")
    if missing:
        names = {
            str(endpoint.get("region"))
            for service in catalogue
            for endpoint in service.get("endpoints") or ()
        }
        raise ConfigError(
            "; ".join(missing),
            hint=f"Check region and interface of the OpenStack section; regions of this cloud: "
            f"{', '.join(sorted(names)) or 'none'}.",
        )
    return list(SERVICES)


def _region_steps(
    api: Any, region: str, found: dict[str, Document], *, many: bool
) -> Iterator[Step]:
    suffix = f" {region}" if many else ""
    services: list[Document] = []
    hypervisors: list[Document] = []
    agents: list[Document] = []

    def compute() -> tuple[list[Document], list[Document]]:
        ask = {"region": region, "microversion": NOVA}
        services.extend(api.list("compute", "/v2.1/os-services", "services", **ask))
        path = "/v2.1/os-hypervisors/detail"
        hypervisors.extend(api.list("compute", path, "hypervisors", **ask))
        return services, hypervisors

    def network() -> list[Document]:
        agents.extend(api.list("network", "/v2.0/agents", "agents", region=region))
        return agents

    yield attempt(f"API compute{suffix}", compute, _compute_said).step
    yield attempt(f"API network{suffix}", network, lambda items: f"{len(items)} agents").step
    for host in join_hosts(services, hypervisors, agents):
        kinds = {str(a.get("agent_type")) for a in agents if a.get("host") == host["name"]}
        found[host["name"]] = host | {"agent_types": kinds}


def _compute_said(found: tuple[list[Document], list[Document]]) -> str:
    services, hypervisors = found
    hosts = {service.get("host") for service in services}
    return f"{len(services)} services on {len(hosts)} hosts, {len(hypervisors)} hypervisors"


def driver_steps(environment: Environment, found: dict[str, Document]) -> Iterator[Step]:
    """Do the mechanism drivers fit the agents? They decide which fetchers a scan runs."""
    kinds = set().union(*(host["agent_types"] for host in found.values()))
    running = sorted(DRIVERS[kind] for kind in kinds & DRIVERS.keys())
    said = f"{', '.join(environment.mechanism_drivers)}; agents of {', '.join(running) or 'none'}"
    missing = [driver for driver in running if driver not in environment.mechanism_drivers]
    if missing:
        drivers = ", ".join([*environment.mechanism_drivers, *missing])
        hint = f"Set mechanism_drivers to {drivers}: hosts of {missing[0]} are read by half only."
        yield Step("mechanism drivers", ok=False, message=said, hint=hint)
    elif found:
        yield Step("mechanism drivers", ok=True, message=said)


# -- databases -------------------------------------------------------------------------


def database_steps(context: ScanContext) -> Iterator[Step]:
    """Login, then each schema: found, and its tables readable."""
    section = context.environment.section(MysqlSection)
    db = context.source("db")
    where = f"{section.user} at {section.host}:{section.port}"
    login = attempt("DB login", db.schemas, lambda _: where)
    yield login.step
    for kind in SIGNATURES if login.step.ok else ():
        tried = attempt(f"DB {kind}", partial(_readable, db, kind), ", ".join).step
        if not tried.ok and kind in OPTIONAL_SCHEMAS:
            tried = Step(tried.name, ok=True, message="not readable, and not needed")
        yield tried


def _readable(db: Any, kind: str) -> list[str]:
    """Schemas of a kind, after a row of each of its tables was read."""
    schemas: list[str] = db.schemas_of(kind)
    for schema in schemas:
        for table in sorted(SIGNATURES[kind]):
            sql, values = statement(schema, table, ["id"], {})
            db.pool.query(f"{sql} LIMIT 1", values, schema)
    return schemas
