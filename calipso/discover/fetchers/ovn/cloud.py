"""OVN's facts of a scan, with chassis joined to the hosts of the inventory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from calipso.discover.fetchers.ovn.facts import OvnFacts
from calipso.discover.fetchers.ovn.records import Chassis
from calipso.model.hosts import same_host
from calipso.sources.fetcher import Fetcher


class OvnCloud:
    """The facts, and which host each chassis is on."""

    def __init__(self, facts: OvnFacts, hosts: Iterable[Mapping[str, Any]]) -> None:
        self.facts = facts
        self._ids: dict[str, str] = {}
        for item in hosts:
            for name in (item["id"], *(item.get("other_names") or ())):
                self._ids[str(name)] = str(item["id"])
        self.host_of: dict[str, str] = {
            chassis.name: self._host(chassis.hostname) for chassis in facts.chassis.values()
        }
        self._on: defaultdict[str, list[Chassis]] = defaultdict(list)
        for chassis in facts.chassis.values():
            if host := self.host_of[chassis.name]:
                self._on[host].append(chassis)

    def _host(self, name: str) -> str:
        """Id of the host of this name: by the name, else by the only one that it is with a domain,
        or without; "" for none."""
        if name in self._ids:
            return self._ids[name]
        near = {known for other, known in self._ids.items() if name and same_host(other, name)}
        return near.pop() if len(near) == 1 else ""

    def host_named(self, name: str) -> str:
        """Id of a host by a name that Neutron or OVN has; the name itself for an unknown host."""
        return self._host(name) or name

    def chassis_on(self, host: str) -> list[Chassis]:
        """Chassis with the name of this host, the one that reported last first: a host that was
        installed again has left another one."""
        return sorted(self._on[host], key=lambda item: (-(item.reported or 0), item.name))

    def place(self, chassis: str) -> str:
        """Host of a chassis by its name; "" for one that is not there or on no known host."""
        return self.host_of.get(chassis, "")


def ovn_cloud(fetcher: Fetcher) -> OvnCloud:
    """What OVN says in this scan; each process joins it once. Raises OvnAccessError."""

    def make() -> OvnCloud:
        found = fetcher.source("ovn").databases()
        hosts = fetcher.inv.find(fetcher.env, "host", ["id", "other_names"])
        return OvnCloud(OvnFacts(found), hosts)

    return fetcher.context.shared("ovn:cloud", make)
