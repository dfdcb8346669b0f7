"""The networks of an instance, from Neutron's ports and from Nova's cache of them."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from calipso.model.inventory import Fetched
from calipso.sources.api.api_paging import Item
from calipso.stores.inventory.inventory_mgr import InventoryMgr

_FIELDS = ("id", "device_id", "device_owner", "network_id", "mac_address", "binding:vnic_type")

#: Start of `device_owner` of their ports; the availability zone follows.
_OF_INSTANCES = "compute:"

#: Letters of a tap device name after `tap`.
_SHORT = 11


class InstancePorts:
    """Ports of instances in the inventory. The first use reads them, once."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self._inv = inv
        self._environment = environment

    @cached_property
    def _of_instance(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = defaultdict(list)
        # no index contains the owner: see `find`
        for port in self._inv.each(self._environment, "port", _FIELDS):
            if str(port.get("device_owner", "")).startswith(_OF_INSTANCES):
                found[str(port["device_id"])].append(port)
        return found

    @cached_property
    def _labels(self) -> dict[str, str]:
        networks = self._inv.find(self._environment, "network", fields=("id", "name"))
        return {str(network["id"]): str(network["name"]) for network in networks}

    def of(self, instance_id: str) -> list[Item]:
        """Ports of one instance, by id."""
        return sorted(self._of_instance.get(instance_id, ()), key=lambda port: str(port["id"]))

    def network_info(self, ports: list[Item]) -> list[Item]:
        """Return the part of Nova's `network_info` that can be made from ports."""
        return [
            {
                "id": port["id"],
                "address": port["mac_address"],
                "devname": f"tap{port['id'][:_SHORT]}",
                "vnic_type": port.get("binding:vnic_type", "normal"),
                "network": {
                    "id": port["network_id"],
                    "label": self._labels.get(port["network_id"], ""),
                },
            }
            for port in ports
        ]


def add_network(item: Fetched, info: list[Item] | None, ports: InstancePorts) -> None:
    """Set `network_info`, `network` (distinct ids) and `mac_address` of an instance.

    The order is that of Nova's cache, which is the order of the NICs.
    """
    own = ports.of(item["id"])
    if info is None:
        info = ports.network_info(own)
    order = {str(entry.get("id")): position for position, entry in enumerate(info)}
    own.sort(key=lambda port: order.get(port["id"], len(order)))
    networks = [port["network_id"] for port in own] or [
        (entry.get("network") or {}).get("id") for entry in info
    ]
    macs = [port["mac_address"] for port in own] or [entry.get("address") for entry in info]
    item["network_info"] = info
    item["network"] = [name for name in dict.fromkeys(networks) if name]
    item["mac_address"] = str(macs[0]) if macs and macs[0] else ""
