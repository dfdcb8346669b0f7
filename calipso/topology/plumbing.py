"""How a host is wired, derived from inventory objects: NICs, bridges, uplinks, tunnels. No I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from calipso.model.documents import Record

Objects = Mapping[str, Iterable[Record]]

INTEGRATION_BRIDGE = "br-int"

#: Prefixes of the devices that the agents put into namespaces.
NAMESPACE_PREFIXES = frozenset({"ns", "qr", "qg", "sg", "ha", "fg"})


#: Kinds of device that are never a port of a switch of the host while they lie in a namespace.
IN_NAMESPACE_ONLY = frozenset({"veth", "macvlan", "ipvlan", "vlan", "bridge", "dummy", "bond"})

#: Kinds of device that have another end, or may have: nobody said the kind.
_MAY_PAIR = frozenset({"veth", "", None})


def values(value: Any) -> list[str]:
    """Return a value or a list of values as a list of strings, without None and empty strings."""
    if value is None or value == "":
        return []
    if isinstance(value, list | tuple | set | frozenset):
        return [str(item) for item in value if item not in (None, "")]
    return [str(value)]


def networks_of_vnic(vnic: Record, own: Any = None) -> Any:
    """Network of a vNIC; with those of its trunk's sub-ports, a list: the guest reaches all."""
    network = own or vnic.get("network")
    subs = [sub.get("network") for sub in vnic.get("sub_ports") or ()]
    return values([network, *subs]) if subs else network


def by_host(documents: Iterable[Record]) -> defaultdict[str, list[Record]]:
    """Objects of each host."""
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for document in documents:
        found[str(document.get("host", ""))].append(document)
    return found


def vnics_by_device(vnics: Iterable[Record]) -> dict[tuple[str, str], Record]:
    """Return (host, device) -> vNIC, for every name that a vNIC may have in a switch of its host.

    A device in a namespace (`ns-`, `qr-`, ... + start of the port id) may be one end of a veth
    pair. The bridge then has the other end, `tap` + start of the port id. The Linux bridge agent
    plugs DHCP and router ports in this way, and so does Open vSwitch with `ovs_use_veth`. Such a
    veth itself is in no switch of the host, whatever has its name there: a pod's `eth1` is not the
    host's. The kernel says which device the other end is (`peer`); names only count where it
    does not.
    """
    own: dict[tuple[str, str], Record] = {}
    other_ends: dict[tuple[str, str], Record] = {}
    paired: dict[tuple[str, str], Record] = {}
    for vnic in vnics:
        host, device = str(vnic.get("host", "")), str(vnic["name"])
        if vnic.get("vnic_type") != "vservice_vnic" or vnic.get("kind") not in IN_NAMESPACE_ONLY:
            own[host, device] = vnic
        if peer := _mapping(vnic, "peer"):
            if not peer.get("namespace"):
                paired[host, str(peer.get("device"))] = vnic
            continue
        prefix, dash, port = device.partition("-")
        may_be_pair = vnic.get("vnic_type") == "vservice_vnic" and vnic.get("kind") in _MAY_PAIR
        if may_be_pair and dash and prefix in NAMESPACE_PREFIXES:
            other_ends[host, f"tap{port}"] = vnic
    return other_ends | own | paired


class Uplink(NamedTuple):
    """A NIC that leads to a physical network, and the VLANs of its switch that pass on the way
    (0: untagged frames; None: all)."""

    nic: str
    vlans: frozenset[int] | None = None

    def passes(self, kind: str, number: int | None) -> bool:
        """True for a segment whose frames pass; one of a type without VLANs always does."""
        if self.vlans is None or kind not in ("vlan", "flat"):
            return True
        return (number if kind == "vlan" else 0) in self.vlans


