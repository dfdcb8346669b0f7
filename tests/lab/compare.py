"""Holds the exported inventory, links and cliques against the truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ask_cloud import CloudFacts
from ask_hosts import HostFacts
from expect import Expected

Row = dict[str, Any]


@dataclass
class Result:
    """One line of the table."""

    kind: str
    truth: int = 0
    found: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        return not (self.missing or self.extra or self.different)


def kind_of(document: Row) -> str:
    """Type of an inventory document; vNICs of instances and of services are two types."""
    kind = str(document["type"])
    if kind == "vnic":
        return (
            "vnic (instance)" if document.get("vnic_type") == "instance_vnic" else "vnic (vservice)"
        )
    return kind


def shaped(document: Row) -> Row:
    """The fields of a document in the form of the truth."""
    found = dict(document)
    if document["type"] == "vedge":
        ports = _rows(document.get("ports"))
        found["ports"] = [[p.get("bridge"), p["name"], p.get("tag"), p.get("id")] for p in ports]
    if document["type"] in ("network", "port"):
        words = document.get("ovn") or {}
        found |= {"ovn_key": words.get("tunnel_key"), "ovn_host": words.get("host") or None}
    if document["type"] == "vservice" and "nat" in document:
        keys = ("type", "external_ip", "logical_ip", "external_mac", "port_id")
        found["nat"] = [[item.get(key, "") for key in keys] for item in document["nat"]]
    if document["type"] == "port":
        pairs = document.get("allowed_address_pairs") or []
        found["allowed_address_pairs"] = [
            [pair["ip_address"], pair["mac_address"].lower()] for pair in pairs
        ]
    if document["type"] == "vnic":
        subs = document.get("sub_ports") or []
        found["sub_ports"] = [[sub["port_id"], sub["network"], sub["vlan"]] for sub in subs]
    if document["type"] == "otep":
        groups = _rows(document.get("tunnels"))
        found["tunnels"] = [[t["bridge"], t["type"], t["options"].get("local_ip")] for t in groups]
    return found


def _rows(value: Any) -> list[Row]:
    return list(value.values()) if isinstance(value, dict) else list(value or [])


def compare(
    kinds: Iterable[str], truth: list[Expected], found: dict[str, list[tuple[str, Row]]]
) -> list[Result]:
    """One result per kind: by id, then field by field."""
    results = []
    for kind in kinds:
        wanted = {e.id: e for e in truth if e.kind == kind}
        here = found.get(kind, [])
        result = Result(kind, len(wanted), len(here))
        names = Counter(name for name, _ in here)
        result.extra += [f"{name} ({n} times)" for name, n in names.items() if n > 1]
        documents = dict(here)
        result.missing = sorted(wanted.keys() - documents.keys())
        result.extra += sorted(documents.keys() - wanted.keys())
        for name in sorted(wanted.keys() & documents.keys()):
            result.different += [f"{name}: {d}" for d in wanted[name].differences(documents[name])]
        results.append(result)
    return results


def compare_objects(truth: list[Expected], inventory: list[Row]) -> list[Result]:
    """Objects by type and id; folders have no truth of their own."""
    found: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for document in inventory:
        if not document["type"].endswith("_folder"):
            found[kind_of(document)].append((document["id"], shaped(document)))
    kinds = dict.fromkeys([e.kind for e in truth] + sorted(found))
    return compare(kinds, truth, found)


def compare_links(truth: list[Expected], links: list[Row]) -> list[Result]:
    """Links by type and both ends. Implicit ones follow from others and are not compared."""
    found: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for link in links:
        if not link.get("implicit"):
            ends = f"{link['source_id']} -> {link['target_id']}"
            told = link.get("attributes", {})
            shown = {**link, "network": told.get("network"), "uplink": told.get("uplink")}
            found[link["link_type"]].append((ends, shown))
    kinds = dict.fromkeys([e.kind for e in truth] + sorted(found))
    return compare(kinds, truth, found)


def compare_cliques(
    cloud: CloudFacts,
    facts: dict[str, HostFacts],
    inventory: list[Row],
    links: list[Row],
    cliques: list[Row],
) -> list[Result]:
    """Whether cliques lead where they must: to the networks of an instance or a vservice, to the
    instances of a network, and to no others. An interface that passes no frames leads nowhere."""
    by_id = {str(link["_id"]): link for link in links}
    networks = {network["id"] for network in cloud.networks}
    servers = {server["id"] for server in cloud.servers}
    services = {
        d["id"]: set(_listed(d.get("network")))
        for d in inventory
        # OVN's DHCP has no device: it answers the guests of its host, and no packet leaves
        if d["type"] == "vservice" and "dhcp" not in d
    }
    of_server = {server: _networks_of(cloud, facts, server) for server in servers}
    of_network = {
        network: {server for server in servers if network in of_server[server]}
        for network in networks
    }
    with_clique = {network: found for network, found in of_network.items() if found}
    return [
        _lead("instance", of_server, networks, cliques, by_id),
        _lead("vservice", services, networks, cliques, by_id),
        _lead("network", with_clique, servers, cliques, by_id),
        _ends(inventory, cliques, by_id),
    ]


def _lead(
    kind: str,
    wanted: dict[str, set[str]],
    goals: set[str],
    cliques: list[Row],
    links: dict[str, Row],
) -> Result:
    """One clique for each focal point, and the goals that its links alone reach."""
    result = Result(f"clique of {kind}", truth=len(wanted))
    for focal, targets in wanted.items():
        own = [c for c in cliques if c["focal_point_type"] == kind and c["focal_point_id"] == focal]
        result.found += len(own)
        if len(own) != 1:
            result.missing.append(f"{focal}: {len(own)} cliques")
            continue
        reached = _reached(focal, [links.get(str(i)) for i in own[0]["links"]]) & goals
        result.missing += [f"{focal}: no path to {name}" for name in sorted(targets - reached)]
        result.extra += [f"{focal}: a path to {name}" for name in sorted(reached - targets)]
    return result


def _ends(inventory: list[Row], cliques: list[Row], links: dict[str, Row]) -> Result:
    """Whether every link and every focal point that a clique names is stored."""
    alive = {str(document["_id"]) for document in inventory}
    result = Result("clique, ends", len(cliques), len(cliques))
    for clique in cliques:
        focal = clique["focal_point_id"]
        lost = [str(i) for i in clique["links"] if str(i) not in links]
        result.extra += [f"{focal}: link {i} is not stored" for i in lost]
        if str(clique["focal_point"]) not in alive:
            result.extra.append(f"{focal}: focal point is not in the inventory")
    return result


def _networks_of(cloud: CloudFacts, facts: dict[str, HostFacts], server: str) -> set[str]:
    """Networks of the interfaces of a server that pass frames."""
    cut = {
        nic["mac"].lower()
        for said in facts.values()
        for nic in said.guests.get(server, {"interfaces": ()})["interfaces"]
        if not said.passes(nic["dev"]) or nic["dev"] in said.unplugged
    }
    own = [port for port in cloud.ports if port["device_id"] == server]
    whole = [port for port in own if port["mac_address"].lower() not in cut]
    return {network for port in whole for network in cloud.networks_by(port)}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _reached(start: str, links: list[Row | None]) -> set[str]:
    """Ids that a walk over these links reaches, in either direction.

    A clique shows a link that is down, and what is at its other end: that is no path.
    """
    near: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link and link["state"] != "down":
            near[link["source_id"]].add(link["target_id"])
            near[link["target_id"]].add(link["source_id"])
    seen, todo = {start}, [start]
    while todo:
        new = near[todo.pop()] - seen
        seen |= new
        todo += new
    return seen
