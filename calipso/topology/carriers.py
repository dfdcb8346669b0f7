"""Which NIC of a host carries which network, derived from inventory objects only.

A NIC carries a network when the host uses the network (a port is bound to the host, or a vNIC is
plugged) and the host's wiring leads its traffic out through that NIC. For a tunnel network this is
the NIC below the tunnel endpoint. For a VLAN or flat network it is the uplink of the bridge, or the
interface, that the host's agent maps to the physical network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from calipso.topology.given import nic_of_guest
from calipso.topology.plumbing import HostPlumbing, Objects, Uplink, networks_of_vnic, values

TUNNELS = frozenset({"vxlan", "gre", "geneve"})

#: `binding:vif_type` of ports that are on no host.
NOWHERE = frozenset({"", "unbound", "binding_failed"})

#: `binding:vif_type` of ports that bypass the host's switches and use a NIC directly (SR-IOV).
DIRECT = frozenset({"hw_veb", "hostdev", "hostdev_physical", "macvtap", "ib_hostdev"})

#: Fields that `Carriers` reads of each object type.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "network": (
        "provider:network_type",
        "provider:physical_network",
        "provider:segmentation_id",
        "segments",
    ),
    "port": ("network_id", "binding:host_id", "binding:vif_type", "region"),
    "host": ("region", "other_names"),
    "vnic": ("network", "sub_ports", "pnic", "port_id", "pci_address", "lower_devices"),
    "host_pnic": ("IP Address", "IPv6 Address", "addresses", "virtual_functions"),
    "vedge": ("configurations", "ports", "patch_ports", "bridges"),
    "otep": (
        "ip_address",
        "overlay_type",
        "device",
        "pnics",
        "vconnector",
        "parent_type",
        "network",
        "vni",
    ),
    "vconnector": (
        "configurations",
        "bridge_name",
        "interfaces",
        "interfaces_names",
        "network",
        "ways_out",
        "mapped_ways",
    ),
    "network_agent": ("configurations",),
}


class Segment(NamedTuple):
    """A segment of a network: its type, its physical network, and its VLAN id or VNI."""

    kind: str
    physical: str
    number: int | None


class Carriers:
    """Knows which networks the NICs and tunnel endpoints of one environment carry."""

    def __init__(self, objects: Objects) -> None:
        self.plumbing = HostPlumbing(objects)
        self.segments = {net["id"]: tuple(_segments(net)) for net in objects.get("network", ())}
        self._by_vni = {
            segment.number: network
            for network, segments in self.segments.items()
            for segment in segments
            if segment.kind == "vxlan" and segment.number is not None
        }
        self._switched: defaultdict[str, set[str]] = defaultdict(set)
        self._direct: defaultdict[str, set[str]] = defaultdict(set)
        self._direct_ports: set[str] = set()
        self._nics_of_direct: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.host_names = HostNames(objects.get("host", ()))
        self._place(objects.get("port", ()), objects.get("vnic", ()))
        self._carried: dict[str, dict[str, dict[str, Segment]]] = {}

    @classmethod
    def read(cls, find: Callable[[str, Iterable[str]], Iterable[dict[str, Any]]]) -> Carriers:
        """Make carriers from the objects that `find(type, fields)` returns.

        It reads each type once.
        """
        return cls({kind: find(kind, fields) for kind, fields in FIELDS.items()})

    def carried(self, host: str, nic: str) -> dict[str, Segment]:
        """Return the networks whose traffic this NIC carries: network id -> segment on the wire."""
        if host not in self._carried:
            self._carried[host] = self._host_carried(host)
        return self._carried[host].get(nic, {})

    def networks_of_otep(self, otep: Mapping[str, Any]) -> list[str]:
        """Return the networks that use a tunnel endpoint: one for a `vxlan-N` device, otherwise all
        tunnel networks of the host."""
        if otep.get("parent_type") == "vconnector":
            network = self._network_of_device(otep)
            return [network] if network else []
        host = str(otep.get("host", ""))
        kinds = self._tunnel_kinds(otep)
        return [net for net in sorted(self._switched[host]) if self._segment(net, kinds)]

    def nic_of_guest(self, vnic: Mapping[str, Any]) -> str:
        """Return the NIC whose hardware a guest's interface is; empty for one in a switch."""
        direct = str(vnic.get("port_id") or "") in self._direct_ports
        return nic_of_guest(vnic, self.plumbing.nics[str(vnic.get("host", ""))], direct=direct)

    def _place(
        self, ports: Iterable[Mapping[str, Any]], vnics: Iterable[Mapping[str, Any]]
    ) -> None:
        for port in ports:
            kind = str(port.get("binding:vif_type") or "")
            # a missing type is no evidence against the binding; `unbound` is
            if "binding:vif_type" in port and kind in NOWHERE:
                continue
            place = self._direct if kind in DIRECT else self._switched
            if kind in DIRECT:
                self._direct_ports.add(str(port.get("id")))
            if host := self.host_names.of_port(port):
                place[host].add(str(port.get("network_id")))
        for vnic in vnics:
            host = str(vnic.get("host", ""))
            if nic := self.nic_of_guest(vnic):  # its traffic is on no other NIC
                for network in values(vnic.get("network")):
                    self._nics_of_direct[host, network].add(nic)
            else:
                self._switched[host].update(values(networks_of_vnic(vnic)))

    def _host_carried(self, host: str) -> dict[str, dict[str, Segment]]:
        carried: defaultdict[str, dict[str, Segment]] = defaultdict(dict)
        for nic, network, segment in self._tunnelled(host):
            carried[nic][network] = segment
        for present, uplinks in (
            (self._switched[host], self.plumbing.uplinks(host)),
            (self._direct[host], self.plumbing.direct_nics(host)),
        ):
            for network in sorted(present):
                for segment in self.segments.get(network, ()):
                    for nic in _let_out(uplinks.get(segment.physical, ()), segment):
                        carried[nic][network] = segment
        self._keep_known(host, carried)
        self._add_given(host, carried)
        return dict(carried)

    def _add_given(self, host: str, carried: defaultdict[str, dict[str, Segment]]) -> None:
        """A NIC whose hardware a guest has carries the guest's network, whatever the agent maps.

        A network of several segments is left out: nothing tells which one the NIC is on.
        """
        for network in self._direct[host]:
            wired = [s for s in self.segments.get(network, ()) if s.kind not in TUNNELS]
            for nic in self._nics_of_direct.get((host, network), ()):
                if len(wired) == 1:
                    carried[nic].setdefault(network, wired[0])

    def _keep_known(self, host: str, carried: dict[str, dict[str, Segment]]) -> None:
        """Of networks that only guests with hardware of known NICs have, other NICs carry none."""
        for network in self._direct[host] - self._switched[host]:
            known = self._nics_of_direct.get((host, network))
            for nic in [nic for nic in carried if known and nic not in known]:
                carried[nic].pop(network, None)

    def _tunnelled(self, host: str) -> Iterator[tuple[str, str, Segment]]:
        for otep in self.plumbing.oteps[host]:
            kinds = self._tunnel_kinds(otep)
            for network in self.networks_of_otep(otep):
                segment = self._segment(network, kinds)
                if segment and network in self._switched[host]:
                    for nic in self.plumbing.otep_nics(otep):
                        yield nic, network, segment

    def _tunnel_kinds(self, otep: Mapping[str, Any]) -> frozenset[str]:
        kinds = set(self.plumbing.tunnel_types(str(otep.get("host", ""))))
        kinds.update(values(otep.get("overlay_type")))
        return TUNNELS & kinds or TUNNELS

    def _segment(self, network: str, kinds: frozenset[str]) -> Segment | None:
        return next((s for s in self.segments.get(network, ()) if s.kind in kinds), None)

    def _network_of_device(self, otep: Mapping[str, Any]) -> str | None:
        bridge = self.plumbing.bridge_above(otep) or {}
        for source in (otep, bridge):
            for network in values(source.get("network")):
                return network
        number = otep.get("vni") or str(otep.get("name", "")).rpartition("-")[2]
        return self._by_vni.get(int(number)) if str(number).isdecimal() else None


