"""What drift comes to: findings that somebody asks for, with mutes, as one answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from calipso.analysis.drift import by_severity, worst_first
from calipso.model.answer import Answer, Verdict
from calipso.model.documents import Document
from calipso.stores.config.mute_store import MuteStore, muted_by
from calipso.stores.inventory.finding_store import FindingStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.drift.drift_rule import DriftSeverity


@dataclass
class Wanted:
    """Which findings."""

    rules: Sequence[str] = ()
    severity: str = ""
    since: datetime | None = None
    #: Equal fields, such as `type`, `id`, `host`, `project`.
    equal: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def found(inv: InventoryMgr, environments: Iterable[str], wanted: Wanted) -> list[Document]:
    """Findings, the worst first, each with `muted` (reason, until, by) where somebody muted it.

    `equal` also finds findings in which the object is one of the others.
    """
    names = sorted(set(environments))
    mutes = MuteStore(inv.db).of(names, wanted.at)
    items = FindingStore(inv).find({"environment": {"$in": names}}, wanted.at)
    items = [item for item in items if _fits(item, wanted)]
    for item in items:
        mute = muted_by(item, mutes)
        if mute:
            item["muted"] = {name: mute[name] for name in ("reason", "until", "by")}
    return worst_first(items)


def _fits(item: Mapping[str, Any], wanted: Wanted) -> bool:
    words = [word.value for word in DriftSeverity]
    if wanted.rules and item["rule"] not in wanted.rules:
        return False
    if wanted.severity and words.index(item["severity"]) > words.index(wanted.severity):
        return False
    if wanted.since is not None and item["since"] < wanted.since:
        return False
    sides = [item, *item.get("others", ())]
    return not wanted.equal or any(
        all(str(side.get(name) or "") == str(value) for name, value in wanted.equal.items())
        for side in sides
    )


def drift_answer(
    inv: InventoryMgr,
    environments: Iterable[str],
    items: list[Document],
    at: datetime | None = None,
) -> Answer:
    """The verdict on findings: no with one that is critical or major, degraded with minor ones.

    Muted findings do not count. Without any, it is unknown where a host was not read, or where
    nobody had judged at the time `at`.
    """
    names = sorted(set(environments))
    heard = [item for item in items if not item.get("muted")]
    runs = FindingStore(inv).runs_of(names)
    not_checked = [line for name in names for line in _not_checked(name, runs.get(name), at)]
    numbers = by_severity(heard)
    if numbers.get("critical") or numbers.get("major"):
        verdict, code = Verdict.NO, "drift_found"
    elif numbers:
        verdict, code = Verdict.DEGRADED, "drift_minor"
    elif not_checked:
        verdict, code = Verdict.UNKNOWN, "drift_not_all_read"
    else:
        verdict, code = Verdict.YES, "drift_none"
    return Answer(
        verdict=verdict,
        sentence=_sentence(numbers, len(items) - len(heard), bool(not_checked)),
        code=code,
        findings=items,
        not_checked=not_checked,
        as_of=at or min((run["as_of"] for run in runs.values()), default=None),
    )


def _not_checked(environment: str, run: Document | None, at: datetime | None) -> Iterator[str]:
    if run is None:
        yield f"{environment}: nobody has judged it: calipso drift --env {environment} --run"
        return
    if at is not None:
        if at < run["first"]:
            yield f"{environment}: nobody had judged it by then"
        return  # which hosts were silent then is not kept
    for host, since in run["silent"].items():
        yield f"{environment}: {host} was not read since {since:%Y-%m-%d %H:%M} UTC"
    for rule, error in run["failed"].items():
        yield f"{environment}: rule {rule} failed: {error}"


def _sentence(numbers: Mapping[str, int], muted: int, unread: bool) -> str:
    told = ", ".join(f"{number} {word}" for word, number in numbers.items())
    text = f"{told} findings" if told else "no finding"
    text += f", {muted} muted" if muted else ""
    return f"{text}; not everything was judged" if unread else text
