"""The networks of an instance, from Neutron's ports and from Nova's cache of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_ip
from calipso.sources.api.api_paging import Item
from calipso.stores.inventory.inventory_mgr import InventoryMgr

_FIELDS = (
    "id",
    "device_id",
    "device_owner",
    "network_id",
    "mac_address",
    "fixed_ips",
    "binding:vnic_type",
    "trunk_details",
)

#: Start of `device_owner` of their ports; the availability zone follows.
_OF_INSTANCES = "compute:"

#: Owner of the ports of a trunk besides its parent port.
_SUB_PORT = "trunk:subport"

#: Letters of a tap device name after `tap`.
_SHORT = 11


class InstancePorts:
    """Ports of instances in the inventory. The first use reads them, once."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self._inv = inv
        self._environment = environment
        self._network_of_sub_port: dict[str, str] = {}

    @cached_property
    def _of_instance(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = defaultdict(list)
        # no index contains the owner: see `find`
        for port in self._inv.each(self._environment, "port", _FIELDS):
            owner = str(port.get("device_owner", ""))
            if owner.startswith(_OF_INSTANCES):
                found[str(port["device_id"])].append(port)
            elif owner == _SUB_PORT:
                self._network_of_sub_port[str(port["id"])] = str(port["network_id"])
        return found

    @cached_property
    def _labels(self) -> dict[str, str]:
        networks = self._inv.find(self._environment, "network", fields=("id", "name"))
        return {str(network["id"]): str(network["name"]) for network in networks}

    def name_of(self, network_id: str) -> str:
        """Name of a network; its id when the inventory lacks it."""
        return self._labels.get(network_id, network_id)

    def of(self, instance_id: str) -> list[Item]:
        """Ports of one instance, by id."""
        return sorted(self._of_instance.get(instance_id, ()), key=lambda port: str(port["id"]))

    def of_trunks(self, ports: list[Item]) -> list[str]:
        """Ids of the networks of sub-ports, of ports that are the parent of a trunk."""
        trunks = [port.get("trunk_details") or {} for port in ports]
        subs = [str(sub.get("port_id")) for each in trunks for sub in each.get("sub_ports") or ()]
        return [self._network_of_sub_port[sub] for sub in subs if sub in self._network_of_sub_port]

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
    """Set `network_info`, `network` (distinct ids), addresses and `mac_address` of an instance.

    The order is that of Nova's cache, which is the order of the NICs. Networks that the instance
    has by a trunk come after those of its NICs.
    """
    own = ports.of(item["id"])
    if info is None:
        info = ports.network_info(own)
    order = {str(entry.get("id")): position for position, entry in enumerate(info)}
    own.sort(key=lambda port: order.get(port["id"], len(order)))
    networks = [port["network_id"] for port in own] or [
        (entry.get("network") or {}).get("id") for entry in info
    ]
    networks += ports.of_trunks(own)
    macs = [port["mac_address"] for port in own] or [entry.get("address") for entry in info]
    item["network_info"] = info
    item["network"] = [name for name in dict.fromkeys(networks) if name]
    item["mac_address"] = str(macs[0]) if macs and macs[0] else ""
    item["network_names"] = [ports.name_of(str(name)) for name in item["network"]]
    told = bool(own) and all("fixed_ips" in port for port in own)
    found = _fixed(own) if told else _cached(info)
    item["addresses"] = [address for address in dict.fromkeys(found) if address]
    item["ip_address"] = item["addresses"][0] if item["addresses"] else ""


def _fixed(ports: list[Item]) -> Iterator[str]:
    """Addresses that Neutron gave to ports."""
    for port in ports:
        for fixed in port.get("fixed_ips") or ():
            yield normal_ip(fixed.get("ip_address")) or ""


def _cached(info: list[Item]) -> Iterator[str]:
    """Addresses in Nova's cache, where the ports are not known."""
    for entry in info:
        for subnet in (entry.get("network") or {}).get("subnets") or ():
            for ip in subnet.get("ips") or ():
                yield normal_ip(ip.get("address")) or ""
