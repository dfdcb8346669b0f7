"""What is not as it should be in a generated cloud: instances without a host, dead agents.

A plan holds one `Odd`; the views of the cloud ask it. Without a change it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..cloud import Item

if TYPE_CHECKING:
    from .plan import Instance, Plan

#: States of an instance that no host has, with their word in Nova's database.
HOSTLESS = {"ERROR": "error", "BUILD": "building", "SHELVED_OFFLOADED": "shelved_offloaded"}
FAULT = "No valid host was found. There are not enough hosts available."
LONG_AGO = "2024-01-01 00:00:00"


@dataclass
class Odd:
    """Instances by id, agents by host and type, services by host and binary."""

    hostless: dict[str, str] = field(default_factory=dict)
    dead: set[tuple[str, str]] = field(default_factory=set)
    more_agents: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    services: dict[tuple[str, str], Item] = field(default_factory=dict)

    def server(self, item: Item) -> Item:
        """A server as Nova shows it, without its host if no host has it."""
        status = self.hostless.get(item["id"])
        if status is None:
            return item
        nowhere = {f"OS-EXT-SRV-ATTR:{key}": None for key in ("host", "hypervisor_hostname")}
        shown = {"status": status, "hostId": "", "OS-EXT-STS:vm_state": HOSTLESS[status]}
        shown |= {"OS-EXT-STS:power_state": 0, "host_status": ""}
        if status == "ERROR":
            shown["fault"] = {"code": 500, "created": item["created"], "message": FAULT}
        return item | nowhere | shown

    def row(self, row: Item) -> Item:
        """The same for its row of the database."""
        status = self.hostless.get(row["uuid"])
        if status is None:
            return row
        return row | {"host": None, "node": None, "vm_state": HOSTLESS[status], "power_state": 0}

    def agent(self, agent: Item) -> Item:
        """An agent, silent for long if it is dead."""
        if (agent["host"], agent["agent_type"]) not in self.dead:
            return agent
        return agent | {"alive": False, "heartbeat_timestamp": LONG_AGO}

    def service(self, host: str, binary: str) -> Item:
        """What differs of a Nova service: `state`, `status`, `disabled_reason`."""
        return self.services.get((host, binary), {})


class OddChanges:
    """Changes of what is odd."""

    ODD_OPERATIONS = ("place_instance", "set_agent", "add_agent", "set_service", "set_nic")
    plan: Plan

    def place_instance(self, change: Mapping[str, Any]) -> Item:
        """The instance with this `id` gets a `status`; with ACTIVE its host has it again."""
        instance = next(item for item in self.plan.instances if item.id == change.get("id"))
        status = str(change["status"])
        was, hostless = instance.id in self.plan.odd.hostless, status in HOSTLESS
        if hostless:
            self.plan.odd.hostless[instance.id] = status
        else:
            self.plan.odd.hostless.pop(instance.id, None)
        if was != hostless:
            _move(instance, to_host=not hostless)
        return {"id": instance.id, "host": instance.host.name, "project": instance.project.id}

    def set_agent(self, change: Mapping[str, Any]) -> Item:
        """The agent of this `agent_type` on `host` is `alive` or not."""
        agent = (str(change["host"]), str(change["agent_type"]))
        (self.plan.odd.dead.discard if change["alive"] else self.plan.odd.dead.add)(agent)
        return {"host": agent[0]}

    def add_agent(self, change: Mapping[str, Any]) -> Item:
        """One more agent on `host`, of this `agent_type` and `binary`."""
        agents = self.plan.odd.more_agents.setdefault(str(change["host"]), [])
        agents.append((str(change["agent_type"]), str(change["binary"])))
        return {"host": change["host"]}

    def set_service(self, change: Mapping[str, Any]) -> Item:
        """The Nova service `binary` of `host` gets the other fields of the change."""
        more = {key: value for key, value in change.items() if key not in ("op", "host", "binary")}
        self.plan.odd.services[str(change["host"]), str(change["binary"])] = more
        return {"host": change["host"]}

    def set_nic(self, change: Mapping[str, Any]) -> Item:
        """The NIC `device` of `host` is pulled out (`up` false), or plugged in again."""
        host = next(host for host in self.plan.hosts if host.name == change["host"])
        down = host.down
        (down.discard if change["up"] else down.add)(str(change["device"]))
        return {"host": host.name, "device": change["device"]}


def _move(instance: Instance, to_host: bool) -> None:
    """Plug an instance and its ports in on its host, or out of it."""
    host, step = instance.host, 1 if to_host else -1
    if to_host:
        host.instances.append(instance)
    else:
        host.instances.remove(instance)
    for port in instance.ports:
        port.host = host if to_host else None
        hosts = port.network.hosts
        hosts[host] = hosts.get(host, 0) + step
        if not hosts[host]:
            del hosts[host]
