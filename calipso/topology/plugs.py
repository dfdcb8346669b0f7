"""Whether what is plugged into a switch of a host is really connected to its network. Pure.

The evidence is: the tag of a port, the local VLAN that the agent noted for it and for the other
ports of the network, errors and states of ports and devices, the bridge of a device, and what
Neutron says about the port. A value that was not read is no evidence, so it gives no fault.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from calipso.model.documents import Record
from calipso.model.hosts import same_host
from calipso.topology.plumbing import integration_bridge, values
from calipso.topology.wiring.ovs import OVS_MASTER

#: The local VLAN into which Neutron's agent puts ports that it has not wired.
DEAD_VLAN = 4095

#: Fields read of each type.
PORT_FIELDS = (
    "network_id",
    "device_owner",
    "device_id",
    "status",
    "admin_state_up",
    "binding:host_id",
    "binding:vif_type",
    "binding:profile",
)
VNIC_FIELDS = (
    "vnic_type",
    "mac_address",
    "network",
    "state",
    "port_id",
    "instance_id",
    "vservice_id",
    "source_bridge",
    "master",
    "kind",
    "pci_address",
    "@type",
    "socket",
    "sub_ports",
    "peer",
    "stale_since",
    "problems",
)

#: Ports of these owners are on several hosts at once; Neutron's binding names only one host.
_ON_SEVERAL_HOSTS = (
    "network:router_interface_distributed",
    "network:ha_router_replicated",
    "network:distributed",  # OVN's port for metadata: on every host, and never ACTIVE
)

#: A highly available router has a port of this owner on each of its hosts, and these others too:
#: keepalived decides which host is the active one, and Neutron's binding names that one.
_HA_PORT = "network:router_ha_interface"
_BY_KEEPALIVED = frozenset(
    {"network:router_gateway", "network:router_centralized_snat", "network:router_interface"}
)


class Fault(NamedTuple):
    """Why a plug is not `up`: `code` is one of `problem_codes.CODES`."""

    code: str
    message: str
    hint: str = ""
    #: State of the plug: down, or unknown if no host shows the fault and only Neutron reports it.
    state: str = "down"

    @property
    def reason(self) -> str:
        """The fault as links name it in `attributes.reason`."""
        return f"{self.code}: {self.message}"


#: How the bridge of a trunk begins: a guest's tap is in it, patches lead to the integration bridge.
TRUNK_BRIDGE = "tbr-"


class LocalVlans:
    """The local VLAN of each network on a host's switch, by the notes of its agent and
    its ports.
    """

    def __init__(self, vedge: Record, network_of: Mapping[str, str]) -> None:
        """`network_of`: network id by Neutron port id."""
        self._network_of = network_of
        noted: defaultdict[str, Counter[int]] = defaultdict(Counter)
        tagged: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._ports: Mapping[str, Any] = _mapping(vedge, "ports")
        for port in self._ports.values():
            config = _mapping(port, "other_config")
            network = str(config.get("net_uuid") or self.network(port))
            if not network:
                continue
            if (vlan := _number(config.get("tag"))) is not None:
                noted[network][vlan] += 1
            tag = _number(port.get("tag"))
            if tag is not None and tag != DEAD_VLAN:
                tagged[network][tag] += 1
        self._noted, self._tagged = dict(noted), dict(tagged)

    def network(self, port: Record) -> str:
        """Network of a switch port, by the Neutron port it was made for."""
        return self._network_of.get(str(port.get("port_id") or ""), "")

    def expected(self, port: Record) -> int | None:
        """Return the tag that a port should have; None if there is no evidence or no majority."""
        own = _number(_mapping(port, "other_config").get("tag"))
        if own is not None and own != DEAD_VLAN:
            return own
        network = self.network(port)
        noted = _majority(self._noted.get(network, Counter()))
        # a single tag proves nothing: it may be the wrong one
        return noted or _majority(self._tagged.get(network, Counter()), at_least=2)

    def fault(self, host: str, name: str, port: Record) -> Fault | None:
        """Return the fault of a port's tag; None when the tag is right or unknown."""
        tag = _number(port.get("tag"))
        expected = self.expected(port)
        if tag == DEAD_VLAN:
            return Fault(
                "dead_vlan",
                f"{host}: port {name} has VLAN {DEAD_VLAN}, into which the agent puts ports "
                "that it has not wired",
                "Is the port's admin state up, and is its agent alive? See the agent's log.",
            )
        if str(port.get("bridge") or "").startswith(TRUNK_BRIDGE):
            return None  # its tags are those of the guest's VLANs, not of the host's
        config = _mapping(port, "other_config")
        noted, network = str(config.get("net_uuid") or ""), self.network(port)
        if noted and network and noted != network:
            return Fault(
                "wrong_network",
                f"{host}: the agent has wired port {name} to network {noted}; Neutron has it in "
                f"network {network}",
                "See the log of the host's agent.",
            )
        if expected is None or tag == expected:
            return None
        has = "no VLAN tag" if tag is None else f"VLAN tag {tag}"
        return Fault(
            "wrong_vlan",
            f"{host}: port {name} has {has}; its network has VLAN {expected} on this host",
            f"`ovs-vsctl set port {name} tag={expected}` on {host} connects it again.",
        )


