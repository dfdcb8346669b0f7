"""What is known of a host, as the parsers of `calipso.hostparse` give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from calipso.errors import CalipsoError
from calipso.hostparse.ethtool import Nic
from calipso.hostparse.iplink import Device
from calipso.hostparse.libvirt import Domain
from calipso.hostparse.ovsdb import Bridge
from calipso.hostparse.pci import Function


@dataclass(frozen=True)
class HostFacts:
    """Everything a wiring is built from. What was not read is empty, and named in `unread`.

    `devices` are those of the host's own namespace, `namespaces` those of the others by name,
    `netns_ids` the numbers by which the host's devices name other namespaces. `netns_unread` is
    True when nobody knows which namespaces the host has: then no veth is known to leave it.
    """

    devices: Mapping[str, Device]
    namespaces: Mapping[str, Mapping[str, Device]] = field(default_factory=dict)
    netns_ids: Mapping[str, int] = field(default_factory=dict)
    bridges: Mapping[str, Bridge] = field(default_factory=dict)
    nics: Mapping[str, Nic] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    domains: Mapping[str, Domain] = field(default_factory=dict)
    unread: Mapping[str, CalipsoError] = field(default_factory=dict)
    netns_unread: bool = False

    @cached_property
    def pci_of_device(self) -> dict[str, str]:
        """PCI address by the name of a device, as the kernel lists the devices of functions."""
        found: dict[str, str] = {}
        for function in self.functions.values():
            for device in function.devices:
                found.setdefault(device, function.address)
        return found
