"""Troubles planted into a generated cloud, each with a name to be asked for.

The seed decides whom they hit; the state of the sample cloud lists them, so that tests and pages
can name them. A trouble that finds nobody it fits is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.sample_cloud.cloud import Item
from tests.sample_cloud.generate.hardware import nics
from tests.sample_cloud.generate.names import Names
from tests.sample_cloud.generate.plan import Host, Instance, Plan

#: Trouble of an instance's first port -> name the instance gets, what is wrong.
OF_PORTS = {
    "tap_missing": ("web-3", "has no tap device on {host}"),
    "dead_vlan": ("db-2", "is in VLAN 4095 on {host}: its agent never wired it"),
    "wrong_vlan": ("mail-1", "has the VLAN tag of another network on {host}"),
    "mtu_changed": ("app-4", "has a tap with MTU 1400 on {host}"),
}
ERROR_NAME = "batch-7"


class Troubles:
    """Plants all of them into a plan."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan = plan
        self.names = names
        self.hit: set[object] = set()

    def plant(self) -> list[Item]:
        """Change the plan; what was planted, in words."""
        found: list[Item] = []
        for make in (self._ports, self._error, self._nics, self._agent, self._orphan, self._dead):
            found += make()
        return found

    # -- whom they hit -------------------------------------------------------------------

    def _instance(self, fits: Callable[[Instance], bool]) -> Instance | None:
        """An instance nothing happened to yet, on a quiet host if there is one."""
        order = sorted(
            (item for item in self.plan.instances if item not in self.hit and fits(item)),
            key=lambda item: (item.host in self.hit, self.names.hex("trouble", item.number)),
        )
        if not order:
            return None
        self.hit |= {order[0], order[0].host}
        return order[0]

    def _host(self, fits: Callable[[Host], bool]) -> Host | None:
        order = sorted(
            (host for host in self.plan.hosts if fits(host)),
            key=lambda host: (host in self.hit, self.names.hex("trouble", host.name)),
        )
        if not order:
            return None
        self.hit.add(order[0])
        return order[0]

    # -- what happens --------------------------------------------------------------------

    def _ports(self) -> Iterator[Item]:
        for code, (name, text) in OF_PORTS.items():
            hit = self._instance(lambda item: item.host.driver == "ovs" and len(item.ports) == 1)
            if hit:
                hit.name = name
                hit.ports[0].trouble = code
                yield _trouble(code, "instance", name, hit.host, text)

    def _error(self) -> Iterator[Item]:
        hit = self._instance(lambda item: not any(port.trouble for port in item.ports))
        if hit:
            hit.name, hit.failed = ERROR_NAME, True
            for port in hit.ports:
                port.trouble = "no_domain"
            yield _trouble("instance_error", "instance", hit.name, hit.host, "is in state ERROR")

    def _nics(self) -> Iterator[Item]:
        ways = {
            "nic_down": lambda host: "compute" in host.roles and host.driver == "ovs",
            "bond_member_down": lambda host: host.bonded and bool(host.driver),
        }
        for code, fits in ways.items():
            hit = self._host(fits)
            if hit:
                nic = hit.provider_device if code == "nic_down" else nics(hit)[-1].name
                hit.down.add(nic)
                text = "has no link on {host}" + (", a member of bond0" * (code != "nic_down"))
                yield _trouble(code, "host_pnic", nic, hit, text)

    def _agent(self) -> Iterator[Item]:
        hit = self._host(lambda host: "compute" in host.roles and host.driver == "ovs")
        if hit:
            hit.silent.add("neutron-openvswitch-agent")
            text = "has said nothing for a day on {host}"
            yield _trouble("agent_dead", "network_agent", "neutron-openvswitch-agent", hit, text)

    def _orphan(self) -> Iterator[Item]:
        hit = self._host(lambda host: "network" in host.roles and bool(host.driver))
        if hit:
            name = f"qdhcp-{self.names.uuid('trouble', 'network')}"
            hit.orphans.append(name)
            yield _trouble("namespace_orphan", "vservice", name, hit, "is on {host} for no network")

    def _dead(self) -> Iterator[Item]:
        """A host that stops to answer later: what an earlier scan read of it becomes stale."""
        hit = self._host(lambda host: host.roles == {"compute"})
        if hit:
            text = "refuses SSH once its fault is set"
            made = _trouble("host_unreachable", "host", hit.name, hit, text)
            yield made | {"fault": f"dead-host:{hit.name}"}


def _trouble(code: str, object_type: str, name: str, host: Host, text: str) -> Item:
    return {
        "code": code,
        "object_type": object_type,
        "name": name,
        "host": host.name,
        "text": f"{name} {text.format(host=host.name)}",
    }
