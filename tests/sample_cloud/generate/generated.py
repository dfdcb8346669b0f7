"""GeneratedCloud: a cloud made from parameters. Hosts are drawn when they are asked."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..cloud import Answer, Body, Cloud, Columns, Item, Listing
from .agents import host_agents
from .answers import host_answer
from .build import Builder
from .changes import Changes
from .hardware import nics
from .identity import REGION, identity
from .links import HostLinks
from .neutron import Neutron
from .nova import Nova
from .params import CloudParams
from .tables import SCHEMA, Tables
from .troubles import Troubles

MECHANISM_DRIVERS = {"ovs": ["OVS"], "lxb": ["LXB"], "mixed": ["OVS", "LXB"]}


class GeneratedCloud:
    """API, database and hosts of a generated cloud; all three show the same plan."""

    def __init__(self, params: CloudParams) -> None:
        self.params = params
        self.builder = Builder(params)
        self.names = self.builder.names
        self.plan = self.builder.build()
        self.fabric: Mapping[str, Sequence[Mapping[str, str]]] = {}
        self.troubles: Sequence[Item] = (
            Troubles(self.plan, self.names).plant() if params.troubles else ()
        )
        self.region = REGION
        self.regions: Sequence[str] = (REGION,)  # those that the identity API lists
        self.others: Mapping[str, Cloud] = {}
        self.admin_project = self.plan.admin.name
        self.distribution = "Devstack"
        self.distribution_version = "Zed"
        self.revision = 0
        self.mechanism_drivers: Sequence[str] = MECHANISM_DRIVERS[params.mechanism]
        self.type_drivers = params.type_drivers[0]
        self.hosts: Mapping[str, str] = {host.name: host.address for host in self.plan.hosts}
        self._by_name = {host.name: host for host in self.plan.hosts}
        self._nova = Nova(self.plan, self.names)
        self._neutron = Neutron(self.plan, self.names)
        self._tables = Tables(self.plan, self.names)
        self._changes = Changes(self.builder)
        self._lock = threading.Lock()

    def api(self, service_type: str, resource: str) -> Listing | Body | None:
        if service_type == "compute":
            return self._nova.api(resource)
        if service_type == "network":
            return self._neutron.api(resource)
        if service_type == "identity":
            return identity(self.plan, resource, self.regions)
        return None

    def schemas(self) -> Mapping[str, Mapping[str, Columns]]:
        return SCHEMA

    def rows(self, schema: str, table: str) -> Iterable[Item]:
        return self._tables.rows(schema, table)

    def answer(self, host: str, command: str) -> Answer | None:
        found = self._by_name.get(host)
        return host_answer(found, self.names, command) if found else None

    def summary(self) -> dict[str, int]:
        """Sizes, under the names of the inventory's object types where there is one."""
        plan = self.plan
        views = [HostLinks(host, self.names) for host in plan.hosts]
        spaces = [ports for view in views for _, ports in view.namespaces()]
        return {
            "hosts": len(plan.hosts),
            "agents": sum(len(host_agents(host, plan, self.names)) for host in plan.hosts),
            "host_pnics": sum(len(nics(host)) + host.bonded for host in plan.hosts),
            "vservices": len(spaces),
            "vservice_vnics": sum(map(len, spaces)),
            "instance_vnics": sum(len(instance.ports) for instance in plan.instances),
            "projects": len(plan.projects),
            "networks": len(plan.networks),
            "subnets": sum(len(network.subnets) for network in plan.networks),
            "ports": len(plan.ports),
            "routers": len(plan.routers),
            "floating_ips": len(plan.floating_ips),
            "instances": len(plan.instances),
        }

    def mutate(self, change: Mapping[str, Any]) -> Item:
        """A change of `Changes`; everything served from now on shows it."""
        with self._lock:
            done = self._changes.make(change)
            self.revision += 1
        return done
