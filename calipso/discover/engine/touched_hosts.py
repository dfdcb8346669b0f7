"""Which hosts have links that a change concerns."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.host_part import ports_with
from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.touched import Touched
from calipso.topology.carriers import HostNames

_PORT_FIELDS = ("id", "binding:host_id", "region", "device_owner", "device_id")


def touched_hosts(inv: InventoryMgr, env: str, touched: Touched) -> set[str]:
    """Return the ids of the hosts whose links must be found again.

    These are the hosts on which an object changed; those to which a changed port is or was bound,
    and those that have a device of it; those that have ports of a changed network; and those that
    have vNICs of a changed instance.
    """
    hosts = inv.find(env, "host", ["id", "region", "other_names"])
    known = [str(host["id"]) for host in hosts]
    ports = set(touched.ports)
    bound = [{"binding:host_id": name, "region": region} for name, region in touched.bound]
    for port in ports_with(inv, env, "network_id", touched.networks, _PORT_FIELDS):
        bound.append(port)
        owner, device = (str(port.get(n) or "") for n in ("device_owner", "device_id"))
        ports.add((str(port["id"]), owner, device))
    names = HostNames(hosts)
    found = set(touched.hosts) | {names.of_port(port) for port in bound}
    found |= _with_devices(inv, env, ports, known)
    found |= _with_vnics_of(inv, env, touched.instances)
    return found - {""}


def _with_devices(
    inv: InventoryMgr, env: str, ports: Iterable[tuple[str, ...]], hosts: list[str]
) -> set[str]:
    """Hosts that have a tap of one of these ports, or the namespace of their router or DHCP.

    Ids of these objects are made of the host and the port or router, so they are looked up.
    """
    wanted = set()
    for port_id, owner, device in ports:
        if owner.startswith("network:"):
            # the device of a DHCP port ends with the id of its network
            wanted |= {("vservice", f"{kind}-{device}") for kind in ("qrouter", "snat")}
            wanted.add(("vservice", f"qdhcp-{device[-36:]}"))
        else:
            wanted.add(("vnic", f"tap{port_id[:11]}"))
    keys = {
        object_key(env, kind, f"{host}-{name}"): host for kind, name in wanted for host in hosts
    }
    return {keys[key] for key in inv.find_by_keys(keys, ("id",))}


def _with_vnics_of(inv: InventoryMgr, env: str, instances: Iterable[str]) -> set[str]:
    folders = sorted(f"{instance}-vnics" for instance in instances)
    found: list[Document] = []
    for start in range(0, len(folders), 500):
        parents = {"$in": folders[start : start + 500]}
        found += inv.find_items({"environment": env, "parent_id": parents}, ("host",))
    return {str(vnic.get("host") or "") for vnic in found}
