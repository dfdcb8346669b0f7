"""Settling: after a scan, what no round gives a status gets one.

A round writes what changed. So a clique that a scan finds of members that are known already, and an
object that nobody can check, would have no status until their first trouble. Settling looks at what
the scan stamped, writes the difference, and is done until the next scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.environment import Environment
from calipso.model.monitoring import Finding, Target, Value
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import API, RoundStore
from calipso.stores.scans.finished import finished_generation
from calipso.utils.clock import now
from monitoring.handlers.handle import apply
from monitoring.handlers.resolve import LINK_FIELDS, OBJECT_FIELDS, link_target, object_target
from monitoring.handlers.rolling import PORTION, Rolling
from monitoring.runner.judging import NOT_CHECKED, SOURCE
from monitoring.runner.registry import load_checks

STATUS = "monitoring.value"


def is_due(inv: InventoryMgr, environment: Environment, moment: datetime) -> bool:
    """True when there is something to settle; the caller has it for one interval then."""
    store = RoundStore(inv.db)
    document = store.get(environment.name, API)
    if document is None or (document.get("settle_after") or moment) > moment:
        return False
    settled = document.get("settled")
    if settled is not None and not document.get("waiting"):  # noqa: SIM102 - one thing each
        if finished_generation(inv, environment.name) <= settled:
            return False
    following = moment + timedelta(seconds=environment.monitoring_interval)
    return store.claim_settling(environment.name, document.get("settle_after"), following)


def settle(environment: str) -> dict[str, int]:
    """Give a status to what has none; returns how many objects, links and cliques got or changed
    theirs, and how many wait for a round of their host.
    """
    inv = InventoryMgr()
    store = RoundStore(inv.db)
    document = store.get(environment, API)
    if document is None:
        return {}
    generation = finished_generation(inv, environment)
    rounds = {item["host"]: item for item in store.of(environment, ("host", "started", "lost"))}
    waiting: set[ObjectId] = set()
    lost: list[Finding] = []
    for target in _unchecked(inv, environment):
        if _comes(rounds.get(target.host)):
            waiting.add(target.key)
        else:
            lost.append(_unknown(target))
    done = apply(inv, environment, lost)
    counts = _cliques(inv, environment, document.get("settled"), waiting)
    more = {"settled": generation, "waiting": bool(counts["waiting"] or waiting)}
    store.note_settled(environment, more | {"cliques": counts["all"]})
    return {"unknown": done, "cliques": counts["changed"], "waiting": len(waiting)}


def _comes(document: Mapping[str, Any] | None) -> bool:
    """True when a round will judge what is on the host."""
    return document is not None and not document.get("lost")


def _unchecked(inv: InventoryMgr, environment: str) -> Iterator[Target]:
    """Yield objects and links without a status, of types that have a check."""
    checks = load_checks()
    fields = (*OBJECT_FIELDS, STATUS)
    for kind in sorted(kind for kind, check in checks.items() if not check.of_link):
        for item in inv.each(environment, kind, fields):
            if not item.get("monitoring"):
                target = object_target(item)
                yield _of_api(target) if checks[kind].facts == "api" else target
    links = [kind for kind, check in checks.items() if check.of_link]
    for link in inv.each_link(environment, links, (*LINK_FIELDS, STATUS)):
        if not link.get("monitoring"):
            yield link_target(link)


def _of_api(target: Target) -> Target:
    """What the API is asked of belongs to its round, wherever it runs."""
    return Target(target.collection, target.key, target.type, target.id, name=target.name)


def _unknown(target: Target) -> Finding:
    why = f"no round asks host {target.host}" if target.host else "it is on no host"
    text = f"{NOT_CHECKED}{why}"
    return Finding(target, Value.UNKNOWN, text, now(), SOURCE, derived=True, quiet=True)


def _cliques(
    inv: InventoryMgr, environment: str, settled: int | None, waiting: set[ObjectId]
) -> dict[str, int]:
    """Roll up the cliques that scans stamped since, and those without a status."""
    fields = {"generation": 1, STATUS: 1}
    found = inv.collection("cliques").find({"environment": environment}, fields, batch_size=5000)
    keys, number = [], 0
    for clique in found:
        number += 1
        new = settled is None or int(clique.get("generation") or 0) > settled
        if new or not clique.get("monitoring"):
            keys.append(clique["_id"])
    rolling = Rolling(inv, environment)
    changed = left = 0
    for some in _read(inv, keys):
        ready = [c for c in some if c.get("monitoring") or not _waits(c, waiting)]
        left += len(some) - len(ready)
        changed += rolling.store(ready)
    return {"all": number - left, "changed": changed, "waiting": left}


def _waits(clique: Mapping[str, Any], waiting: set[ObjectId]) -> bool:
    return any(key in waiting for key in (*clique["objects"], *clique["links"]))


def _read(inv: InventoryMgr, keys: Iterable[ObjectId]) -> Iterator[list[Document]]:
    wanted = list(keys)
    for start in range(0, len(wanted), PORTION):
        yield list(Rolling.read(inv, {"_id": {"$in": wanted[start : start + PORTION]}}))
