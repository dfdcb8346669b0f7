"""Rolling: the statuses of the cliques that hold a changed object or link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.monitoring import Finding, Target, Value
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.status_store import StatusStore
from calipso.topology.adjacency import split_type
from calipso.topology.rollup import Rolled, rollup
from calipso.utils.clock import now
from monitoring.handlers.holding import cliques_holding

#: Cliques whose links are read together.
PORTION = 200


def roll_up(inv: InventoryMgr, environment: str, changed: Iterable[ObjectId]) -> int:
    """Store the statuses of the cliques that hold one of these; returns how many changed."""
    store = StatusStore(inv, environment)
    keys = list(dict.fromkeys(changed))
    if not keys:
        return 0
    bad = _bad(store)
    number, holding = 0, cliques_holding(inv, environment, keys)
    while cliques := list(islice(holding, PORTION)):
        number += _store(inv, store, cliques, bad)
    return number


def _bad(store: StatusStore) -> dict[ObjectId, Value]:
    """Members that are not OK. What is silenced does not count."""
    moment = now()
    return {
        item["_id"]: Value(item["value"])
        for item in store.troubles(kind={"$in": ["object", "link"]})
        if item["value"] and not (item["silenced_until"] and item["silenced_until"] > moment)
    }


def _store(
    inv: InventoryMgr,
    store: StatusStore,
    cliques: Sequence[Document],
    bad: Mapping[ObjectId, Value],
) -> int:
    ill = [c for c in cliques if any(key in bad for key in (*c["objects"], *c["links"]))]
    links = _links(inv, {key for clique in ill for key in clique["links"]})
    names: dict[ObjectId, Document] = {}
    rolled: dict[ObjectId, Rolled] = {}
    for clique in cliques:
        own = [links[key] for key in clique["links"] if key in links]
        types = {clique["focal_point"]: str(clique["focal_point_type"])}
        for link in own:
            types |= dict(
                zip((link["source"], link["target"]), split_type(link["link_type"]), strict=True)
            )
        rolled[clique["_id"]] = rollup(clique, own, types, bad)
    first = [one.first_bad for one in rolled.values() if one.first_bad is not None]
    names |= inv.find_by_keys(first, ("type", "id", "name"))
    findings = [_finding(clique, rolled[clique["_id"]], names, links) for clique in cliques]
    return len(store.apply(findings))


def _links(inv: InventoryMgr, keys: Iterable[ObjectId]) -> dict[ObjectId, Document]:
    wanted = sorted(keys)
    fields = dict.fromkeys(("source", "target", "link_type", "source_id", "target_id"), 1)
    found: dict[ObjectId, Document] = {}
    for start in range(0, len(wanted), 1000):
        some = {"_id": {"$in": wanted[start : start + 1000]}}
        found |= {link["_id"]: link for link in inv.collection("links").find(some, fields)}
    return found


def _finding(
    clique: Mapping[str, Any],
    rolled: Rolled,
    names: Mapping[ObjectId, Mapping[str, Any]],
    links: Mapping[ObjectId, Mapping[str, Any]],
) -> Finding:
    target = Target(
        "cliques",
        clique["_id"],
        str(clique["clique_type"]),
        str(clique["focal_point_id"]),
        name=str(clique["focal_point_id"]),
    )
    first: dict[str, str] = {}
    if rolled.first_bad is not None:
        first = _named(rolled.first_bad, names, links)
    text = {
        Value.OK: "everything that it depends on is OK",
        Value.WARNING: "it is reached, but {} is not OK",
        Value.ERROR: "it is cut off by {}",
        Value.UNKNOWN: "nobody knows: {} is unknown",
    }[rolled.value].format(" ".join(first.values()) or "a member")
    return Finding(
        target,
        rolled.value,
        text,
        now(),
        "clique",
        derived=True,
        more={"first_bad": first, "counts": rolled.counts},
    )


def _named(
    key: ObjectId,
    names: Mapping[ObjectId, Mapping[str, Any]],
    links: Mapping[ObjectId, Mapping[str, Any]],
) -> dict[str, str]:
    if key in names:
        item = names[key]
        return {"type": str(item["type"]), "id": str(item["id"])}
    if key in links:
        link = links[key]
        return {"type": str(link["link_type"]), "id": f"{link['source_id']} -> {link['target_id']}"}
    return {}
