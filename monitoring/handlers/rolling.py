"""Rolling: the statuses of the cliques that hold a changed object or link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.monitoring import Finding, Target, Value
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import API, RoundStore
from calipso.stores.monitoring.status_store import Changed, StatusStore
from calipso.topology.adjacency import split_type
from calipso.topology.rollup import Rolled, rollup
from calipso.utils.clock import now
from monitoring.handlers.holding import FIELDS, cliques_holding

#: Cliques whose links are read together.
PORTION = 200


def roll_up(inv: InventoryMgr, environment: str, changed: Sequence[Changed]) -> int:
    """Store the statuses of the cliques that hold what changed; returns how many changed.

    Where our own runner checks the environment, a clique is not called OK before all its members
    were looked at: its first OK is stored when that is settled (`runner.settling`). So the first
    OK of a member asks for nothing here.
    """
    if not changed:
        return 0
    rolling = Rolling(inv, environment)
    keys = {one.found.target.key for one in changed if not (rolling.settles and _first_ok(one))}
    number, holding = 0, cliques_holding(inv, environment, keys) if keys else iter(())
    while cliques := list(islice(holding, PORTION)):
        number += rolling.store(cliques, first_ok=not rolling.settles)
    return number


def _first_ok(one: Changed) -> bool:
    return one.before is None and one.status["value"] == Value.OK


class Rolling:
    """Stores statuses of cliques, as the troubles of their members were when it was made."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self.inv = inv
        self.environment = environment
        self._store = StatusStore(inv, environment)

    @staticmethod
    def read(inv: InventoryMgr, query: Mapping[str, Any]) -> Iterator[Document]:
        """Yield cliques with what a roll-up reads."""
        yield from inv.collection("cliques").find(query, FIELDS)

    def store(self, cliques: Sequence[Document], *, first_ok: bool = True) -> int:
        """Store the statuses of some cliques; returns how many changed.

        Without `first_ok`, a clique that has none yet does not get OK as its first.
        """
        bad = self.bad
        ill = [c for c in cliques if any(key in bad for key in (*c["objects"], *c["links"]))]
        links = _links(self.inv, {key for clique in ill for key in clique["links"]})
        rolled: dict[ObjectId, Rolled] = {}
        for clique in cliques:
            own = [links[key] for key in clique["links"] if key in links]
            types = {clique["focal_point"]: str(clique["focal_point_type"])}
            for link in own:
                ends = link["source"], link["target"]
                types |= dict(zip(ends, split_type(link["link_type"]), strict=True))
            rolled[clique["_id"]] = rollup(clique, own, types, bad)
        first = [one.first_bad for one in rolled.values() if one.first_bad is not None]
        names = self.inv.find_by_keys(first, ("type", "id", "name"))
        known = [
            clique
            for clique in cliques
            if first_ok or clique.get("monitoring") or rolled[clique["_id"]].value
        ]
        findings = [_finding(clique, rolled[clique["_id"]], names, links) for clique in known]
        return len(self._store.apply(findings))

    @cached_property
    def bad(self) -> dict[ObjectId, Value]:
        """Members that are not OK. What is silenced does not count."""
        moment = now()
        return {
            item["_id"]: Value(item["value"])
            for item in self._store.troubles(kind={"$in": ["object", "link"]})
            if item["value"] and not (item["silenced_until"] and item["silenced_until"] > moment)
        }

    @cached_property
    def settles(self) -> bool:
        """True when our own runner checks the environment."""
        return RoundStore(self.inv.db).get(self.environment, API) is not None


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
