"""Drift: reads facts of an environment, applies the rules, keeps the findings, answers."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calipso.analysis.drift_rules import load_drift_rules
from calipso.model.documents import Document, Record
from calipso.stores.inventory.finding_store import FindingStore, key_of
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scratch import PREFIX
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found
from calipso.topology.drift.facts import BASE, OF_HOSTS, Facts
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: How far back rules look into changes.
RECENT = timedelta(days=7)
#: New findings of one run that are logged one by one.
TOLD = 50

Rules = Mapping[str, type[DriftRule]]


@dataclass
class Judged:
    """What came out of a run."""

    environment: str
    found: int = 0
    new: list[Document] = field(default_factory=list)
    cleared: list[Document] = field(default_factory=list)
    #: Rules that failed, with the error.
    failed: dict[str, str] = field(default_factory=dict)
    #: Hosts that could not be read, since when.
    silent: dict[str, datetime] = field(default_factory=dict)
    seconds: float = 0.0


def read_facts(inv: InventoryMgr, environment: str, rules: Rules) -> Facts:
    """Read what these rules need, and no more, each type once."""
    wanted: dict[str, set[str]] = {name: set() for name in (*OF_HOSTS, "host")}
    link_types: set[str] = set()
    changed: set[str] = set()
    for rule in rules.values():
        for name, fields in rule.reads.items():
            wanted.setdefault(name, set()).update(fields)
        link_types |= set(rule.link_types)
        changed |= set(rule.changes_of)
    objects = (
        item
        for name, fields in sorted(wanted.items())
        for item in inv.each(environment, name, (*BASE, *sorted(fields)))
    )
    links = inv.each_link(
        environment, link_types, ("link_type", "source_id", "target_id", "state", "host")
    )
    recent = inv.find_all(
        "changes",
        {"environment": environment, "time": {"$gte": now() - RECENT}, "type": {"$in": [*changed]}},
        sort=[("time", 1)],
    )
    return Facts(objects, links, recent, _troubled(inv, environment), now())


def _troubled(inv: InventoryMgr, environment: str) -> list[Document]:
    """Objects with problems, found by the problems that are stored."""
    rows = inv.collection("object_problems").find({"environment": environment}, {"object": 1})
    keys = sorted({row["object"] for row in rows})
    return list(inv.find_by_keys(keys, (*BASE, "problems")).values())


def findings(facts: Facts, rules: Rules, failed: dict[str, str]) -> Iterator[Document]:
    """The findings of all rules as documents; a rule that fails is noted in `failed`."""
    for code, rule in rules.items():
        try:
            for found in rule().find(facts):
                yield _document(code, rule, found)
        except Exception as error:
            log.exception("drift rule failed", extra={"rule": code})
            failed[code] = f"{type(error).__name__}: {error}"


def _document(code: str, rule: type[DriftRule], found: Found) -> Document:
    item = found.item
    about = {name: item.get(name) for name in ("environment", "type", "id", "name")}
    return {
        **{name: str(value or "") for name, value in about.items()},
        "rule": code,
        "severity": rule.severity.value,
        "object": item.get("_id"),
        "host": str(item.get("host") or ""),
        "project": str(item.get("project") or ""),
        "part": found.part,
        "sentence": found.sentence,
        "remedy": found.remedy or rule.remedy,
        "evidence": [one.model_dump() for one in found.evidence],
        "others": [
            {name: str(other.get(name) or "") for name in ("type", "id", "name", "host")}
            for other in found.others
        ],
        **({"since": found.since} if found.since else {}),
    }


def judged_scan(scan: Record) -> bool:
    """True when a scan may have changed what the rules read, in an inventory that stays."""
    request = scan.get("request") or {}
    return request.get("origin") != "recording" and not str(scan["inventory"]).startswith(PREFIX)


def judge(
    inv: InventoryMgr, environment: str, *, scan_id: str = "", rules: Rules | None = None
) -> Judged:
    """Apply the rules to what is stored, keep the findings, and log what is new and cleared.

    A finding that this run could not judge stays: its rule failed, or its host is silent.
    """
    began = now()
    rules = load_drift_rules() if rules is None else rules
    facts = read_facts(inv, environment, rules)
    judged = Judged(environment, silent=dict(facts.silent))
    found = [item | {"scan_id": scan_id} for item in findings(facts, rules, judged.failed)]
    store = FindingStore(inv)
    kept = {
        item["_id"]
        for item in store.open_of(environment)
        if not _can_judge(item, facts, rules, judged.failed)
    }
    judged.new, judged.cleared = store.store(environment, found, kept, began)
    judged.found = len({key_of(item) for item in found} | kept)
    judged.seconds = (now() - began).total_seconds()
    run = {"as_of": began, "scan_id": scan_id, "silent": judged.silent, "failed": judged.failed}
    store.note_run(environment, run | {"found": judged.found, "seconds": judged.seconds})
    _log(judged, scan_id)
    return judged


def _can_judge(item: Record, facts: Facts, rules: Rules, failed: Mapping[str, str]) -> bool:
    """True when a finding that was not found again is really over."""
    rule = rules.get(str(item["rule"]))
    if rule is None:
        return True
    if item["rule"] in failed or (rule.whole and facts.silent):
        return False
    if item["rule"] == "agent_alive_host_silent":
        return True
    hosts = {str(item.get("host") or ""), *(str(one.get("host") or "") for one in item["others"])}
    return not hosts & facts.silent.keys()


def _log(judged: Judged, scan_id: str) -> None:
    about: Document = {"environment": judged.environment, "scan": scan_id}
    for item in judged.new[:TOLD]:
        more = {"rule": item["rule"], "severity": item["severity"], "remedy": item["remedy"]}
        log.warning("drift: %s", item["sentence"], extra=about | more)
    for item in judged.cleared[:TOLD]:
        log.info("drift is over: %s", item["sentence"], extra=about | {"rule": item["rule"]})
    numbers = {"new": len(judged.new), "cleared": len(judged.cleared), "open": judged.found}
    # what is as before is no line of the scan
    scan = about if judged.new or judged.cleared else {"environment": judged.environment}
    log.info("drift judged", extra=scan | numbers | {"seconds": round(judged.seconds, 1)})


def by_severity(items: Iterable[Record]) -> dict[str, int]:
    """Numbers of findings by severity, the worst first."""
    numbers: dict[str, int] = defaultdict(int)
    for item in items:
        numbers[str(item["severity"])] += 1
    return {word.value: numbers[word.value] for word in DriftSeverity if numbers[word.value]}


def worst_first(items: Iterable[Document]) -> list[Document]:
    """Findings by severity, then the newest first."""
    order: Sequence[str] = [word.value for word in DriftSeverity]
    ordered = sorted(items, key=lambda item: item["since"], reverse=True)
    return sorted(ordered, key=lambda item: order.index(str(item["severity"])))
