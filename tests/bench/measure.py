"""Measuring: a generated cloud, a fresh stack, two scans and the floor."""

from __future__ import annotations

import math
import os
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import redis

from calipso.discover.engine.scan_manager import cancel_scan
from calipso.dispatch import submit
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.store_addresses import redis_url
from tests.bench.figures import AGAIN, FIRST, SPARSE, Floor, Scan
from tests.bench.floor import measure_floor
from tests.bench.processes import Used, Watch, settle
from tests.bench.stack import Stack
from tests.sample_cloud.running import RunningCloud, running_cloud

NAME = "bench"
LOOK = 0.1
CANCEL_SECONDS = 20.0
OVER_TIME = "over time"
GATEWAY = "gateway"

#: Lists of the API that grow with the cloud, under the names of the cloud's summary.
PAGED = ("instances", "ports", "networks", "subnets", "agents", "projects", "hosts")

#: What is read of the scan record while it runs.
WATCHED = {"status": 1, "stage": 1, "submit_timestamp": 1, "end_timestamp": 1}


@dataclass(frozen=True)
class Size:
    """One cloud to measure."""

    hosts: int
    instances: int
    mesh: str = SPARSE

    @property
    def networks(self) -> int:
        """Six networks for each hundred instances."""
        return max(4, self.instances * 6 // 100)


@dataclass
class Options:
    """How it is measured."""

    latency: float = 5.0  # milliseconds
    seed: int = 1
    workers: int = 1
    time_limit: float = 900.0  # seconds a scan may take, and half of what a floor may
    again: bool = True
    floor: bool = True
    settings: dict[str, str] = field(default_factory=dict)


def measure(size: Size, options: Options, home: Path) -> tuple[list[Scan], Floor | None]:
    """A first and a second scan of one cloud, and the floor of what they stored."""
    with ExitStack() as opened:
        cloud = opened.enter_context(
            running_cloud(
                name=NAME,
                hosts=size.hosts,
                instances=size.instances,
                networks=size.networks,
                mesh=size.mesh,
                latency=options.latency,
                seed=options.seed,
            )
        )
        stack = opened.enter_context(Stack(home, options.workers, options.settings))
        EnvironmentStore().add(cloud.environment)
        scans: list[Scan] = []
        for which in (FIRST, AGAIN) if options.again else (FIRST,):
            scans.append(_scan(size, which, options, stack, cloud))
            if scans[-1].status == OVER_TIME:
                return scans, None
        if not options.floor:
            return scans, None
        pids = (stack.pids()["mongo"], os.getpid())
        floor = measure_floor(size.hosts, size.instances, pids, 2 * options.time_limit)
        return scans, replace(floor, mesh=size.mesh) if floor else None


def _scan(size: Size, which: str, options: Options, stack: Stack, cloud: RunningCloud) -> Scan:
    pids = stack.pids()
    settle(pids.values())
    watch = Watch(pids | {"cloud": int(cloud.state["pid"]), "bench": os.getpid()})
    cloud.control(reset_counts=True)
    watch.start()
    scan_id = submit(ScanRequest(environment=NAME))
    found = Scan(size.hosts, size.instances, which, OVER_TIME, mesh=size.mesh)
    try:
        found.wall, found.stages = _follow(scan_id, options.time_limit, watch)
    finally:
        used, busy = watch.stop()
    _add_processes(found, used, busy)
    found.redis_peak = _redis_peak()
    found.asked = asked(cloud.counts()) | {"pages": pages(cloud.summary)}
    _add_record(found, scan_id)
    return found


def _follow(scan_id: str, limit: float, watch: Watch) -> tuple[float, dict[str, float]]:
    """Wait for the end; seconds of all and of each stage. What takes too long is cancelled."""
    scans = ScanStore().scans
    began = last = time.monotonic()
    stages: defaultdict[str, float] = defaultdict(float)
    while True:
        record = scans.find_one({"_id": scan_id}, WATCHED) or {}
        here = time.monotonic()
        stage = record.get("stage") or "start"
        watch.part(stage)
        stages[stage] += here - last
        last = here
        if record.get("end_timestamp"):
            wall = (record["end_timestamp"] - record["submit_timestamp"]).total_seconds()
            return wall, {name: round(seconds, 1) for name, seconds in stages.items()}
        if here - began > limit + CANCEL_SECONDS:
            return limit, {name: round(seconds, 1) for name, seconds in stages.items()}
        if here - began > limit:
            cancel_scan(scan_id)
        time.sleep(LOOK)


def _add_record(found: Scan, scan_id: str) -> None:
    record = ScanStore().get(scan_id)
    counts: Counter[str] = Counter(record["counts"])
    found.links, found.cliques = counts.pop("links", 0), counts.pop("cliques", 0)
    found.objects = sum(counts.values())
    tasks = ScanStore().tasks
    found.tasks = tasks.count_documents({"scan_id": scan_id})
    found.repeated = tasks.count_documents({"scan_id": scan_id, "attempts": {"$gt": 1}})
    found.changes = InventoryMgr().collection("changes").count_documents({"scan_id": scan_id})
    if record.get("end_timestamp") and record["status"] != "cancelled":
        found.status = record["status"]


def _add_processes(found: Scan, used: dict[str, Used], busy: float) -> None:
    for name, one in used.items():
        found.cpu[name] = round(one.main_cpu, 2)
        found.peak[name] = round(one.main_peak)
        if name == "mongo":
            found.mongo_stages = {stage: round(peak) for stage, peak in one.by_part.items()}
        if name == "graph":
            found.cpu["pool"] = round(one.below_cpu, 2)
            for number, peak in enumerate(one.below_peaks, 1):
                found.peak[f"pool {number}"] = round(peak)
        elif name not in ("supervisor", "bench"):  # what is below these has a group of its own
            found.cpu[name] = round(one.main_cpu + one.below_cpu, 2)
    found.cpu["others"] = round(max(0.0, busy - sum(found.cpu.values())), 2)


def asked(counts: dict[str, Any]) -> dict[str, float]:
    """The cloud's counters as figures: totals, and for hosts the most any one was asked."""
    sessions = {host: n for host, n in counts["sessions_per_host"].items() if host != GATEWAY}
    return {
        "api_calls": counts["api_calls"],
        "sql_queries": counts["sql_queries"],
        "ssh_sessions": sum(sessions.values()),
        "ssh_sessions_host": max(sessions.values(), default=0),
        "gateway_sessions": counts["sessions_per_host"].get(GATEWAY, 0),
        "ssh_round_trips": counts["ssh_execs"],
        "ssh_commands_host": max(counts["commands_per_host"].values(), default=0),
        **{f"api {path}": n for path, n in sorted(counts["api_paths"].items())},
    }


def pages(summary: dict[str, int]) -> int:
    """Pages of the lists a scan cannot do without; an empty list is a page too."""
    size = settings().api_page_size
    return sum(max(1, math.ceil(summary[name] / size)) for name in PAGED)


def _redis_peak() -> float:
    """`used_memory_peak` of the stack's Redis in megabytes."""
    with redis.Redis.from_url(redis_url(settings())) as client:
        told: Any = client.info("memory")
        return round(int(told["used_memory_peak"]) / 1024**2, 1)
