"""Diff: what differs between two times, by kind, project, host and cause; and which findings.

It is made of `changes`, read by keys of an index. Each object and link that differs counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from calipso.analysis.change_log import as_net, read
from calipso.errors import ConfigError, NotFound
from calipso.model.answer import Answer, Verdict
from calipso.model.collections import COLLECTIONS
from calipso.model.documents import Document, Record
from calipso.model.inventory import object_key
from calipso.model.scan import RUNNING
from calipso.stores.inventory.finding_store import FindingStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore

PORTION = 500


@dataclass(frozen=True)
class Between:
    """Two times of one environment, the first not later than the second."""

    environment: str
    start: datetime
    end: datetime
    #: Ids of the scans, where scans were compared.
    scans: tuple[str, ...] = ()


@dataclass
class Difference:
    """What differs."""

    between: Between
    #: Net changes, each with `project` and `cause`.
    changes: list[Document] = field(default_factory=list)
    new: list[Document] = field(default_factory=list)
    cleared: list[Document] = field(default_factory=list)
    unchanged: list[Document] = field(default_factory=list)
    #: True: the rules of drift were applied after the last scan before the second time.
    judged: bool = False

    def counts(self) -> dict[str, dict[str, int]]:
        """Numbers of changes by what happened, type, project, host and cause."""
        names = {"change": "change", "type": "type", "project": "project", "host": "host"}
        found = {
            name: dict(Counter(str(item.get(key) or "") for item in self.changes).most_common())
            for name, key in names.items()
        }
        causes = Counter(str(item["cause"]["text"]) for item in self.changes)
        return found | {"cause": dict(causes.most_common())}


def of_scans(
    inv: InventoryMgr, first: str, last: str | None, environment: str | None = None
) -> Between:
    """The times at which two scans of one environment had ended; without `last`, the newest.

    Raises NotFound for scans that are not there or not of `environment`, ConfigError for scans of
    two environments, or one that has not ended.
    """
    store = ScanStore(inv)
    begin = _scan(store, first, environment)
    name = str(begin["environment"])
    if last is None:
        ended = {"environment": name, "inventory": inv.inventory, "status": {"$nin": RUNNING}}
        last = str(store.find_scans(ended, limit=1)[0]["_id"])
    final = _scan(store, last, environment)
    if final["environment"] != name:
        raise ConfigError(
            f"scans of {name} and {final['environment']} cannot be compared",
            hint="Give two scans of one environment: calipso scan list --env NAME",
        )
    for scan in (begin, final):
        if not scan.get("end_timestamp"):
            raise ConfigError(f"scan {scan['_id']} has not ended", hint="Wait for its end.")
    ends = begin["end_timestamp"], final["end_timestamp"]
    return between(name, *ends, (str(begin["_id"]), str(final["_id"])))


def _scan(store: ScanStore, key: str, environment: str | None) -> Document:
    scan = store.get(key)
    if environment not in (None, scan["environment"]):
        raise NotFound(f"no scan {key} of {environment}", hint="GET /api/v1/scans lists them.")
    return scan


def between(
    environment: str, start: datetime, end: datetime, scans: tuple[str, ...] = ()
) -> Between:
    """Two times in order. Raises ConfigError when the second is earlier."""
    if end < start:
        raise ConfigError(
            f"{end:%Y-%m-%dT%H:%M:%SZ} is before {start:%Y-%m-%dT%H:%M:%SZ}",
            hint="Give the earlier one first.",
        )
    return Between(environment, start, end, scans)


def difference(
    inv: InventoryMgr, where: Between, conditions: Iterable[Document] | None = None
) -> Difference:
    """What differs; `conditions` limit it to an object and what is near."""
    wanted = [{"environment": where.environment}] if conditions is None else list(conditions)
    # changes of the first time itself were there already
    found = [c for c in read(inv, wanted, where.start, where.end) if c["time"] > where.start]
    changes = as_net(found)
    causes = _causes(inv, {str(change["scan_id"]) for change in changes})
    projects = _projects(inv, where.environment, changes)
    result = Difference(where)
    for change in changes:
        project = projects.get((str(change["type"]), str(change["id"])), "")
        cause = causes[str(change["scan_id"])]
        result.changes.append(change | {"project": project, "cause": cause})
    subjects = None if conditions is None else {str(change["id"]) for change in changes}
    _findings(inv, where, subjects, result)
    return result


def _findings(
    inv: InventoryMgr, where: Between, subjects: set[str] | None, result: Difference
) -> None:
    store = FindingStore(inv)
    query = {"environment": where.environment}
    before, after = (store.find(query, at) for at in (where.start, where.end))
    if subjects is not None:
        before, after = (
            [item for item in items if item["id"] in subjects] for items in (before, after)
        )
    was, is_ = ({_about(item) for item in items} for items in (before, after))
    result.new = [item for item in after if _about(item) not in was]
    result.cleared = [item for item in before if _about(item) not in is_]
    result.unchanged = [item for item in after if _about(item) in was]
    run = store.runs_of([where.environment]).get(where.environment)
    result.judged = run is not None and run["as_of"] >= _last_scan(inv, where)


def _last_scan(inv: InventoryMgr, where: Between) -> datetime:
    """When the last scan up to the second time ended; the first time where there is none."""
    query = {"environment": where.environment, "inventory": inv.inventory}
    ends = [
        scan["end_timestamp"]
        for scan in inv.db["scans"].find(query, {"end_timestamp": 1})
        if scan.get("end_timestamp") and scan["end_timestamp"] <= where.end
    ]
    return max(ends, default=where.start)


def _about(item: Record) -> tuple[str, ...]:
    return tuple(str(item.get(name, "")) for name in ("rule", "type", "id", "part"))


def _projects(
    inv: InventoryMgr, environment: str, changes: Iterable[Mapping[str, Any]]
) -> dict[tuple[str, str], str]:
    """Projects of changed objects, by type and id: of what is stored, or was removed."""
    keys = {
        object_key(environment, str(c["type"]), str(c["id"])): (str(c["type"]), str(c["id"]))
        for c in changes
        if c["kind"] == "object"
    }
    found = {
        keys[key]: str(item.get("project") or "")
        for key, item in inv.find_by_keys(keys, ("project",)).items()
    }
    gone = [c["_id"] for c in changes if c["kind"] == "object" and c["change"] == "removed"]
    for start in range(0, len(gone), PORTION):
        some = {"_id": {"$in": gone[start : start + PORTION]}}
        for item in inv.find_all(
            "changes", some, projection={"type": 1, "id": 1, "was.project": 1}
        ):
            project = str((item.get("was") or {}).get("project") or "")
            found[str(item["type"]), str(item["id"])] = project
    return found


def _causes(inv: InventoryMgr, scans: Iterable[str]) -> dict[str, Document]:
    """Why each scan looked: its origin, and the events that asked for it with request and user."""
    wanted = sorted(scans)
    found: dict[str, Document] = {key: {"scan": key, "text": f"scan {key}"} for key in wanted}
    fields = {"request.origin": 1}
    for start in range(0, len(wanted), PORTION):
        some = {"_id": {"$in": wanted[start : start + PORTION]}}
        for scan in inv.db["scans"].find(some, fields):
            origin = str((scan.get("request") or {}).get("origin") or "scan")
            found[scan["_id"]] |= {"origin": origin, "text": f"{origin} {scan['_id']}"}
    for event in _events(inv, wanted):
        context = event.get("context") or {}
        user = str(context.get("user") or context.get("user_id") or "")
        request = str(context.get("request_id") or "")
        for key in set(event.get("scans") or ()) & found.keys():
            text = " ".join(part for part in (event.get("type"), request, user) if part)
            events = [*found[key].get("events", ()), {"type": event.get("type"), "user": user}]
            events[-1]["request_id"] = request
            found[key] |= {"events": events, "text": str(text)}
    return found


def _events(inv: InventoryMgr, scans: Sequence[str]) -> Iterator[Document]:
    """Notifications that made these scans, where the installation keeps any."""
    for name in COLLECTIONS.keys() & {"events"}:
        for start in range(0, len(scans), PORTION):
            wanted = {"scans": {"$in": list(scans[start : start + PORTION])}}
            yield from inv.db[name].find(wanted, {"context": 1, "scans": 1, "type": 1})


def diff_answer(found: Difference) -> Answer:
    """A change window is yes with no new finding, degraded with minor ones, else no."""
    worst = {str(item["severity"]) for item in found.new}
    number = len(found.changes)
    text = f"{number} changes, {len(found.new)} new, {len(found.cleared)} cleared and "
    text += f"{len(found.unchanged)} unchanged findings"
    if worst & {"critical", "major"}:
        verdict, code = Verdict.NO, "diff_new_findings"
    elif worst:
        verdict, code = Verdict.DEGRADED, "diff_minor_findings"
    elif not found.judged:
        verdict, code = Verdict.UNKNOWN, "diff_not_judged"
    else:
        verdict, code = Verdict.YES, "diff_no_new_findings"
    return Answer(
        verdict=verdict,
        sentence=text,
        code=code,
        findings=found.new,
        as_of=found.between.end,
    )


def object_gone(inv: InventoryMgr, environment: str | None, word: str) -> Document:
    """An object that is removed, by its id or name, out of its last change. Raises NotFound."""
    for name in ("id", "name"):
        wanted: Document = {name: word, "kind": "object"}
        if environment:
            wanted["environment"] = environment
        changes = inv.find_all("changes", wanted, sort=[("time", -1)], limit=1)
        if changes:
            return changes[0]
    raise NotFound(f"no object {word}, and no change of one", hint="calipso search gives ids.")
