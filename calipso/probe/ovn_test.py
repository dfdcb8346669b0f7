"""The databases of OVN in an environment test: reached by which way, in which role, how old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from calipso.discover.fetchers.ovn.facts import OvnFacts
from calipso.errors import CliAccessError, ErrorKind
from calipso.hostparse.ovn import DATABASES, Databases, Server
from calipso.hostparse.ovsdb_notation import number
from calipso.model.documents import Document
from calipso.probe.environment_hosts import HostTest
from calipso.probe.steps import Step, attempt
from calipso.sources.cli.commands import Command
from calipso.sources.context import ScanContext
from calipso.sources.ovn.ovn_access import candidates, ovn_section
from calipso.utils.clock import now


def ovn_steps(context: ScanContext, found: dict[str, Document]) -> Iterator[Step]:
    """Reads both databases as a scan does; nothing where the environment has no OVN."""
    environment = context.environment
    if "OVN" not in environment.mechanism_drivers:
        return
    access = context.source("ovn")
    section = ovn_section(environment.configuration)
    test = HostTest(environment, found)

    def ask(name: str, text: str, tool: str, host: str) -> Any:
        if host not in found:
            raise CliAccessError(
                f"{host}: section OVN names this host; Nova and Neutron do not know it",
                kind=ErrorKind.NOT_FOUND,
                hint="OVN.hosts has names of hosts as `openstack compute service list` has them.",
                host=host,
            )
        return test.answer(host, Command(name, text, tool))

    try:
        tried = attempt("OVN", lambda: access.read(ask, candidates(found)), lambda _: "read")
    finally:
        test.close()
    if tried.result is None:
        yield tried.step
        return
    way = "" if section.by_network() else "by SSH, "
    for name, server in (("nb", tried.result.nb_server), ("sb", tried.result.sb_server)):
        yield Step(
            f"OVN {DATABASES[name].removeprefix('OVN_').lower()}",
            ok=True,
            message=f"{way}{server.remote}; {_role(server)}",
            seconds=tried.step.seconds if name == "nb" else 0.0,
        )
    yield _content(tried.result, found)


def _role(server: Server) -> str:
    version = f"schema {server.version}" if server.version else "schema unknown"
    contact = {True: ", connected", False: ", without its cluster", None: ""}[server.connected]
    return f"{server.role}{contact}; {version}"


def _content(databases: Databases, found: dict[str, Document]) -> Step:
    """What is in them; whether it is of this cloud, and when it was last confirmed."""
    facts = OvnFacts(databases)
    message = (
        f"{len(facts.chassis)} chassis, {len(facts.switches)} networks, {len(facts.ports)} ports, "
        f"{len(facts.routers)} routers of Neutron; {_age(databases)}"
    )
    hosts = {chassis.hostname for chassis in facts.chassis.values()}
    short = {name.partition(".")[0] for name in found}
    if found and hosts and not {name.partition(".")[0] for name in hosts} & short:
        hint = "Do these databases belong to another cloud? Compare section OVN with ml2_conf.ini."
        return Step("OVN content", ok=False, message=f"{message}; no chassis of a host", hint=hint)
    return Step("OVN content", ok=True, message=message)


def _age(databases: Databases) -> str:
    """How long ago a chassis last confirmed the state; OVN asks them only when somebody waits."""
    rows = databases.sb.get("Chassis_Private", ())
    last = max((number(row.get("nb_cfg_timestamp")) or 0 for row in rows), default=0)
    if not last:
        return "age unknown"
    age = max(0, int(now().timestamp() - last / 1000))
    return f"last confirmed by a chassis {timedelta(seconds=age)} ago"
