"""Which devices of a host are NICs: those that lead out of it.

A NIC is a device with hardware below it (`/sys/class/net/<name>/device`), or a bond of such
devices. A host that is itself a container or a namespace has no hardware. There, a veth is a NIC
when its other end is in another namespace, unless a virtual switch of the host made it: Neutron's
devices have known names, and other veths may lead into namespaces of the same host.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from calipso.hostparse.ethtool import Nic
from calipso.hostparse.iplink import Device

#: Names that Neutron, libvirt, docker and Kubernetes give to their devices.
VIRTUAL = (
    "tap",
    "qbr",
    "qvb",
    "qvo",
    "qr-",
    "qg-",
    "sg-",
    "ha-",
    "fg-",
    "fpr-",
    "rfp-",
    "ns-",
    "veth",
    "vnet",
    "cali",
    "lxc",
    "cni",
)


def is_nic(device: Device, nics: Mapping[str, Nic], *, hardware: bool) -> bool:
    """True for a NIC that is no bond. `hardware`: this host has devices with hardware."""
    nic = nics.get(device.name)
    if nic is not None and nic.kind == "device":
        return True
    if hardware or device.kind != "veth" or device.peer_netns is None:
        return False
    return not device.peer_netns_name and not device.name.startswith(VIRTUAL)


def nic_names(devices: Collection[Device], nics: Mapping[str, Nic]) -> list[str]:
    """Names of the NICs of a host, bonds left out."""
    hardware = any(nics[d.name].kind == "device" for d in devices if d.name in nics)
    return [device.name for device in devices if is_nic(device, nics, hardware=hardware)]
