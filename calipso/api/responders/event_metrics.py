"""Metrics of events, read from the store when asked; each process adds its numbers there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from calipso.errors import CalipsoError
from calipso.model.documents import Document
from calipso.model.events import ListenerState
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.scans.event_figures import LAGS
from calipso.stores.scans.event_view import listeners
from calipso.utils.clock import now


class EventMetrics(Collector):
    """Counters, lags and states of all listeners."""

    def collect(self) -> Iterator[Metric]:
        """All families; nothing while the store does not answer."""
        try:
            found = listeners()
        except (StoreFailure, CalipsoError):
            return
        yield from _counters(found)
        yield from _gauges(found)
        yield _lags(found)


def _counters(found: list[Document]) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "calipso_events", "Messages of clouds by type and result.", labels=["env", "type", "result"]
    )
    looks = CounterMetricFamily(
        "calipso_event_rescans", "Looks by what was looked at.", labels=["env", "scope", "outcome"]
    )
    retries = CounterMetricFamily("calipso_event_retries", "Looks tried again.", labels=["env"])
    gaps = CounterMetricFamily(
        "calipso_event_gaps", "Times in which messages may be missed.", labels=["env", "cause"]
    )
    for item in found:
        name = item["environment"]
        for kind, numbers in (item.get("events") or {}).items():
            for result, number in numbers.items():
                events.add_metric([name, kind, result], number)
        for scope, numbers in (item.get("rescans") or {}).items():
            for outcome, number in numbers.items():
                looks.add_metric([name, scope, outcome], number)
        retries.add_metric([name], item.get("retries", 0))
        for cause, number in (item.get("gaps") or {}).items():
            gaps.add_metric([name, cause], number)
    yield from (events, looks, retries, gaps)


def _gauges(found: list[Document]) -> Iterator[Metric]:
    dirty = GaugeMetricFamily(
        "calipso_event_dirty_keys", "Things that wait for a look.", labels=["env"]
    )
    dead = GaugeMetricFamily(
        "calipso_event_dead_letters", "Things that were given up.", labels=["env"]
    )
    depth = GaugeMetricFamily(
        "calipso_event_queue_depth", "Messages that wait at a broker.", labels=["env", "url"]
    )
    up = GaugeMetricFamily("calipso_listener_up", "1: it consumes.", labels=["env", "url"])
    last = GaugeMetricFamily(
        "calipso_event_last_seconds",
        "Seconds since the last message of an exchange.",
        labels=["env", "exchange"],
    )
    for item in found:
        name = item["environment"]
        dirty.add_metric([name], item["waiting"])
        dead.add_metric([name], item["dead"])
        alive = item["state"] in (ListenerState.RUNNING.value, ListenerState.WAITING.value)
        for broker in item.get("urls") or ():
            running = alive and broker.get("state") == ListenerState.RUNNING.value
            up.add_metric([name, broker["url"]], int(running))
            depth.add_metric([name, broker["url"]], broker.get("depth", 0))
        for exchange, moment in (item.get("last") or {}).items():
            last.add_metric([name, exchange], _age(moment))
    yield from (dirty, dead, depth, up, last)


def _lags(found: list[Document]) -> Metric:
    family = HistogramMetricFamily(
        "calipso_event_lag_seconds",
        "Time of events from sent or received to their first good look or their last one.",
        labels=["env", "from", "to"],
    )
    for item in found:
        for place, numbers in (item.get("lags") or {}).items():
            start, _, end = place.partition("_")
            buckets, total = [], 0.0
            for limit in LAGS:
                total += _number(numbers, str(limit))
                buckets.append((str(float(limit)), total))
            buckets.append(("+Inf", total + _number(numbers, "more")))
            labels = [item["environment"], start, end]
            family.add_metric(labels, buckets, _number(numbers, "sum"))
    return family


def _number(numbers: Document, name: str) -> float:
    value: Any = numbers.get(name, 0)
    return float(value)


def _age(moment: datetime) -> float:
    return max(0.0, (now() - moment).total_seconds())
