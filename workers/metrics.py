"""Prometheus metrics of a worker, on a port of its own. Off unless `metrics_port` is set.

A worker of processes counts in files that its parent adds up (multiprocess mode).
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Mapping
from typing import Any

from celery.signals import task_postrun, task_prerun, worker_init, worker_ready

from calipso.discover.engine import scan_manager
from calipso.model.sources import BY_NAME, SOURCES
from calipso.settings import Settings, settings

log = logging.getLogger(__name__)

#: Seconds between two looks at the queues.
QUEUES_EVERY = 5.0

#: Which source a counter of the engine belongs to: `ssh_commands` -> cli.
COUNTED = {source.counts: source.name for source in SOURCES}

SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
LONG = (1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200)

_started = threading.local()


class Metrics:
    """The metrics of this process; names and labels are part of what we promise."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.tasks = Histogram(
            "calipso_task_duration_seconds",
            "Time of Celery tasks by name and outcome.",
            ["task", "outcome"],
            buckets=SHORT,
        )
        self.queue_length = Gauge(
            "calipso_queue_length",
            "Messages that wait in a queue.",
            ["queue"],
            multiprocess_mode="mostrecent",
        )
        self.source_seconds = Histogram(
            "calipso_source_request_seconds",
            "Time of one fetch (a fetcher, for the objects of one host) by source.",
            ["source"],
            buckets=SHORT,
        )
        self.source_requests = Counter(
            "calipso_source_requests",
            "What was asked of the sources: API calls, SQL queries, SSH sessions and commands.",
            ["source", "request"],
        )
        self.source_errors = Counter(
            "calipso_source_errors", "What could not be read.", ["source", "kind"]
        )
        self.scan_seconds = Histogram(
            "calipso_scan_duration_seconds",
            "Time of whole scans by how they ended.",
            ["environment", "status"],
            buckets=LONG,
        )
        self.scan_objects = Counter(
            "calipso_scan_objects",
            "Objects, links and cliques that scans found.",
            ["environment", "type"],
        )


_metrics: Metrics | None = None


@worker_init.connect
def begin(sender: Any, **_: Any) -> None:
    """Decide before the pool starts: whether there are metrics, and whether processes share."""
    global _metrics
    config = settings()
    if not config.metrics_port:
        return
    pool = getattr(sender.pool_cls, "__module__", str(sender.pool_cls))
    if "prefork" in pool:
        folder = config.data_dir() / "run" / f"metrics-{sender.hostname}"
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier start
        folder.mkdir(parents=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        _count_in_files()
    _metrics = Metrics()


def _count_in_files() -> None:
    """The library chooses when it is imported, which the `celery` command does for Flower."""
    from prometheus_client import values

    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


@worker_ready.connect
def serve(sender: Any, **_: Any) -> None:
    """Offer the metrics once the worker consumes."""
    if _metrics is None:
        return
    from prometheus_client import REGISTRY, CollectorRegistry, ProcessCollector, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        ProcessCollector(registry=registry)
    config = settings()
    port = port_of(sender.hostname, config)
    try:
        start_http_server(port, config.metrics_address, registry)
    except OSError as error:
        log.warning("no metrics on %s:%d: %s", config.metrics_address, port, error)
        return
    log.info("metrics on http://%s:%d/metrics", config.metrics_address, port)
    if "scan" in sender.app.amqp.queues.consume_from:  # one kind of worker reports the queues
        threading.Thread(target=_look_at_queues, name="queues", daemon=True).start()


@task_prerun.connect
def task_begins(**_: Any) -> None:
    """Remember when."""
    _started.at = time.monotonic()


def seconds_of_task() -> float:
    """How long the task of this thread has been running."""
    return time.monotonic() - getattr(_started, "at", time.monotonic())


@task_postrun.connect
def task_ends(task: Any, state: str | None = None, **_: Any) -> None:
    """Count the task by its outcome: success, failure, retry, ignored."""
    if _metrics is not None:
        outcome = str(state or "unknown").lower()
        _metrics.tasks.labels(task.name, outcome).observe(seconds_of_task())


def task_of_scan(task: Mapping[str, Any], environment: str) -> None:
    """Count what a registered task of a scan asked, found and could not read."""
    if _metrics is None:
        return
    for run in task.get("runs", ()):
        if run["source"] in BY_NAME:  # folders ask nobody
            _metrics.source_seconds.labels(run["source"]).observe(run["seconds"])
    for request, number in task.get("requests", {}).items():
        source = COUNTED.get(request.partition("_")[0], "other")
        _metrics.source_requests.labels(source, request).inc(number)
    for problem in task.get("problems", ()):
        _metrics.source_errors.labels(
            problem["source"] or task.get("source", ""), problem["kind"]
        ).inc()
    for name, number in task.get("counts", {}).items():
        _metrics.scan_objects.labels(environment, name).inc(number)


def scan_ended(environment: str, status: str, seconds: float) -> None:
    """Count a whole scan."""
    if _metrics is not None:
        _metrics.scan_seconds.labels(environment, status).observe(seconds)


def port_of(hostname: str, config: Settings) -> int:
    """Port of a worker by its name, the same at each start: sources, graph, sources-2, ..."""
    name = hostname.partition("@")[0]
    number = re.fullmatch(r"sources-(\d+)", name)
    offset = int(number[1]) if number else int(name == "graph")
    return config.metrics_port + offset


def _look_at_queues() -> None:
    from workers.tasks.scan import queue_lengths

    known: set[str] = set()  # reported also after the scan ended: they may hold messages
    while _metrics is not None:
        try:
            known |= scan_manager.queues_in_use()
            for queue, length in queue_lengths(known).items():
                _metrics.queue_length.labels(queue).set(length)
        except Exception as error:  # noqa: BLE001 - whatever a transport raises when it is away
            log.debug("queues not seen: %s", error)
        time.sleep(QUEUES_EVERY)