class Neutron:
    """What Neutron says about the ports of devices."""

    def __init__(self, ports: Iterable[Record]) -> None:
        self.ports = {str(port["id"]): port for port in ports}
        self.network_of = {
            key: str(port.get("network_id") or "") for key, port in self.ports.items()
        }
        self._ha_routers = {
            port.get("device_id")
            for port in self.ports.values()
            if port.get("device_owner") == _HA_PORT
        }

    def fault(self, host: str, name: str, port_id: str) -> Fault | None:
        """Return a fault that only Neutron shows of a plugged device; None when there is no such
        fault.
        """
        port = self.ports.get(port_id)
        if port is None or str(port.get("device_owner")).startswith(_ON_SEVERAL_HOSTS):
            return None
        if port.get("binding:vif_type") == "binding_failed":
            return self.binding_failed(port)
        bound = str(port.get("binding:host_id") or "")
        going = _mapping(port, "binding:profile").get("migrating_to")
        here = same_host(bound, host) or same_host(str(going or ""), host)
        if bound and not here and not self._by_keepalived(port):
            return Fault(
                "bound_elsewhere",
                f"{host}: {name} is here, but Neutron has bound its port to {bound}",
                "A migration that has not finished, or that failed, leaves such a device.",
                "unknown",
            )
        if port.get("status") == "DOWN":
            asked = "" if port.get("admin_state_up", True) else "; its admin state is down"
            return Fault(
                "port_down",
                f"{host}: Neutron has the port of {name} as DOWN{asked}",
                "Neutron says so when the agent has not reported the port as wired.",
                "unknown",
            )
        return None

    def _by_keepalived(self, port: Record) -> bool:
        """True for a port that all hosts of a highly available router have."""
        owner, router = port.get("device_owner"), port.get("device_id")
        return owner in _BY_KEEPALIVED and router in self._ha_routers

    def binding_failed(self, port: Record) -> Fault:
        """Return the fault of a port that no mechanism driver could bind; None for other ports."""
        return Fault(
            "binding_failed",
            f"port {port['id']}: Neutron could not bind it to host "
            f"{port.get('binding:host_id') or '(none)'}",
            "Is an agent of a configured mechanism driver alive there? See Neutron's log.",
        )


def port_fault(host: str, name: str, port: Record) -> Fault | None:
    """Return the fault of a port for which Open vSwitch reports an error; None for other ports."""
    if not port.get("error"):
        return None
    return Fault(
        "port_error",
        f"{host}: Open vSwitch cannot use port {name}: {port['error']}",
        "The device is missing or in use elsewhere: plug it again, or remove the port.",
    )


