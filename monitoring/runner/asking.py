"""Asking a host for its facts: one session, one command line, all answers.

A round has the host for itself: it takes every SSH session that the settings allow there, so that
no scan is on the host at the same time. Where one is, the round waits for the next interval.
"""

from __future__ import annotations

import ipaddress
import shlex
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from calipso.errors import CliAccessError, ErrorKind
from calipso.limits.limits import Slot, limits
from calipso.model.drivers import BY_NAME
from calipso.model.environment import Environment
from calipso.settings import settings
from calipso.sources.cli import bundle
from calipso.sources.cli.connections import GATEWAY, HostConnections, place_of
from calipso.sources.cli.container import wrap
from calipso.sources.cli.problems import no_answer
from calipso.sources.cli.ssh import SshConnection
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from monitoring.checks.commands import COMMANDS, OF_OVS
from monitoring.checks.facts import Said

#: Seconds to wait for a scan that is on the host.
WAIT = 10.0
PINGS = "pings"
_PING = """\
command -v ping >/dev/null || exit 127
p() {
  if ping -n -q -c 2 -i 0.3 -W 1 -M do -s "$3" -I "$1" "$2" >/dev/null 2>&1; then r=large
  elif ping -n -q -c 2 -i 0.3 -W 1 -I "$1" "$2" >/dev/null 2>&1; then r=small
  else r=none; fi
  echo "$1 $2 $r"
}
"""


class HostBusy(Exception):
    """A scan is on the host."""


_connections: dict[str, tuple[str, HostConnections]] = {}
_lock = threading.Lock()


def connections_of(environment: Environment) -> HostConnections:
    """Return the connections of an environment in this process; new ones after it was changed."""
    mark = environment.model_dump_json(include={"configuration"})
    with _lock:
        found = _connections.get(environment.name)
        if found is None or found[0] != mark:
            if found is not None:
                found[1].close()
            config = settings().model_copy(update={"slot_wait": WAIT})
            found = (mark, HostConnections(environment, _lookup(environment.name), config=config))
            _connections[environment.name] = found
        return found[1]


def _lookup(environment: str) -> Callable[[str], Mapping[str, Any]]:
    """A host of the inventory: Nova knows its address."""

    def look(host: str) -> Mapping[str, Any]:
        return InventoryMgr().get_by_id(environment, host, "host") or {}

    return look


def ask(
    environment: Environment, host: str, pings: Sequence[tuple[str, str, int]] = ()
) -> tuple[dict[str, Said], float, float]:
    """Return the answers of a host, the seconds it took, and how far its clock is ahead.

    Raises CliAccessError when it does not answer, HostBusy when a scan is there.
    """
    connections = connections_of(environment)
    began = time.monotonic()
    connection = connections.get(host)
    via = None if connections.section.direct else connections.gateway()
    try:
        slots = _others(connection, via)
        try:
            return _asked(environment, connections, connection, pings, began)
        finally:
            for slot in slots:
                slot.release()
    finally:
        if connection is not via:
            connection.close()


def _others(connection: SshConnection, via: SshConnection | None) -> list[Slot]:
    """Take the other sessions that the host may have. Raises HostBusy."""
    most = settings().ssh_host_sessions
    name = f"ssh {place_of(connection.account, via)}"
    taken: list[Slot] = []
    if connection is via:
        return taken  # it is the gateway, which carries the sessions of all
    try:
        while len(taken) < most - 1:
            taken.append(limits(settings()).take(name, most, WAIT))
    except TimeoutError:
        for slot in taken:
            slot.release()
        raise HostBusy(connection.host) from None
    return taken


def _asked(
    environment: Environment,
    connections: HostConnections,
    connection: SshConnection,
    pings: Sequence[tuple[str, str, int]],
    began: float,
) -> tuple[dict[str, Said], float, float]:
    questions = list(_questions(environment, pings))
    script = bundle.compose(questions)
    line = script.command_line(sudo=connections.sudo_for(connection))
    sent = time.time()
    said = connection.execute(line, settings().host_timeout)
    took = time.monotonic() - began
    sections = bundle.parse_output(script, said.out, said.err)
    if not sections:
        raise no_answer(connection.host, connection.account.user, said)
    answers = {name: Said(one.exit, one.out, one.err) for name, one in sections.items()}
    return answers, took, _offset(answers, sent)


def _questions(
    environment: Environment, pings: Sequence[tuple[str, str, int]]
) -> Iterable[bundle.Question]:
    distribution = environment.distribution, environment.distribution_version
    limit = max(1, int(settings().command_timeout))
    switch = any(
        "ovs" in BY_NAME[n].commands for n in environment.mechanism_drivers if n in BY_NAME
    )
    switch = switch or "OVN" in environment.mechanism_drivers
    # the time first: what the other commands take must not count
    names = ["host", *(name for name in COMMANDS if name != "host")]
    for name in names:
        if switch or name not in OF_OVS:
            text, tool = COMMANDS[name]
            yield bundle.Question(name, wrap(text, tool, *distribution), limit)
    if pings:
        yield bundle.Question(PINGS, ping_text(pings), limit)


def ping_text(pings: Sequence[tuple[str, str, int]]) -> str:
    """Return the command that asks peers, all at once. Only addresses come into it."""
    lines = [_PING]
    for own, peer, size in pings:
        try:
            words = [
                str(ipaddress.ip_address(own)),
                str(ipaddress.ip_address(peer)),
                str(int(size)),
            ]
        except ValueError:
            continue
        lines.append(f"p {shlex.join(words)} &\n")
    return "".join([*lines, "wait\n"])


def ping_answers(said: Said | None) -> tuple[dict[str, dict[str, str]], str]:
    """Return own address -> peer -> large, small or none; and why nobody was asked."""
    if said is None:
        return {}, ""
    if said.exit == 127:
        return {}, "the host has no ping"
    if said.exit is None:
        return {}, "ping took too long"
    found: dict[str, dict[str, str]] = {}
    for line in said.out.splitlines():
        words = line.split()
        if len(words) == 3 and words[2] in ("large", "small", "none"):
            found.setdefault(words[0], {})[words[1]] = words[2]
    return found, ""


def _offset(answers: Mapping[str, Said], sent: float) -> float:
    """Seconds by which the clock of the host is ahead: of when it was asked, and not less."""
    said = answers.get("host")
    try:
        there = float(said.out.split()[0]) if said is not None else sent
    except (ValueError, IndexError):
        return 0.0
    late = time.time()
    if sent <= there <= late:
        return 0.0
    return there - late if there > late else there - sent


def close_connections() -> None:
    """Close every connection of this process."""
    with _lock:
        found = [connections for _, connections in _connections.values()]
        _connections.clear()
    for connections in found:
        connections.close()


def gateway_failed(error: CliAccessError) -> bool:
    """True when the gateway is away: that says nothing about the host behind it."""
    return error.host == GATEWAY


def retryable(error: CliAccessError) -> bool:
    """True when the failure says nothing about the host: all its sessions are in use."""
    return error.retryable or error.kind is ErrorKind.BUG
