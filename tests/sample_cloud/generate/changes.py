"""Changes of a generated cloud while it is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cloud import Item
from .build import Builder
from .odd import OddChanges
from .plan import Instance, Port


class Changes(OddChanges):
    """What `mutate` may ask for; each change is a method of the same name."""

    OPERATIONS = (
        "create_instance",
        "delete_instance",
        "rename_instance",
        "add_router_interface",
        *OddChanges.ODD_OPERATIONS,
    )

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.plan = builder.plan

    def make(self, change: Mapping[str, Any]) -> Item:
        """Make a change; returns what it was about. Raises ValueError."""
        operation = change.get("op")
        if operation not in self.OPERATIONS:
            raise ValueError(f"unknown change {operation}: one of {', '.join(self.OPERATIONS)}")
        done: Item = getattr(self, operation)(change)
        return done

    def create_instance(self, change: Mapping[str, Any]) -> Item:
        """A new instance, on `host` when it is given, called `name` when it is given."""
        wanted = change.get("host")
        host = next((host for host in self.plan.hosts if host.name == wanted), None)
        if wanted is not None and host is None:
            raise ValueError(f"no host {wanted}")
        made = self.builder.add_instance(self.builder.instance_number, host)
        made.name = str(change.get("name") or made.name)
        return self._about(made)

    def rename_instance(self, change: Mapping[str, Any]) -> Item:
        """The instance with this `id`, or the newest one, gets a `name`."""
        wanted = change.get("id")
        for instance in reversed(self.plan.instances):
            if wanted in (None, instance.id):
                instance.name = str(change["name"])
                return self._about(instance)
        raise ValueError(f"no instance {wanted}")

    def delete_instance(self, change: Mapping[str, Any]) -> Item:
        """The instance with this `id` or name goes, or the newest one."""
        wanted = change.get("id")
        for instance in reversed(self.plan.instances):
            if wanted in (None, instance.id, instance.name):
                about = self._about(instance)
                self._remove(instance)
                return about
        raise ValueError(f"no instance {wanted}")

    def add_router_interface(self, change: Mapping[str, Any]) -> Item:
        """The router with this `id` or name, or the first, joins a network that has none."""
        wanted = change.get("id")
        for router in self.plan.routers:
            if wanted in (None, router.id, router.name):
                for network in self.plan.networks:
                    if network.router is None and not network.external:
                        port = self.builder.join(router, network)
                        return {"id": router.id, "network": network.id, "ports": [port.id]}
                raise ValueError("every network has a router")
        raise ValueError(f"no router {wanted}")

    def _about(self, instance: Instance) -> Item:
        """What a change of an instance was about, with its ports and floating IPs."""
        joined = [f for f in self.plan.floating_ips if f.port in instance.ports]
        return {
            "id": instance.id,
            "name": instance.name,
            "host": instance.host.name,
            "project": instance.project.name,
            "ports": [port.id for port in instance.ports],
            "port_details": [
                {
                    "id": port.id,
                    "network_id": port.network.id,
                    "device_owner": "compute:nova",
                    "binding:host_id": instance.host.name,
                }
                for port in instance.ports
            ],
            "floating": [
                {
                    "id": floating.id,
                    "floating_network_id": floating.floating_port.network.id,
                    "router_id": floating.router.id,
                    "port_id": floating.port.id,
                }
                for floating in joined
            ],
        }

    def _remove(self, instance: Instance) -> None:
        """Take an instance, its ports and its floating IPs out of the plan."""
        plan = self.plan
        plan.instances.remove(instance)
        instance.host.instances.remove(instance)
        for floating in [fip for fip in plan.floating_ips if fip.port in instance.ports]:
            plan.floating_ips.remove(floating)
            floating.router.floating.remove(floating)
            self._remove_port(floating.floating_port)
        for port in instance.ports:
            self._remove_port(port)

    def _remove_port(self, port: Port) -> None:
        self.plan.ports.remove(port)
        port.network.ports.remove(port)
        if port.host:
            hosts = port.network.hosts
            hosts[port.host] -= 1
            if not hosts[port.host]:
                del hosts[port.host]
