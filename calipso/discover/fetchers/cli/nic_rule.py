"""Which devices of a host are NICs: those that lead out of it.

A device with hardware below it (`/sys/class/net/<name>/device`), or a bond of such. Where a host
is itself a container or a namespace it has no hardware; there, a veth whose other end lies in
another namespace is its NIC, unless a virtual switch of the host made it: Neutron's devices by
their names, and veths into namespaces of this very host.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from calipso.hostparse.ethtool import Nic
from calipso.hostparse.iplink import Device

#: Names that Neutron, libvirt, docker and Kubernetes give to what they make.
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
