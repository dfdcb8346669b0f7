"""Metrics of statuses for Prometheus: counts, and a series only for what is not OK."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily

from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import RoundStore
from calipso.stores.monitoring.status_store import TROUBLES
from calipso.utils.clock import now

#: Most series of things that are not OK; the counts are of all.
MOST = 5000


def watched_metrics(inv: InventoryMgr) -> Iterator[GaugeMetricFamily]:
    """Yield the families: calipso_objects, calipso_object_status, calipso_check_age_seconds."""
    troubles = list(inv.db[TROUBLES].find({}))
    rounds = list(RoundStore(inv.db).collection.find({}, {"memory": 0, "counters": 0}))
    yield _counts(troubles, rounds)
    yield _each(troubles)
    yield _ages(rounds)


def _counts(troubles: Sequence[Document], rounds: Sequence[Document]) -> GaugeMetricFamily:
    bad: Counter[tuple[str, str, str]] = Counter()
    for item in troubles:
        label = Value(item["value"]).label.lower()
        bad[item["environment"], f"{item['kind']} {item['type']}", label] += 1
    checked: Counter[tuple[str, str]] = Counter()
    for item in rounds:
        for kind, numbers in (item.get("counts") or {}).items():
            sort = "link" if "-" in kind else "object"
            checked[item["environment"], f"{sort} {kind}"] += sum(numbers)
    counts = GaugeMetricFamily(
        "calipso_objects",
        "Objects, links and cliques by status.",
        labels=["environment", "kind", "type", "status"],
    )
    for (environment, sort), number in sorted(checked.items()):
        ill = sum(n for (e, s, _), n in bad.items() if (e, s) == (environment, sort))
        kind, _, name = sort.partition(" ")
        counts.add_metric([environment, kind, name, "ok"], max(0, number - ill))
    for (environment, sort, label), number in sorted(bad.items()):
        kind, _, name = sort.partition(" ")
        counts.add_metric([environment, kind, name, label], number)
    return counts


def _each(troubles: Sequence[Document]) -> GaugeMetricFamily:
    each = GaugeMetricFamily(
        "calipso_object_status",
        "What is not OK: 1 warning, 2 error, 3 unknown.",
        labels=["environment", "kind", "type", "id", "host"],
    )
    for item in troubles[:MOST]:
        if item["value"]:
            names = ("environment", "kind", "type", "id", "host")
            each.add_metric([str(item[name] or "")[:200] for name in names], item["value"])
    return each


def _ages(rounds: Sequence[Document]) -> GaugeMetricFamily:
    age = GaugeMetricFamily(
        "calipso_check_age_seconds",
        "Seconds since the oldest check of a host of the environment.",
        labels=["environment"],
    )
    moment = now()
    oldest: dict[str, float] = {}
    for item in rounds:
        if item["host"]:
            seen = item.get("at") or item["planned"]
            seconds = (moment - seen).total_seconds()
            oldest[item["environment"]] = max(oldest.get(item["environment"], 0.0), seconds)
    for environment, seconds in sorted(oldest.items()):
        age.add_metric([environment], seconds)
    return age
