"""A vNIC: the device of an instance, or of a service in its namespace."""

from typing import Optional

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = (
    "vnic_type",
    "device",
    "name",
    "host",
    "vservice_id",
    "addresses",
    "port_id",
    "mtu",
    "pci_address",
    "socket",
)

#: The VLAN in which the agent puts a port that it has not wired.
DEAD_VLAN = 4095


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the device works and is what the scan found."""
    if item.get("vnic_type") == "vservice_vnic":
        return _of_service(item, facts)
    name = str(item.get("device") or item.get("object_name") or item.get("name"))
    device = facts.devices.get(name)
    if device is None and (item.get("pci_address") or item.get("socket")):
        return _without_device(name, item, facts)
    if device is None:
        return base.error("{} is gone".format(name))
    if not device.up:
        why = "has no carrier" if device.admin_up else "is switched off"
        return base.error("{} {}".format(name, why), at_once=device.admin_up)
    return _plug(item, name, facts) or _mtu(item, name, device.mtu) or base.ok(name + " is up")


def _without_device(name: str, item: Item, facts: Facts) -> Result:
    if not item.get("socket"):
        return base.unknown("the guest has the hardware; the host shows no state of it")
    port = facts.switch.get(name)
    if port is None:
        return base.error("Open vSwitch has no port {}".format(name))
    if port.error or not port.up:
        return base.error("{}: {}".format(name, port.error or "the guest does not use it"))
    return base.ok("{} is up".format(name))


def _plug(item: Item, name: str, facts: Facts) -> "Optional[Result]":
    """What is wrong with its port of Open vSwitch, where the tap itself is one."""
    wanted = [link for link in item.get("links") or () if link.get("link_type") == "vnic-vedge"]
    if not wanted:
        return None
    port = facts.switch.get(name)
    if port is None:
        return None  # the link says so
    if port.tag == DEAD_VLAN:
        return base.error("{} is in the dead VLAN: the agent has not wired it".format(name))
    tag = (wanted[0].get("attributes") or {}).get("tag")
    if tag is not None and tag != port.tag:
        return base.warning("{} has tag {}, the scan found {}".format(name, port.tag, tag))
    if item.get("port_id") and port.port_id and port.port_id != item["port_id"]:
        return base.warning("{} is plugged for the port {}".format(name, port.port_id))
    return None


def _mtu(item: Item, name: str, now: int) -> "Optional[Result]":
    wanted = item.get("mtu")
    if isinstance(wanted, int) and now < wanted:
        return base.warning("{} has MTU {}, the scan found {}".format(name, now, wanted))
    return None


def _of_service(item: Item, facts: Facts) -> Result:
    space = namespace_of(item)
    if space not in facts.namespaces:
        return base.error("namespace {} is gone".format(space))._replace(derived=True)
    devices = facts.namespaces[space].devices
    if devices is None:
        return base.unknown("the devices of namespace {} could not be read".format(space))
    name = str(item.get("device") or item.get("object_name"))
    device = devices.get(name)
    if device is None:
        return base.error("{} is gone from {}".format(name, space))
    if not device.up:
        return base.error("{} in {} is down".format(name, space))
    wanted = {str(one) for one in item.get("addresses") or ()}
    missing = sorted(wanted - set(device.addresses))
    if missing and item.get("ha_state") != "standby":
        return base.warning("{} lacks the address {}".format(name, ", ".join(missing)))
    return _plug(item, name, facts) or _mtu(item, name, device.mtu) or base.ok(name + " is up")


def namespace_of(item: Item) -> str:
    """Return the namespace of a vNIC of a service: the id of the service without the host."""
    service, host = str(item.get("vservice_id") or ""), str(item.get("host") or "")
    return service[len(host) + 1 :] if service.startswith(host + "-") else service


if __name__ == "__main__":
    base.run(evaluate)