class HostPlumbing:
    """The wiring of every host of one environment."""

    def __init__(self, objects: Objects) -> None:
        self.nics: defaultdict[str, dict[str, Record]] = defaultdict(dict)
        for nic in objects.get("host_pnic", ()):
            self.nics[str(nic.get("host", ""))][str(nic["name"])] = nic
        self.oteps = by_host(objects.get("otep", ()))
        self._vedges = by_host(objects.get("vedge", ()))
        self._vconnectors = by_host(objects.get("vconnector", ()))
        self._agents = by_host(objects.get("network_agent", ()))
        self._vconnector_by_name = {
            (host, str(name)): vconnector
            for host, vconnectors in self._vconnectors.items()
            for vconnector in vconnectors
            for name in (vconnector.get("name"), vconnector.get("bridge_name"), vconnector["id"])
            if name
        }
        self._configs_of: dict[str, list[Mapping[str, Any]]] = {}

    def nic_of(self, host: str, device: str, lower: str = "") -> str | None:
        """Return the name of the NIC that a device is, or that is below a VLAN device.

        `lower` is the device below, as the kernel names it. What a name looks like is no evidence.
        """
        nics = self.nics.get(host, {})
        return next((name for name in (device, lower) if name in nics), None)

    def nics_of(self, host: str, devices: Iterable[str]) -> list[str]:
        """Return the NICs among or below these devices, unique and sorted."""
        return sorted({nic for device in devices if (nic := self.nic_of(host, device))})

    def members(self, vconnector: Record) -> list[tuple[str, str]]:
        """Return (interface, NIC) of a Linux bridge, for NICs that its members reach without
        another switch.
        """
        if "ways_out" in vconnector:
            nics = self.nics.get(str(vconnector.get("host", "")), {})
            return [
                ((way.get("via") or [way["nic"]])[0], way["nic"])
                for way in _ways(vconnector)
                if way["nic"] in nics and not way.get("switches")
            ]
        host, interfaces = str(vconnector.get("host", "")), _mapping(vconnector, "interfaces")
        found = []
        for interface in values(vconnector.get("interfaces_names")):
            nic = self.nic_of(
                host, interface, str(_mapping(interfaces, interface).get("lower") or "")
            )
            if nic:
                found.append((interface, nic))
        return found

    def bridge_above(self, otep: Record) -> Record | None:
        """Return the Linux bridge of which a tunnel device is a member; None when there is none."""
        if otep.get("parent_type") != "vconnector":
            return None
        return self._vconnector(otep, otep.get("vconnector"))

    def bridge_below(self, otep: Record) -> Record | None:
        """Return the Linux bridge that has the address of a tunnel endpoint; None when no bridge
        has it.
        """
        named = None if otep.get("parent_type") == "vconnector" else otep.get("vconnector")
        return self._vconnector(otep, otep.get("device")) or self._vconnector(otep, named)

    def _vconnector(self, otep: Record, named: Any) -> Record | None:
        """Return a bridge of the endpoint's host by its id, name or bridge name; None when it is
        unknown.
        """
        return self._vconnector_by_name.get((str(otep.get("host", "")), str(named or "")))

    def otep_nics(self, otep: Record) -> list[str]:
        """Return the NICs below a tunnel endpoint.

        These are the NICs that it names, those of the bridge below it, or those that have its
        address.
        """
        host = str(otep.get("host", ""))
        below = self.bridge_below(otep)
        named = self.nics_of(host, values(otep.get("pnics")))
        named = named or sorted({nic for _, nic in self.members(below or {})})
        address = otep.get("ip_address")
        if named or not address:
            return named
        nics = self.nics.get(host, {})
        return sorted(name for name, nic in nics.items() if address in _addresses(nic))

    def tunnel_types(self, host: str) -> list[str]:
        """Return the tunnel types that the agents of a host offer."""
        return [kind for conf in self._configs(host) for kind in values(conf.get("tunnel_types"))]

    def uplinks(self, host: str) -> dict[str, list[Uplink]]:
        """Return physical network name -> uplinks to it through the host's switches."""
        found: defaultdict[str, set[Uplink]] = defaultdict(set)
        for conf in self._configs(host):
            for physical, device in _mapping(conf, "interface_mappings").items():
                found[physical].update(Uplink(nic) for nic in self.nics_of(host, values(device)))
                found[physical].update(self._mapped_nics(host, physical))
            for physical, bridge in _mapping(conf, "bridge_mappings").items():
                found[physical].update(self._bridge_nics(host, str(bridge)))
        return {physical: sorted(nics, key=str) for physical, nics in found.items() if physical}

    def direct_nics(self, host: str) -> dict[str, list[Uplink]]:
        """Return physical network name -> NICs whose virtual functions instances use directly."""
        found: defaultdict[str, set[Uplink]] = defaultdict(set)
        for conf in self._configs(host):
            for physical, devices in _mapping(conf, "device_mappings").items():
                found[physical].update(Uplink(nic) for nic in self.nics_of(host, values(devices)))
        return {physical: sorted(nics, key=str) for physical, nics in found.items() if physical}

    def _configs(self, host: str) -> list[Mapping[str, Any]]:
        if host not in self._configs_of:
            owners = (self._vedges, self._agents, self._vconnectors)
            found = [item.get("configurations") for owner in owners for item in owner.get(host, ())]
            self._configs_of[host] = [conf for conf in found if isinstance(conf, Mapping)]
        return self._configs_of[host]

    def _mapped_nics(self, host: str, physical: str) -> Iterator[Uplink]:
        """NICs that the device leads to which a Linux bridge agent maps a network to."""
        for vconnector in self._vconnectors.get(host, ()):
            mapped = _mapping(_mapping(vconnector, "mapped_ways"), physical)
            yield from self._known_ways(host, mapped)

    def _known_ways(self, host: str, document: Record) -> Iterator[Uplink]:
        """Ways out that a fetcher stored, to NICs of the inventory."""
        for way in _ways(document):
            if way["nic"] in self.nics.get(host, {}):
                only = way.get("only_vlans")
                yield Uplink(way["nic"], None if only is None else frozenset(only))

    def _bridge_nics(self, host: str, bridge: str) -> set[Uplink]:
        """Return the NICs of a mapped bridge: a Linux bridge, or an OVS bridge with the bridges
        patched to it.
        """
        nics: set[Uplink] = set()
        for vedge in self._vedges.get(host, ()):
            nics.update(self._ovs_uplinks(host, vedge, bridge))
        for vconnector in self._vconnectors.get(host, ()):
            if vconnector.get("bridge_name") == bridge:
                nics.update(Uplink(nic) for _, nic in self.members(vconnector))
        return nics

    def _ovs_uplinks(self, host: str, vedge: Record, bridge: str) -> set[Uplink]:
        for described in vedge.get("bridges") or ():
            if described.get("name") == bridge and "ways_out" in described:
                return set(self._known_ways(host, described))
        # stop at the integration bridge: its patches lead to all other bridges
        reached = {integration_bridge(_mapping(vedge, "configurations")), bridge}
        wanted, todo = {bridge}, [bridge]
        while todo:
            current = todo.pop()
            for patch in _mapping(vedge, "patch_ports").values():
                beyond = patch.get("peer_bridge")
                if patch.get("bridge") == current and beyond and beyond not in reached:
                    reached.add(beyond)
                    wanted.add(beyond)
                    todo.append(beyond)
        found = (
            self.nic_of(host, str(name))
            for name, port in _mapping(vedge, "ports").items()
            if port.get("bridge") in wanted
        )
        return {Uplink(nic) for nic in found if nic}


def _ways(document: Record) -> list[Mapping[str, Any]]:
    """Ways out that a fetcher stored."""
    return [way for way in document.get("ways_out") or () if isinstance(way, Mapping)]


def _mapping(document: Record, key: str) -> Mapping[str, Any]:
    found = document.get(key)
    if type(found) is dict or found is None:  # nearly all are; the check of an ABC is slow
        return found or {}
    return found if isinstance(found, Mapping) else {}


def integration_bridge(configurations: Record) -> str:
    """Return the bridge where the flows of Neutron's agent decide what goes where."""
    return str(configurations.get("integration_bridge") or INTEGRATION_BRIDGE)


def _addresses(nic: Record) -> set[str]:
    keys = ("IP Address", "IPv6 Address", "addresses")
    return {text.partition("/")[0] for key in keys for text in values(nic.get(key))}
