"""Test of an environment: everything a scan will need, step by step, each with its remedy.

It asks through the same access classes as a scan, and of each host exactly what a scan asks, so
that green here means that a scan can read it. Nothing is stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from calipso.discover.fetchers.api.api_hosts import hosts as join_hosts
from calipso.discover.fetchers.api.host_names import names_of_hosts, renamed
from calipso.discover.fetchers.api.host_problems import (
    driver_hint,
    driver_message,
    region_problem,
)
from calipso.errors import CellsAway, ConfigError, DbAccessError
from calipso.model.documents import Document
from calipso.model.drivers import Found, drivers_of_agents, drivers_of_ports
from calipso.model.environment import CliSection, Environment, MysqlSection, OpenStackSection
from calipso.model.sources import SOURCES, Source
from calipso.probe.amqp_test import amqp_steps
from calipso.probe.environment_hosts import HostTest
from calipso.probe.steps import Step, attempt
from calipso.sources.api.api_access import NOVA
from calipso.sources.api.api_paging import page_items
from calipso.sources.api.catalogue import endpoints_of, interface_of, region_of_endpoint
from calipso.sources.context import ScanContext
from calipso.sources.db.db_access import statement
from calipso.sources.db.db_schemas import SIGNATURES
from calipso.stores.inventory.inventory_mgr import InventoryMgr

__all__ = ["Step", "test_environment"]


#: Services whose API a scan reads.
SERVICES = ("identity", "compute", "network")

#: Ports that are looked at: agents show most drivers of a cloud, ports show drivers without agents.
SAMPLE = 500

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
        context.begin_task()
        found: dict[str, Document] = {}
        for source in SOURCES:
            yield from steps_of(source, context, found)
        yield from amqp_steps(environment)
    finally:
        context.drain()
        context.close()


def steps_of(source: Source, context: ScanContext, found: dict[str, Document]) -> Iterator[Step]:
    """The steps of one source; `found` holds the hosts by name, and gets those that it names."""
    module, _, name = source.steps.partition(":")
    steps: Callable[[ScanContext, dict[str, Document]], Iterator[Step]]
    steps = getattr(import_module(module), name)
    return steps(context, found)


def cloud_steps(context: ScanContext, found: dict[str, Document]) -> Iterator[Step]:
    """The API, and whether a scan reads the drivers that its agents show."""
    yield from api_steps(context, found)
    yield from driver_steps(context.environment, found)


def host_steps(context: ScanContext, found: dict[str, Document]) -> Iterator[Step]:
    """SSH: the gateway, then the hosts that Nova and Neutron name, several at a time."""
    environment = context.environment
    if not found:
        message = "Nova and Neutron named no host; those in CLI.hosts are tried"
        yield Step("hosts", ok=False, message=message, hint="First make the API steps pass.")
        found = {name: {} for name in environment.section(CliSection).hosts}
    test = HostTest(environment, found, context.bounds)
    try:
        yield from test.steps()
    finally:
        test.close()


# -- API -------------------------------------------------------------------------------


def api_steps(context: ScanContext, found: dict[str, Document]) -> Iterator[Step]:
    """Login, catalogue, and a list of each service; notes the hosts in `found`."""
    section = context.environment.section(OpenStackSection)
    api = context.source("api")
    login = attempt(
        "API login", lambda: (api.catalogue(), _who(api, section)), lambda found: found[1]
    )
    yield login.step
    if login.result is None:
        return
    catalogue: list[Document] = login.result[0]
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


def _who(api: Any, section: OpenStackSection) -> str:
    project = section.admin_project if section.names_project else api.client.project()
    return f"{section.account} in project {project} at {section.identity_url()}"


def _regions(catalogue: list[Document], wanted: str) -> list[str]:
    named = {region_of_endpoint(endpoint) for endpoint in endpoints_of(catalogue, "compute")}
    return [wanted] if wanted else sorted(named)


def _offered(catalogue: list[Document], regions: list[str], section: OpenStackSection) -> list[str]:
    """The services we need. Raises ConfigError for what the catalogue lacks."""
    missing = []
    for region in regions or ["any region"]:
        for wanted in SERVICES[1:]:
            interfaces = {
                interface_of(endpoint)
                for endpoint in endpoints_of(catalogue, wanted)
                if region_of_endpoint(endpoint) == region
            }
            if section.interface not in interfaces:
                there = f" (has {', '.join(sorted(interfaces))})" if interfaces else ""
                missing.append(f"no {section.interface} endpoint of {wanted} in {region}{there}")
    if missing:
        names = {
            region_of_endpoint(endpoint)
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
    listed = attempt(f"API network{suffix}", network, lambda items: f"{len(items)} agents").step
    yield listed
    if listed.ok:
        yield from _bound_steps(api, region, agents, suffix)
    names = names_of_hosts(services, agents)
    hosts = join_hosts(services, hypervisors, renamed(agents, names))
    yield from _name_steps(region, hosts, found)
    for host in hosts:
        found.setdefault(host["name"], host | {"region": region})


def _name_steps(region: str, hosts: list[Document], found: dict[str, Document]) -> Iterator[Step]:
    """A host name in two regions: a scan keeps the first and leaves the other out."""
    twins = {host["name"]: found[host["name"]]["region"] for host in hosts if host["name"] in found}
    for first in sorted(set(twins.values())):
        names = [name for name in twins if twins[name] == first]
        told = region_problem("environment", region, first, names, len(hosts) - len(names))
        yield Step(f"hosts of {region}", ok=False, message=told.message, hint=told.hint)


def _bound_steps(api: Any, region: str, agents: list[Document], suffix: str) -> Iterator[Step]:
    """Drivers that no agent shows and bound ports do."""
    environment = api.context.environment
    wanted = environment.mechanism_drivers
    shown = {driver.name for driver in drivers_of_agents(agents)}

    def unread() -> list[Found]:
        body = api.ask("network", "/v2.0/ports", region=region, params={"limit": SAMPLE})
        found = drivers_of_ports(page_items(body, "network /v2.0/ports", "ports"))
        return [d for d in found if not d.read_in(wanted) and d.name not in shown]

    tried = attempt(f"API ports{suffix}", unread, lambda _: "drivers of bound ports are known")
    if tried.result:
        message = "; ".join(driver_message(driver) for driver in tried.result)
        hints = dict.fromkeys(driver_hint(d, wanted, environment.name) for d in tried.result)
        yield Step(tried.step.name, ok=False, message=message, hint=" ".join(hints))
    else:
        yield tried.step


def _compute_said(found: tuple[list[Document], list[Document]]) -> str:
    services, hypervisors = found
    hosts = {service.get("host") for service in services}
    return f"{len(services)} services on {len(hosts)} hosts, {len(hypervisors)} hypervisors"


def driver_steps(environment: Environment, found: dict[str, Document]) -> Iterator[Step]:
    """Is every driver that the agents show read? `mechanism_drivers` decides which fetchers run."""
    drivers = drivers_of_agents(
        {"agent_type": kind, "host": name}
        for name, host in found.items()
        for kind in host.get("network_agents") or ()
    )
    wanted = environment.mechanism_drivers
    running = ", ".join(driver.name for driver in drivers) or "none"
    said = f"{', '.join(wanted)}; agents of {running}"
    unread = [driver for driver in drivers if not driver.read_in(wanted)]
    if unread:
        message = "; ".join([said, *(driver_message(driver) for driver in unread)])
        hints = dict.fromkeys(driver_hint(d, wanted, environment.name) for d in unread)
        yield Step("mechanism drivers", ok=False, message=message, hint=" ".join(hints))
    elif found:
        yield Step("mechanism drivers", ok=True, message=said)


# -- databases -------------------------------------------------------------------------


def database_steps(context: ScanContext, _found: dict[str, Document]) -> Iterator[Step]:
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
    """Places of a kind, after a row of each of their tables was read. Raises DbAccessError, which
    names every server that cannot be read.
    """
    places: list[tuple[str, Any, str]] = db.places(kind)
    errors: list[DbAccessError] = []
    for _, pool, schema in places:
        try:
            for table in sorted(SIGNATURES[kind]):
                sql, values = statement(schema, table, ["id"], {})
                pool.query(f"{sql} LIMIT 1", values, schema)
        except DbAccessError as error:
            errors.append(error)
    if errors:
        raise CellsAway(errors, []) if len(errors) > 1 else errors[0]
    return [name for name, _, _ in places]