class HostNames:
    """Finds the host of a name in a port's binding: names are unique only within a region."""

    def __init__(self, hosts: Iterable[Mapping[str, Any]]) -> None:
        self._regions: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        for host in hosts:
            self._regions[str(host["id"])] = str(host.get("region") or "")
            self._ids |= dict.fromkeys(host.get("other_names") or (), str(host["id"]))

    def of_port(self, port: Mapping[str, Any]) -> str:
        """Return the id of the host to which a port is bound; empty for an unbound port.

        For a host that is not in the inventory it returns the name: no object has this id.
        """
        name = str(port.get("binding:host_id") or "")
        host, region = self._ids.get(name, name), str(port.get("region") or "")
        other = self._regions.get(host, "")
        return "" if region and other and region != other else host


def _let_out(uplinks: Sequence[Uplink], segment: Segment) -> list[str]:
    """NICs by which the frames of a segment leave: those whose ports let its VLAN pass.

    Where no port does, all stay: flows that name a port pay no attention to its VLANs.
    """
    fitting = [uplink.nic for uplink in uplinks if uplink.passes(segment.kind, segment.number)]
    return fitting or [uplink.nic for uplink in uplinks]


def _segments(network: Mapping[str, Any]) -> Iterator[Segment]:
    """Return the segments of a network: Neutron lists several in `segments`."""
    for part in network.get("segments") or [network]:
        number = part.get("provider:segmentation_id")
        yield Segment(
            kind=str(part.get("provider:network_type") or ""),
            physical=str(part.get("provider:physical_network") or ""),
            number=None if number in (None, "") else int(number),
        )
