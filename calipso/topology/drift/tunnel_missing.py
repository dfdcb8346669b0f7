"""Two hosts that share a tunnel network, and one of them has no tunnel to the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class TunnelMissing(DriftRule):
    """A host has a device of a network, and no tunnel to another host that has one too."""

    severity = DriftSeverity.CRITICAL
    sentence = "A host has no tunnel to another host that has devices of the same network."
    remedy = (
        "Look at the log of the Open vSwitch agent of the host: it makes the tunnels to its peers."
    )
    reads: ClassVar[Reads] = {
        "otep": ("ip_address", "overlay_type", "remote_addresses", "tunnel_device"),
        "network": ("provider:network_type",),
        "vnic": ("network",),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Each pair of endpoints of switches whose hosts were both read."""
        endpoints = {
            (str(item.get("host")), str(item.get("overlay_type"))): item
            for item in facts.of("otep")
            if item.get("ip_address") and not item.get("tunnel_device")
        }
        missing: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for network, hosts in _hosts_of_networks(facts):
            kind = str(network.get("provider:network_type"))
            there = [name for name in sorted(hosts) if (name, kind) in endpoints]
            for name in there:
                known = set(endpoints[name, kind].get("remote_addresses") or ())
                if not facts.is_read(name):
                    continue
                for peer in there:
                    address = endpoints[peer, kind]["ip_address"]
                    if peer != name and address not in known and facts.is_read(peer):
                        missing[name, kind, peer].append(str(network["name"]))
        for (name, kind, peer), networks in missing.items():
            yield _found(endpoints[name, kind], endpoints[peer, kind], sorted(networks))


def _hosts_of_networks(facts: Facts) -> Iterator[tuple[Record, set[str]]]:
    hosts: dict[str, set[str]] = defaultdict(set)
    for nic in facts.of("vnic"):
        named = nic.get("network")
        for network in named if isinstance(named, list) else [named]:
            if network and nic.get("host"):
                hosts[str(network)].add(str(nic["host"]))
    for key, names in hosts.items():
        network_object = facts.get("network", key)
        if network_object is not None and len(names) > 1:
            yield network_object, names


def _found(own: Record, peer: Record, networks: list[str]) -> Found:
    return Found(
        own,
        f"{own['host']} has no {own['overlay_type']} tunnel to {peer['ip_address']} of "
        f"{peer['host']}; both have devices of {', '.join(networks[:5])}",
        (
            said("cli", own, f"no tunnel with remote_ip={peer['ip_address']}"),
            said("db", peer, f"ip_address={peer['ip_address']}"),
        ),
        part=str(peer["host"]),
        others=(peer,),
    )
