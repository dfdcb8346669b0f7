"""Which changes are of interest: of scans, since a time, around an object; and how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from calipso.analysis.neighbours import neighbours
from calipso.model.documents import Document
from calipso.stores.inventory.change_store import ChangeStore, link_subject, within
from calipso.stores.inventory.changes import net
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode
from calipso.utils.constants import constant_values

#: Objects whose changes are looked for around one.
NEAR = 2000

KINDS = ("object", "link")
WHAT = ("added", "changed", "removed")


def around(inv: InventoryMgr, item: Mapping[str, Any], depth: int) -> list[Document]:
    """Conditions for the changes of an object and its links; with `depth`, of what is near."""
    environment, store = str(item["environment"]), ChangeStore(inv)
    conditions = list(store.of_links(environment, item, constant_values("link_types")))
    subjects: list[Mapping[str, Any]] = [item]
    if depth:
        near = neighbours(inv, item, depth, NEAR)
        subjects += inv.find_by_keys(near.distance, ("type", "id")).values()
        subjects += [link_subject(link) for link in near.links]
    return conditions + list(store.of_objects(environment, subjects))


def read(
    inv: InventoryMgr,
    conditions: Iterable[Document],
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Document]:
    """Changes that meet one of the conditions, each once, oldest first."""
    limits = within(since, until)
    found: dict[Any, Document] = {}
    for condition in conditions:
        for change in inv.collection("changes").find(condition | limits, {"was": 0}):
            found[change["_id"]] = decode(change)
    return sorted(found.values(), key=lambda item: (item["time"], str(item["_id"])))


def as_net(changes: Iterable[Document]) -> list[Document]:
    """The changes of each thing as one, by environment; see `stores.inventory.changes.net`."""
    by_environment: dict[str, list[Document]] = {}
    for change in changes:
        by_environment.setdefault(str(change["environment"]), []).append(change)
    return [item for name in sorted(by_environment) for item in net(by_environment[name])]


def counts(inv: InventoryMgr, environment: str, scan_id: str) -> dict[str, int]:
    """Changes that a scan recorded: `objects added`, ..., where there are any."""
    own = {"environment": environment, "scan_id": scan_id}
    found: dict[str, int] = {}
    for change in inv.collection("changes").find(own, {"kind": 1, "change": 1}):
        name = f"{change['kind']}s {change['change']}"
        found[name] = found.get(name, 0) + 1
    names = [f"{kind}s {what}" for kind in KINDS for what in WHAT]
    return {name: found[name] for name in names if name in found}
