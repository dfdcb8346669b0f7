"""What a virtual switch does with the frames of a network on their way. Pure."""

from __future__ import annotations

from typing import Any

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.path import Hop
from calipso.topology.carriers import TUNNELS
from calipso.topology.path.world import segment_of
from calipso.topology.plugs import DEAD_VLAN
from calipso.topology.plumbing import integration_bridge, values

#: Bytes that a tunnel adds to a packet over IPv4.
OVERHEAD = {"vxlan": 50, "gre": 42, "geneve": 58}


def switch_port(vedge: Record, vnic: Record) -> tuple[str, dict[str, Any]]:
    """Name and row of the port by which a device is in a switch; empty when none is found."""
    ports = vedge.get("ports")
    rows = ports if isinstance(ports, dict) else {}
    device, port_id = str(vnic.get("device") or vnic.get("name") or ""), vnic.get("port_id")
    for name, row in rows.items():
        if not isinstance(row, dict) or row.get("type") == "patch":
            continue
        if name == device or (port_id and row.get("port_id") == port_id):
            return str(name), row
    return "", {}


def judge_switch(hop: Hop, vedge: Record, vnic: Record, network: Record, *, leaves: bool) -> None:
    """Fill in the port of a device in the switch, and find what is wrong with it.

    `leaves`: the frames leave the host here, so a way from bridge to bridge is needed too.
    """
    name, row = switch_port(vedge, vnic)
    hop.way_in = name
    hop.tag = _number(row.get("tag"))
    kind, number, physical = segment_of(network, _mapped(vedge, network))
    hop.segment = number
    if name and hop.evidence:
        hop.evidence.line = f"port {name}: bridge {row.get('bridge')}, tag {hop.tag}"
    if hop.stale_since:
        return
    noted = _number((row.get("other_config") or {}).get("segmentation_id"))
    if noted is not None and number is not None and noted != number and not network.get("segments"):
        hop.fail(
            Verdict.NO,
            "wrong_segment",
            f"{hop.host}: the agent has wired port {name} to segment {noted}; its network has "
            f"{number}",
            "See the log of the host's agent.",
        )
    if hop.tag == DEAD_VLAN:
        hop.fail(Verdict.NO, "dead_vlan", f"{hop.host}: port {name} is in VLAN {DEAD_VLAN}")
    if leaves and str(row.get("bridge") or "").startswith(integration_bridge(_conf(vedge))):
        _judge_patch(hop, vedge, kind, physical)


def judge_leaving(hop: Hop, vedge: Record, network: Record) -> None:
    """Whether frames that the switch itself sends (OVN's router) can leave the host."""
    kind, hop.segment, physical = segment_of(network, _mapped(vedge, network))
    if not hop.stale_since:
        _judge_patch(hop, vedge, kind, physical)


def _mapped(vedge: Record, network: Record) -> str:
    """Of a network of several segments, the physical network that the host has a mapping for."""
    mapped = vedge.get("bridge_mappings") or {}
    parts = network.get("segments") or ()
    names = (str(part.get("provider:physical_network") or "") for part in parts)
    return next((name for name in names if name in mapped), "")


def _judge_patch(hop: Hop, vedge: Record, kind: str, physical: str) -> None:
    """Whether the integration bridge is joined to the bridge by which the network leaves."""
    inner = integration_bridge(_conf(vedge))
    if kind in TUNNELS:
        outer, what = _tunnel_bridge(vedge), "tunnels"
    else:
        outer = str((vedge.get("bridge_mappings") or {}).get(physical) or "")
        what = f"physical network {physical}"
        if not outer:
            hop.fail(
                Verdict.NO,
                "mapping_missing",
                f"{hop.host}: no bridge is mapped to {what}",
                "Set bridge_mappings of the host's agent.",
            )
            return
    if not outer or outer == inner or _joined(vedge, inner, outer):
        return
    hop.fail(
        Verdict.NO,
        "patch_missing",
        f"{hop.host}: no patch ports join {inner} with {outer}, the bridge for {what}",
        "The agent makes them when it starts: see its log.",
    )


def _tunnel_bridge(vedge: Record) -> str:
    """The bridge with the tunnels: as the agent is configured, otherwise by its usual name."""
    bridges = {str(one.get("name")) for one in vedge.get("bridges") or ()}
    wanted = str(_conf(vedge).get("tunnel_bridge") or "br-tun")
    return wanted if wanted in bridges else ""


def _joined(vedge: Record, inner: str, outer: str) -> bool:
    """True when patch ports, or a veth pair, lead from one bridge to the other."""
    patches = vedge.get("patch_ports")
    rows = list(patches.values()) if isinstance(patches, dict) else []
    reached, todo = {inner}, [inner]
    while todo:
        here = todo.pop()
        for row in rows:
            beyond = str(row.get("peer_bridge") or "")
            if row.get("bridge") == here and beyond and beyond not in reached:
                reached.add(beyond)
                todo.append(beyond)
    ports = vedge.get("ports")
    devices = ports.values() if isinstance(ports, dict) else ()
    by_veth = any(p.get("bridge") == outer and "int-" in str(p.get("name")) for p in devices)
    return outer in reached or by_veth


def judge_tunnel(hop: Hop, otep: Record, far: Record | None, network: Record) -> None:
    """Whether the endpoint has a tunnel to the endpoint at the other side."""
    kind, number, _ = segment_of(network)
    # OVN gives a network a number of its own on the wire, other than Neutron's
    hop.segment = _number((network.get("ovn") or {}).get("tunnel_key")) or number
    if hop.stale_since:
        return
    if otep.get("tunnels_state") == "down":
        hop.fail(Verdict.NO, "tunnels_down", f"{hop.host}: Open vSwitch can use no tunnel")
    if far is None:
        return
    there = str(far.get("ip_address") or "")
    hop.way_out = f"{kind} to {there}"
    known = otep.get("remote_addresses")
    if there and known is not None and there not in values(known):
        hop.fail(
            Verdict.NO,
            "tunnel_missing",
            f"{hop.host}: there is no tunnel to {there}, the endpoint of {far.get('host')}",
            "The agent makes tunnels by Neutron's list of endpoints (`ml2_*_endpoints`) and "
            "L2 population; see its log.",
        )
    for odd in otep.get("odd_tunnels") or ():
        if odd.get("remote_ip") == there and (odd.get("error") or odd.get("state") == "down"):
            text = odd.get("error") or "it is down"
            hop.fail(
                Verdict.NO,
                "tunnel_error",
                f"{hop.host}: tunnel {odd.get('name')} to {there}: {text}",
            )


def judge_mtu(hop: Hop, network: Record) -> None:
    """Whether packets of the network's size pass a device."""
    wanted = _number(network.get("mtu"))
    if wanted is None or hop.mtu is None or hop.stale_since:
        return
    kind = segment_of(network)[0]
    if hop.type == "host_pnic":
        wanted += OVERHEAD.get(kind, 0)
    elif hop.type not in ("vnic", "vconnector"):
        return
    if hop.mtu < wanted:
        hop.fail(
            Verdict.DEGRADED,
            "mtu_small",
            f"{hop.host}: {hop.type} {hop.name} has MTU {hop.mtu}; packets of this network need "
            f"{wanted} there",
            "Small packets pass, large ones are lost.",
        )


def _conf(vedge: Record) -> dict[str, Any]:
    found = vedge.get("configurations")
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
