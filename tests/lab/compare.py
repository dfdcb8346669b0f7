"""Holds the exported inventory, links and cliques against the truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ask_cloud import CloudFacts
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
    """Type of an inventory document; vNICs of instances and of services are told apart."""
    kind = str(document["type"])
    if kind == "vnic":
        return (
            "vnic (instance)" if document.get("vnic_type") == "instance_vnic" else "vnic (vservice)"
        )
    return kind


def shaped(document: Row) -> Row:
    """The fields of a document in the shape the truth is told in."""
    found = dict(document)
    if document["type"] == "vedge":
        ports = _rows(document.get("ports"))
        found["ports"] = [[p.get("bridge"), p["name"], p.get("tag"), p.get("id")] for p in ports]
        tunnels = _rows(document.get("tunnel_ports"))
        found["tunnel_ports"] = [
            [t["name"], t["type"], t["options"].get("local_ip"), t["options"].get("remote_ip")]
            for t in tunnels
        ]
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
            network = link.get("attributes", {}).get("network")
            found[link["link_type"]].append((ends, {**link, "network": network}))
    kinds = dict.fromkeys([e.kind for e in truth] + sorted(found))
    return compare(kinds, truth, found)


def compare_cliques(
    cloud: CloudFacts, inventory: list[Row], links: list[Row], cliques: list[Row]
) -> list[Result]:
    """Whether the clique of each instance leads from it to each of its networks."""
    by_id = {str(link["_id"]): link for link in links}
    alive = {str(document["_id"]) for document in inventory}
    wanted = [(s["id"], "instance", _networks_of(cloud, s["id"])) for s in cloud.servers]
    services = [d for d in inventory if d["type"] == "vservice"]
    wanted += [(s["id"], "vservice", set(_listed(s.get("network")))) for s in services]
    results = {kind: Result(f"clique of {kind}") for kind in ("instance", "vservice")}
    for focal, kind, networks in wanted:
        result = results[kind]
        result.truth += 1
        own = [c for c in cliques if c["focal_point_type"] == kind and c["focal_point_id"] == focal]
        result.found += len(own)
        if len(own) != 1:
            result.missing.append(f"{focal}: {len(own)} cliques")
            continue
        reached = _reached(focal, [by_id.get(str(i)) for i in own[0]["links"]])
        result.missing += [f"{focal}: no path to network {n}" for n in networks - reached]
        strange = [n["id"] for n in cloud.networks if n["id"] in reached - networks]
        result.extra += [f"{focal}: leads to a network it has no port on: {n}" for n in strange]
    gone = Result("clique, ends")
    gone.truth = gone.found = len(cliques)
    for clique in cliques:
        lost = [str(i) for i in clique["links"] if str(i) not in by_id]
        gone.extra += [f"{clique['focal_point_id']}: link {i} is not stored" for i in lost]
        if str(clique["focal_point"]) not in alive:
            gone.extra.append(f"{clique['focal_point_id']}: focal point is not in the inventory")
    return [*results.values(), gone]


def _networks_of(cloud: CloudFacts, server: str) -> set[str]:
    return {port["network_id"] for port in cloud.ports if port["device_id"] == server}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _reached(start: str, links: list[Row | None]) -> set[str]:
    """Ids that a walk over these links reaches, in either direction."""
    near: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link:
            near[link["source_id"]].add(link["target_id"])
            near[link["target_id"]].add(link["source_id"])
    seen, todo = {start}, [start]
    while todo:
        new = near[todo.pop()] - seen
        seen |= new
        todo += new
    return seen
