"""A round: one host is asked once, and all its objects and links are judged from what it said."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId

from calipso.errors import CliAccessError
from calipso.model.documents import Document
from calipso.model.environment import Environment
from calipso.model.monitoring import Finding, Value
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring import records
from calipso.stores.monitoring.round_store import RoundStore
from calipso.utils.clock import now
from monitoring.checks.base import Facts, Result, judge
from monitoring.checks.facts import NotRead
from monitoring.handlers.handle import apply
from monitoring.runner import asking
from monitoring.runner.items import Items, items_of, pings_of
from monitoring.runner.judging import NOT_CHECKED, SOURCE, counted, weigh
from monitoring.runner.registry import Check, load_checks

log = logging.getLogger(__name__)

#: Failed logins in a row after which a host counts as away.
LOGINS = 3


@dataclass
class Round:
    """One round of one host."""

    inv: InventoryMgr
    environment: Environment
    items: Items
    document: Document
    started: datetime
    checks: Mapping[str, Check]

    @property
    def name(self) -> str:
        """Name of the environment."""
        return self.environment.name

    @property
    def host(self) -> str:
        """Id of the host."""
        return str(self.items.host["id"])


def run_round(environment: str, host: str, started: datetime) -> dict[str, Any]:
    """Check a host; return what came of it. A round that ran already does nothing."""
    inv = InventoryMgr()
    store = RoundStore(inv.db)
    document = store.get(environment, host)
    if document is None:
        return {"outcome": "not monitored"}
    if document.get("started") is not None and document["started"] >= started:
        return {"outcome": "done already"}
    found = EnvironmentStore().get(environment)
    checks = load_checks()
    items = items_of(inv, environment, host, checks)
    if items is None:
        return {"outcome": "not in the inventory"}
    if not found.enable_monitoring:
        apply(inv, environment, away(items, started, "monitoring is switched off", through=True))
        store.drop(environment, host)
        return {"outcome": "switched off"}
    this = Round(inv, found, items, document, started, checks)
    pings = pings_of(items, found.monitoring_pings, random.sample)
    try:
        answers, seconds, offset = asking.ask(found, host, pings)
    except asking.HostBusy:
        return {"outcome": "a scan is on the host"}
    except CliAccessError as error:
        if asking.retryable(error):
            return {"outcome": "a scan is on the host"}
        return _failed(this, store, error)
    reach, why = asking.ping_answers(answers.pop(asking.PINGS, None))
    more = {"seconds": seconds, "clock_offset": offset, "pings": reach, "ping_failed": why}
    more["ha"] = _ha(this, store)
    facts = Facts(answers, host, document.get("counters"), more)
    if store.flag_gateway(environment, False):
        _tell_gateway(this, "the gateway answers again", "info")
    return _store(this, store, facts, seconds)


def _ha(this: Round, store: RoundStore) -> dict[str, dict[str, str]]:
    """States of highly available routers on other hosts, as their last rounds found them."""
    if not any(item.get("ha_state") for item in this.items.documents.values()):
        return {}
    found: dict[str, dict[str, str]] = {}
    for other in store.of(this.name, ("host", "ha", "failures")):
        if other["host"] == this.host or other.get("failures"):
            continue
        for router, state in (other.get("ha") or {}).items():
            found.setdefault(router, {})[other["host"]] = state
    return found


def _store(this: Round, store: RoundStore, facts: Facts, seconds: float) -> dict[str, Any]:
    results = _judge_all(this, facts)
    findings, memory = weigh(this.items, results, this.document, this.started)
    changed = apply(this.inv, this.name, findings)
    fields: Document = {
        "at": now(),
        "seconds": round(seconds, 3),
        "failures": 0,
        "problem": "",
        "memory": memory,
        "counters": _counters(this, facts),
        "ha": _read_ha(facts),
        "counts": counted(this.items, results),
        "lost": False,
    }
    store.save(this.name, this.host, this.started, fields)
    return {"outcome": "checked", "objects": len(results), "changed": changed}


def _judge_all(this: Round, facts: Facts) -> dict[ObjectId, Result]:
    """Judge objects, then links. What was judged for a link already is not judged again."""
    results: dict[ObjectId, Result] = {}
    for key in this.items.order:
        item = this.items.documents[key]
        check = this.checks[str(item.get("link_type") or item["type"])]
        known = check.type, str(item["id"])
        if known not in facts.judged:
            facts.judged[known] = judge(check.evaluate, item, facts)
        results[key] = facts.judged[known]
    return results


def _counters(this: Round, facts: Facts) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for check in this.checks.values():
        if check.counters is None:
            continue
        mine = [i for i in this.items.documents.values() if i.get("type") == check.type]
        try:
            found |= check.counters(mine, facts) if mine else {}
        except NotRead:
            continue
    return found


def _read_ha(facts: Facts) -> dict[str, str]:
    try:
        return facts.ha
    except NotRead:
        return {}


# -- a host that does not answer ---------------------------------------------------------


def _failed(this: Round, store: RoundStore, error: CliAccessError) -> dict[str, Any]:
    """Count failed logins. A host that is away makes one message; its objects are unknown."""
    failures = int(this.document.get("failures") or 0) + 1
    through = asking.gateway_failed(error)
    log.info("%s: %s", this.host, error.message)
    if failures >= LOGINS:
        if through and store.flag_gateway(this.name, True):
            _tell_gateway(this, f"no host can be checked: {error.message}", "error")
        apply(this.inv, this.name, away(this.items, this.started, error.message, through))
    fields: Document = {
        "failures": failures,
        "problem": error.message[:500],
        "counters": {},
        "ha": {},
        "memory": {} if failures >= LOGINS else this.document.get("memory") or {},
    }
    if failures >= LOGINS:
        fields["counts"] = {}
    store.save(this.name, this.host, this.started, fields)
    return {"outcome": "failed", "failures": failures, "error": error.message}


def away(items: Items, at: datetime, why: str, through: bool = False) -> list[Finding]:
    """Return the findings of a host that nobody can check: unknown, with the last known value.

    The host itself is an error, unless the fault is before it (`through`: the gateway; or nobody
    checked).
    """
    findings = []
    for key in items.order:
        target = items.targets[key]
        stored = (items.documents[key].get("monitoring") or {}).get("by", {}).get(SOURCE, {})
        own = target.collection == "inventory" and target.type == "host"
        value = Value.ERROR if own and not through else Value.UNKNOWN
        if stored.get("value") == value:
            continue
        text = f"no login {LOGINS} times: {why}" if value is Value.ERROR else f"{NOT_CHECKED}{why}"
        quiet = value is Value.UNKNOWN
        findings.append(Finding(target, value, text, at, SOURCE, derived=quiet, quiet=quiet))
    return findings


def _tell_gateway(this: Round, text: str, level: str) -> None:
    moment = now()
    message = records.plain_message(
        this.name, text, moment, level=level, source=SOURCE, received=moment
    )
    this.inv.db["messages"].insert_one(message)
