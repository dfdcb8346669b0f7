"""What hosts answer to the commands of monitoring, made of what they answer to a scan.

Faults change it: devices that are down or gone, programs that do not run.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from calipso.sources.cli.commands import BONDS, DOMAINS, LINKS, NAMESPACE_LINKS, OVS, Command
from monitoring.checks.commands import COMMANDS

from ..cloud import Answer
from .stage import Stage

NAME_OF = {text: name for name, (text, _) in COMMANDS.items()}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def monitored(stage: Stage, host: str, command: str) -> Answer | None:
    """The answer to a command of monitoring; None for another command."""
    make = ANSWERS.get(NAME_OF.get(command, ""))
    if make is None:
        return _pings(stage, host, command) if "p() {" in command else None
    return make(stage, host)


def _scanned(stage: Stage, host: str, command: Command) -> Answer:
    found = stage.cloud.answer(host, command.text)
    return found or Answer(err=b"command not found\n", exit=127)


def _links(stage: Stage, host: str) -> Answer:
    found = _scanned(stage, host, LINKS)
    return found if found.exit else Answer(_devices(stage, host, found.out.decode()).encode())


def _devices(stage: Stage, host: str, text: str) -> str:
    """A list of devices with faults in it."""
    kept = []
    for device in json.loads(text) if text.strip() else []:
        name = device.get("ifname", "")
        if stage.faults.at_command("device-gone", host, name):
            continue
        if stage.faults.at_command("device-down", host, name):
            device = device | {"operstate": "DOWN", "flags": ["BROADCAST", "MULTICAST"]}
        kept.append(device)
    return json.dumps(kept)


def _namespaces(stage: Stage, host: str) -> Answer:
    found = _scanned(stage, host, NAMESPACE_LINKS)
    if found.exit:
        return found
    lines = []
    for line in found.out.decode().splitlines():
        if line.startswith("netns: "):
            lines.append(line.partition(" (id")[0])
        elif line.startswith("exit: "):
            lines += [line, "routes: default via 198.18.4.1;"]
        elif line.startswith("["):
            lines.append(_devices(stage, host, line))
        else:
            lines.append(line)
    return Answer(("\n".join(lines) + "\n").encode())


def _processes(stage: Stage, host: str) -> Answer:
    programs = []
    if not _scanned(stage, host, OVS).exit:
        programs = ["ovs-vswitchd --pidfile --detach", "ovsdb-server --pidfile --detach"]
    text = _scanned(stage, host, NAMESPACE_LINKS).out.decode()
    for space in re.findall(r"^netns: qdhcp-(\S+)", text, flags=re.MULTILINE):
        programs.append(f"dnsmasq --pid-file=/var/lib/neutron/dhcp/{space}/pid")
    kept = [
        f"{1000 + number} Ss {line}\n"
        for number, line in enumerate(programs)
        if not stage.faults.at_command("no-process", host, line.split()[0])
    ]
    return Answer("".join(kept).encode())


def _domains(stage: Stage, host: str) -> Answer:
    found = _scanned(stage, host, DOMAINS)
    if found.exit:
        return found
    listed = found.out.decode().partition("<domain")[0].split()
    uuids = [word for word in listed if _UUID.fullmatch(word)]
    running = [uuid for uuid in uuids if not stage.faults.at_command("domain-stopped", host, uuid)]
    return Answer(("\n".join([*running, "==", *uuids]) + "\n").encode())


def _pings(stage: Stage, host: str, command: str) -> Answer:
    lines = []
    for own, peer in re.findall(r"^p (\S+) (\S+) \d+ &$", command, flags=re.MULTILINE):
        silent = stage.faults.at_command("no-ping", host, peer)
        lines.append(f"{own} {peer} {'none' if silent else 'large'}\n")
    return Answer("".join(lines).encode())


def _same(command: Command) -> Callable[[Stage, str], Answer]:
    return lambda stage, host: _scanned(stage, host, command)


def _flows(stage: Stage, host: str) -> Answer:
    found = _scanned(stage, host, OVS)
    return found if found.exit else Answer(b"NXST_AGGREGATE reply: packet_count=9 flow_count=21\n")


ANSWERS: dict[str, Any] = {
    "links": _links,
    "namespaces": _namespaces,
    "ovs": _same(OVS),
    "ovs_flows": _flows,
    "processes": _processes,
    "domains": _domains,
    "bonds": _same(BONDS),
    "speeds": lambda stage, host: Answer(),
    "ha": lambda stage, host: Answer(),
    "host": lambda stage, host: Answer(f"{time.time():.3f}\n0.10 0.20 0.30 1/100 4242\n".encode()),
}
