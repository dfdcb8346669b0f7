"""Places: where in the inventory the things are that events name, and how a scan reads them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from calipso.model.documents import Document
from calipso.model.scan import ScanPart
from calipso.stores.inventory.inventory_mgr import InventoryMgr

#: Fields of an object that are needed to find its hosts and its neighbours.
FIELDS = (
    *("id", "type", "host", "id_path", "fetched_by"),
    *("network_id", "device_owner", "binding:host_id", "network"),
)

#: type of an object -> the scanner whose fetch lists it, and the type of the parent of that fetch
Nodes = Mapping[str, tuple[str, str]]


class Places:
    """Reads the inventory of one environment; what it has read it remembers."""

    def __init__(self, inv: InventoryMgr, environment: str, nodes: Nodes) -> None:
        self.inv = inv
        self.environment = environment
        self.nodes = nodes
        self.paths: dict[ScanPart, str] = {}
        self._known: dict[tuple[str, str], Document | None] = {}

    def get(self, kind: str, key: str) -> Document | None:
        """Return an object, or None."""
        place = (kind, key)
        if place not in self._known:
            found = self.inv.find(self.environment, kind, FIELDS, id=key)
            self._known[place] = found[0] if found else None
        return self._known[place]

    def part(self, kind: str, item: Document) -> ScanPart:
        """Return the part that reads an object and what is below it."""
        made = ScanPart(object_id=str(item["id"]), object_type=kind)
        self.paths[made] = str(item.get("id_path") or "")
        return made

    def new(self, kind: str, key: str) -> set[ScanPart]:
        """Return the parts that look for an object which is not in the inventory."""
        return {
            ScanPart(
                scanner=scanner, object_id=key, parent_id=parent["id"], parent_type=parent["type"]
            )
            for scanner, parent in self._askers(kind)
        }

    def whole_node(self, kind: str) -> set[ScanPart]:
        """Return the parts that read all objects of a type."""
        return {
            ScanPart(scanner=scanner, parent_id=parent["id"], parent_type=parent["type"])
            for scanner, parent in self._askers(kind)
        }

    def host(self, name: str) -> str:
        """Return the id of the host of a name; empty when the inventory has none.

        Nova may name a host by its short name, and Neutron by its full one.
        """
        if not name:
            return ""
        known = self.hosts
        return known.get(name) or known.get(name.lower()) or known.get(_short(name), "")

    @cached_property
    def hosts(self) -> dict[str, str]:
        """The id of each host by each of its names; a short name of two hosts names none."""
        found: dict[str, str] = {}
        short: dict[str, list[str]] = {}
        for item in self.inv.find(self.environment, "host", ["id", "other_names", "id_path"]):
            key = str(item["id"])
            self.paths[self.part("host", item)] = str(item.get("id_path") or "")
            for name in (key, key.lower(), *(item.get("other_names") or ())):
                found[str(name)] = key
            short.setdefault(_short(key), []).append(key)
        for name, keys in short.items():
            if len(keys) == 1:
                found.setdefault(name, keys[0])
        return found

    def host_part(self, key: str) -> ScanPart:
        """Return the part that reads a host."""
        return ScanPart(object_id=key, object_type="host")

    def number_of_hosts(self) -> int:
        """Return how many hosts the inventory has."""
        return len(set(self.hosts.values()))

    def services(self, field: str, key: str) -> list[Document]:
        """Return the vservices of a router (`router_id`), or in a network (`network`)."""
        return self._services.get((field, key), [])

    def hosts_serving(self, network: str) -> list[str]:
        """Return the hosts of the DHCP servers and routers of a network."""
        return sorted({str(item.get("host") or "") for item in self.services("network", network)})

    @cached_property
    def _services(self) -> dict[tuple[str, str], list[Document]]:
        found: dict[tuple[str, str], list[Document]] = {}
        fields = ("id", "host", "network_id", "router_id", "network")
        for item in self.inv.find(self.environment, "vservice", fields):
            if item.get("router_id"):
                found.setdefault(("router_id", str(item["router_id"])), []).append(item)
            listed = item.get("network")
            networks = {str(n) for n in listed} if isinstance(listed, list) else set()
            for network in sorted(networks | {str(item.get("network_id") or "")}):
                found.setdefault(("network", network), []).append(item)
        return found

    def ports_with(self, field: str, value: str) -> list[Document]:
        """Return the ports whose list of this field has a value."""
        ports = self.inv.find(self.environment, "port", (*FIELDS, field))
        return [port for port in ports if value in (port.get(field) or ())]

    def _askers(self, kind: str) -> list[tuple[str, Any]]:
        """Return the scanners that list a type, each with a parent that it is asked for.

        An object of the type knows which parent that was: of the projects, one lists all hosts.
        """
        scanner, parent_type = self.nodes.get(kind, ("", ""))
        if not scanner:
            return []
        parents = self.inv.find(self.environment, parent_type, ["id", "type"])
        if len(parents) > 1:
            known = self.inv.find(self.environment, kind, ["fetched_by"])
            asked = {(item.get("fetched_by") or {}).get("parent_id") for item in known}
            parents = [item for item in parents if item["id"] in asked] or parents
        return [(scanner, item) for item in parents]


def _short(name: str) -> str:
    return name.partition(".")[0].lower()
