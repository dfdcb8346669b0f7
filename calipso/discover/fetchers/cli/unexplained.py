"""Devices that no Neutron port explains, and bound ports that no device of a service carries.

Nothing is said unless this scan has read the ports: a device may be newer than those that are
stored. What was said before is said again then, if it still holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from calipso.discover.fetchers.cli.netns_services import service
from calipso.discover.fetchers.cli.ports import PortRef, ports_of
from calipso.discover.fetchers.db.agents import ids_by_other_name
from calipso.hostparse.netns import Namespaces
from calipso.model.inventory import Fetched
from calipso.sources.fetcher import Fetcher

#: How Neutron's agents begin the names of devices in namespaces that they make for ports.
_FOR_PORTS = ("tap", "ns-", "qr-", "qg-", "sg-", "ha-", "fg-")
#: Owners of ports that an agent plugs on the host that they are bound to, in its namespace.
_PLUGGED = ("network:dhcp", "network:router_interface", "network:router_gateway")


def tell_of_devices(fetcher: Fetcher, host: str, vnics: Iterable[Fetched]) -> None:
    """Report the vNICs of guests, and of namespaces of Neutron, that have no port."""
    lost = [vnic for vnic in vnics if "port_id" not in vnic and _is_neutrons(vnic, host)]
    told = _told(fetcher, "vnic", [str(vnic["id"]) for vnic in lost])
    for vnic in lost:
        if ports_of(fetcher).current or vnic["id"] in told:
            message = f"{host}: no Neutron port explains {vnic['name']}"
            hint = "Was its port deleted? An agent or Nova that was down then leaves the device."
            about = "vnic", str(vnic["id"])
            fetcher.problem(about, code="port_unknown", message=message, hint=hint, host=host)


def tell_of_ports(
    fetcher: Fetcher, host: str, namespaces: Namespaces, vnics: Iterable[Fetched]
) -> None:
    """Report ports of DHCP servers and routers that are bound to a host which has their namespace
    and no device for them in any."""
    if any(found is None or found.broken for found in namespaces.values()):
        return
    plugged = {vnic.get("port_id") for vnic in vnics}
    ids, there = ids_by_other_name(fetcher), ports_of(fetcher)
    lost = [
        port
        for owner in _PLUGGED
        for port in there.of_kind(owner)
        if port.host and ids[port.host] == host and port.id not in plugged and port.up
        if _namespace(port) in namespaces
    ]
    told = _told(fetcher, "port", [port.id for port in lost])
    for port in lost:
        if there.current or port.id in told:
            name = _namespace(port)
            message = (
                f"{host}: port {port.id} ({port.mac_address}) is bound to this host, but no device "
                f"of {name} is that port"
            )
            hint = "See the log of the host's DHCP or L3 agent: it plugs the port."
            about = "port", port.id
            fetcher.problem(about, code="port_unplugged", message=message, hint=hint, host=host)


def _namespace(port: PortRef) -> str:
    dhcp = port.device_owner == "network:dhcp"
    return f"qdhcp-{port.network_id}" if dhcp else f"qrouter-{port.device_id}"


def _is_neutrons(vnic: Mapping[str, object], host: str) -> bool:
    if vnic.get("vnic_type") == "instance_vnic":
        return True
    namespace = str(vnic.get("vservice_id")).removeprefix(f"{host}-")
    kind = service(namespace).kind
    return kind not in ("misc", "metadata") and str(vnic["name"]).startswith(_FOR_PORTS)


def _told(fetcher: Fetcher, object_type: str, ids: list[str]) -> set[str]:
    """Which of these objects have such a problem already."""
    if not ids or ports_of(fetcher).current:
        return set()
    code = {"vnic": "port_unknown", "port": "port_unplugged"}[object_type]
    stored = fetcher.inv.find(fetcher.env, object_type, ("id", "problems"), id=ids)
    return {
        str(item["id"])
        for item in stored
        if code in {problem.get("code") for problem in item.get("problems") or ()}
    }
