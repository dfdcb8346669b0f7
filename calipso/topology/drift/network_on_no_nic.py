"""A VLAN or flat network with guests on a host, and no NIC of the host carries it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class NetworkOnNoNic(DriftRule):
    """Devices of the network are on the host, and nothing leads them out."""

    severity = DriftSeverity.CRITICAL
    sentence = "A host has devices of a network, and no NIC of the host carries the network."
    remedy = "Check the bridge mapping of the agent and the NIC in the mapped bridge."
    reads: ClassVar[Reads] = {
        "vnic": ("network", "vnic_type"),
        "network": ("provider:network_type", "provider:physical_network"),
        "host_pnic": (),
        "vedge": ("bridge_mappings", "bridges"),
    }
    link_types = ("host_pnic-network",)

    def find(self, facts: Facts) -> Iterator[Found]:
        """Hosts that were read, have NICs, and carry some network: the others say nothing."""
        carried: dict[str, set[str]] = defaultdict(set)
        for link in facts.links("host_pnic-network"):
            nic = facts.get("host_pnic", link["source_id"])
            if nic is not None:
                carried[str(nic.get("host"))].add(str(link["target_id"]))
        needed: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for nic in facts.of("vnic"):
            if isinstance(nic.get("network"), str) and nic.get("host"):
                needed[str(nic["host"]), nic["network"]].append(nic)
        for (host, key), nics in sorted(needed.items()):
            network = facts.get("network", key)
            if network is None or key in carried[host] or not facts.is_read(host):
                continue
            if network.get("provider:network_type") not in ("vlan", "flat"):
                continue
            if not facts.on_host("host_pnic", host) or _told_elsewhere(facts, host, network):
                continue
            yield Found(
                network,
                f"{len(nics)} devices of network {network['name']} are on {host}, and no NIC of "
                "the host carries it",
                (said("cli", nics[0], f"{nics[0]['name']} on {host}"),),
                part=host,
            )


def _told_elsewhere(facts: Facts, host: str, network: Record) -> bool:
    """True when the mapping of its physical network leads nowhere, which has its own rule."""
    physical = str(network.get("provider:physical_network"))
    for switch in facts.on_host("vedge", host):
        name = (switch.get("bridge_mappings") or {}).get(physical)
        bridges = {str(b.get("name")): b for b in switch.get("bridges") or ()}
        if name and not (bridges.get(str(name)) or {}).get("ways_out"):
            return True
    return False