def down_fault(host: str, states: Mapping[str, Any]) -> Fault | None:
    """Return the fault when one of these devices is down; `states` maps devices to their states."""
    down = [name for name, state in states.items() if str(state).lower() == "down"]
    if not down:
        return None
    return Fault(
        "link_down",
        f"{host}: {' and '.join(down)} {'is' if len(down) == 1 else 'are'} down",
        "Did somebody set it down (`ip link`)? Does its cable or its other end fail?",
    )


def loose_tap(vnic: Record, vedge: Record | None, bridges: Mapping[str, Record]) -> Fault | None:
    """Return the fault of an instance's tap that is not in the bridge that its domain names.

    `vedge` is the switch of its host, `bridges` the Linux bridges there by name.
    """
    named, name, host = str(vnic.get("source_bridge") or ""), str(vnic["name"]), vnic.get("host")
    wanted = named or _bridge_of_ovn(vnic, vedge or {})
    if vnic.get("vnic_type") != "instance_vnic" or not wanted or "master" not in vnic:
        return None
    port = _mapping(vedge or {}, "ports").get(name)
    switches = {str(item.get("name")) for item in (vedge or {}).get("bridges") or ()}
    if wanted.startswith(("qbr", "brq")) or wanted in bridges:
        found = str(vnic["master"] or (port or {}).get("bridge") or "")
    elif wanted in switches:
        found = str((port or {}).get("bridge") or vnic["master"] or "")
    else:
        return None
    if found == wanted or (found == OVS_MASTER and wanted in switches):
        return None  # the kernel names Open vSwitch as a whole, not which of its bridges it is
    where = f"in {found}" if found else "in no bridge"
    return Fault(
        "tap_not_in_bridge",
        f"{host}: {name} is {where}; "
        + (f"libvirt put it into {wanted}" if named else f"OVN's guests belong into {wanted}"),
        "See the log of nova-compute: how did libvirt plug the interface?",
    )


def _bridge_of_ovn(vnic: Record, vedge: Record) -> str:
    """The bridge of a guest's tap on a host with OVN: libvirt names none, Nova itself plugs it."""
    if not vedge.get("chassis") or vnic.get("@type") != "ethernet":
        return ""
    return integration_bridge(_mapping(vedge, "configurations"))


def broken_pair(vconnector: Record, vedge: Record | None) -> Fault | None:
    """Return the fault of a hybrid plug without a path to the switch.

    The path is a veth pair: `qvb` in the bridge, `qvo` in the switch.
    """
    bridge, host = str(vconnector.get("bridge_name") or ""), vconnector.get("host")
    ports = _mapping(vedge or {}, "ports")
    if not bridge.startswith("qbr") or not ports:
        return None
    inner, outer, tap = (f"{prefix}{bridge[3:]}" for prefix in ("qvb", "qvo", "tap"))
    members = values(vconnector.get("interfaces_names"))
    hint = "See the log of nova-compute: how did libvirt plug the interface?"
    if inner not in members and (tap in members or outer in ports):
        text = f"{host}: {bridge} has no {inner}: it has no path to Open vSwitch"
        return Fault("veth_broken", text, hint)
    if inner in members and outer not in ports:
        text = f"{host}: {outer} is not a port of Open vSwitch: {bridge} has no path to it"
        return Fault("veth_broken", text, hint)
    return None


def faulty_tunnels(otep: Record) -> Iterator[Fault]:
    """Tunnels of an endpoint that Open vSwitch cannot use."""
    for tunnel in otep.get("odd_tunnels") or ():
        fault = port_fault(str(otep.get("host")), str(tunnel["name"]), tunnel)
        if fault is not None:
            yield fault


def _majority(votes: Counter[int], at_least: int = 1) -> int | None:
    """Return the most frequent value; None if it is too rare or if two values are equally
    frequent.
    """
    ranked = [(vlan, count) for vlan, count in votes.most_common(2) if count >= at_least]
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() else None


def _mapping(document: Record, key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}
