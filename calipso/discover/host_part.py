"""HostPart: the objects of some hosts, and what of the whole cloud belongs to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.carriers import HostNames

#: Types of the whole cloud that are small enough to be read as a whole.
WHOLE = frozenset({"network", "host"})

#: Ports of a highly available router, wherever they are: one tells about the others.
_OF_ROUTERS = "network:"


class HostPart:
    """Reads like an inventory, but only what links of these hosts depend on.

    Objects of a host are found by their field `host`. Of the rest it returns all networks and
    hosts; the ports that are bound to one of the hosts, that a device there was made for, or that
    belong to the same router as one of these; and the instances of the vNICs there.
    """

    def __init__(self, inv: InventoryMgr, env: str, hosts: Collection[str]) -> None:
        self.inv = inv
        self.env = env
        self.hosts = sorted(hosts)

    def find(self, env: str, object_type: str, fields: Iterable[str] = ()) -> list[Document]:
        """Return the objects of a type; with `fields`, only these fields of them."""
        if object_type in WHOLE:
            return self.inv.find(env, object_type, fields)
        if object_type == "port":
            return self._by_id("port", self._port_ids, fields)
        if object_type == "instance":
            return self._by_id("instance", self._instance_ids, fields)
        return self.inv.find(env, object_type, fields, host=self.hosts)

    # -- parts -------------------------------------------------------------------------

    def _by_id(self, object_type: str, ids: Iterable[str], fields: Iterable[str]) -> list[Document]:
        keys = sorted({object_key(self.env, object_type, item_id) for item_id in ids})
        return list(self.inv.find_by_keys(keys, list(fields)).values())

    @cached_property
    def _vnics(self) -> list[Document]:
        fields = ("port_id", "sub_ports", "instance_id", "parent_id")
        return self.inv.find(self.env, "vnic", fields, host=self.hosts)

    @cached_property
    def _instance_ids(self) -> set[str]:
        return {
            str(vnic.get("instance_id") or str(vnic.get("parent_id")).removesuffix("-vnics"))
            for vnic in self._vnics
        }

    @cached_property
    def _port_ids(self) -> set[str]:
        plugged = {str(port) for vnic in self._vnics for port in _ports_of_vnic(vnic) if port}
        for kind, field in (("vedge", "ports"), ("vconnector", "interfaces")):
            for item in self.inv.find(self.env, kind, (field,), host=self.hosts):
                named = item.get(field)
                members = named.values() if isinstance(named, Mapping) else ()
                plugged |= {str(m["port_id"]) for m in members if _names_port(m)}
        bound = ports_bound_to(self.inv, self.env, self.hosts)
        found = plugged | {str(port["id"]) for port in bound}
        known = self._by_id("port", found, ("device_id", "device_owner"))
        routers = {
            str(port["device_id"])
            for port in known
            if port.get("device_id") and str(port.get("device_owner")).startswith(_OF_ROUTERS)
        }
        more = ports_with(self.inv, self.env, "device_id", routers, ("id",))
        return found | {str(port["id"]) for port in more}


def ports_bound_to(inv: InventoryMgr, env: str, hosts: Collection[str]) -> list[Document]:
    """Return the ports that are bound to one of these hosts, by any name of the host."""
    known = inv.find(env, "host", ("id", "region", "other_names"))
    names = {str(n) for h in known if h["id"] in hosts for n in h.get("other_names") or ()}
    fields = ("id", "binding:host_id", "region", "device_id", "device_owner")
    found = ports_with(inv, env, "binding:host_id", names | set(hosts), fields)
    resolve = HostNames(known)
    return [port for port in found if resolve.of_port(port) in hosts]


def ports_with(
    inv: InventoryMgr, env: str, field: str, wanted: Collection[str], fields: Iterable[str]
) -> list[Document]:
    """Return the ports with one of these values in a field that has an index.

    The query names no other field, because the index has none, see `calipso.stores.mongo.narrow`.
    """
    values = sorted(wanted)
    asked = [*fields, "type", "environment"]
    found: list[Document] = []
    for start in range(0, len(values), 500):
        query = {field: {"$in": values[start : start + 500]}}
        found += inv.find_items(query, asked)
    return [item for item in found if item.get("type") == "port" and item["environment"] == env]


def _ports_of_vnic(vnic: Mapping[str, Any]) -> list[Any]:
    return [vnic.get("port_id"), *(sub.get("port_id") for sub in vnic.get("sub_ports") or ())]


def _names_port(member: Any) -> bool:
    return isinstance(member, Mapping) and bool(member.get("port_id"))
