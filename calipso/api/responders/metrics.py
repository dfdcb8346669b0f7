"""`/metrics`: requests of the API, scans by state, statuses of monitoring, for Prometheus.

Workers serve metrics of their tasks on their own ports (setting metrics_port). Each of several
processes counts in files of one folder, and the process that is asked adds them up; gunicorn calls
`prepare` before it forks and `process_ended` when a process has ended.
"""

from __future__ import annotations

import atexit
import hmac
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from calipso.api.responders.event_metrics import EventMetrics
from calipso.errors import AuthError, CalipsoError
from calipso.model.scan import ScanStatus
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.scans.scan_store import ScanStore
from calipso.topology.drift.drift_rule import DriftSeverity
from monitoring.setup.metrics import watched_metrics

NAME = "metrics-api-"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Requests:
    """Requests of this process, or of all when they count in files."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.shared = FOLDER in os.environ
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "calipso_api_request_seconds",
            "Time of requests by operation and status.",
            ["operation", "status"],
            buckets=BUCKETS,
            registry=None if self.shared else self.registry,
        )
        if self.shared:
            MultiProcessCollector(self.registry)  # type: ignore[no-untyped-call]
        self.registry.register(Scans())
        self.registry.register(EventMetrics())
        self.registry.register(Watched())
        self.registry.register(Drift())


class Scans(Collector):
    """Scans by state, counted when somebody asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge; nothing while the store does not answer."""
        family = GaugeMetricFamily("calipso_scans", "Scans by state.", labels=["status"])
        scans = ScanStore().scans
        try:
            for status in ScanStatus:
                family.add_metric([status.value], scans.count_documents({"status": status.value}))
        except (StoreFailure, CalipsoError):
            return
        yield family


class Watched(Collector):
    """Statuses of monitoring: counts, and a series for each thing that is not OK."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Nothing while the store does not answer."""
        try:
            yield from watched_metrics(InventoryMgr())
        except (StoreFailure, CalipsoError):
            return


class Drift(Collector):
    """Open findings of drift by severity, of the inventory of the settings."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge, without names of environments; nothing while the store does not answer."""
        family = GaugeMetricFamily(
            "calipso_drift_findings", "Open findings of drift by severity.", labels=["severity"]
        )
        findings = InventoryMgr().collection("findings")
        try:
            for severity in DriftSeverity:
                wanted = {"open": True, "severity": severity.value}
                family.add_metric([severity.value], findings.count_documents(wanted))
        except (StoreFailure, CalipsoError):
            return
        yield family


_requests: Requests | None = None
_lock = threading.Lock()


def prepare() -> None:
    """Before processes fork: an empty folder in which they count, gone at the end."""
    above = settings().data_dir() / "run"
    for left in above.glob(f"{NAME}*"):  # of servers that were killed
        if not Path("/proc", left.name.removeprefix(NAME)).exists():
            shutil.rmtree(left, ignore_errors=True)
    me = os.getpid()
    folder = above / f"{NAME}{me}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    atexit.register(lambda: shutil.rmtree(folder, True) if os.getpid() == me else None)
    os.environ[FOLDER] = str(folder)
    # the library chose when it was imported
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def process_ended(_server: Any, worker: Any) -> None:
    """A process is gone: what it counted stays, its gauges go."""
    if Path(os.environ.get(FOLDER, "/nowhere")).is_dir():
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def install(app: Flask) -> None:
    """Count every request, and serve the counts at `/metrics`."""
    app.before_request(_begin)
    app.after_request(_end)
    app.add_url_rule("/metrics", "metrics", metrics)


def metrics() -> Response:
    """All metrics. Raises AuthError without the token, when the settings want one."""
    wanted = settings().api_metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if wanted and not hmac.compare_digest(given.encode(), wanted.encode()):
        raise AuthError(
            "authentication required", hint="`Authorization: Bearer` with api_metrics_token."
        )
    return Response(generate_latest(_counts().registry), content_type=CONTENT_TYPE_LATEST)


def _counts() -> Requests:
    global _requests
    with _lock:
        if _requests is None:
            _requests = Requests()
    return _requests


def _begin() -> None:
    g.began = time.monotonic()


def _end(response: Response) -> Response:
    """By the rule of the URL, not the URL: ids would make a time series each."""
    rule = request.url_rule.rule if request.url_rule else "unknown"
    seconds = time.monotonic() - g.get("began", time.monotonic())
    method = request.method if request.method in METHODS else "OTHER"
    _counts().seconds.labels(f"{method} {rule}", response.status_code).observe(seconds)
    return response
