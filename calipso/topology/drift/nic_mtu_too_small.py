"""A NIC or tunnel endpoint too small for what a network sends through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts

#: Bytes that a tunnel adds to a packet of IPv4; with IPv6 below, 20 more.
OVERHEAD = {"vxlan": 50, "geneve": 50, "gre": 42}
DIRECT = ("vlan", "flat")


class NicMtuTooSmall(DriftRule):
    """Packets of the size of the network do not fit through the NIC or the tunnel."""

    severity = DriftSeverity.MAJOR
    sentence = "A NIC or a tunnel endpoint is too small for the packets of a network."
    remedy = "Raise the MTU of the NIC and of the switch port, or lower that of the network."
    reads: ClassVar[Reads] = {
        "host_pnic": ("mtu", "local_name"),
        "otep": ("mtu", "overlay_type", "ip_address", "device", "tunnel_device"),
        "network": ("mtu", "provider:network_type"),
        "vnic": ("network",),
    }
    link_types = ("host_pnic-network",)

    def find(self, facts: Facts) -> Iterator[Found]:
        """NICs by the links to the networks they carry, endpoints by the networks of the host."""
        for link in facts.links("host_pnic-network"):
            nic = facts.get("host_pnic", link["source_id"])
            network = facts.get("network", link["target_id"])
            if nic is None or network is None or nic.get("stale_since"):
                continue
            if network.get("provider:network_type") in DIRECT:
                yield from _compared(nic, network, 0)
        for endpoint in facts.of("otep"):
            more = OVERHEAD.get(str(endpoint.get("overlay_type")))
            if more is None or endpoint.get("tunnel_device"):
                continue  # the MTU of a tunnel device is what fits into the tunnel
            more += 20 if ":" in str(endpoint.get("ip_address", "")) else 0
            for network in _of_host(facts, endpoint):
                if network.get("provider:network_type") == endpoint["overlay_type"]:
                    yield from _compared(endpoint, network, more)


def _of_host(facts: Facts, endpoint: Record) -> list[Record]:
    ids = set[str]()
    for nic in facts.on_host("vnic", endpoint.get("host")):
        named = nic.get("network")
        ids |= set(map(str, named if isinstance(named, list) else [named]))
    found = (facts.get("network", item) for item in sorted(ids))
    return [network for network in found if network is not None]


def _compared(item: Record, network: Record, more: int) -> Iterator[Found]:
    mtu, wanted = item.get("mtu"), network.get("mtu")
    if not isinstance(mtu, int) or not isinstance(wanted, int) or mtu >= wanted + more:
        return
    extra = f" and its tunnel adds {more}" if more else ""
    yield Found(
        item,
        f"{item.get('local_name') or item.get('device') or item['name']} on {item.get('host')} "
        f"has MTU {mtu}; network {network['name']} has {wanted}{extra}",
        (said("cli", item, f"mtu={mtu}"), said("api", network, f"mtu={wanted}")),
        part=str(network["id"]),
        others=(network,),
    )
