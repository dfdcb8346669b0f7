"""The marks the scan engine is held to: met, not met, or not measured, with figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench.figures import AGAIN, FIRST, SPARSE, Result, Scan

BASE_HOSTS = 100
WHOLE = (1000, 50_000)  # hosts, instances
PER_OBJECT = 1.5
OVER_FLOOR = 3.0
PROCESS_MB = 1024.0
REDIS_MB = 200.0
SSH = 2.0
DOCUMENT_KB = 4096.0  # a quarter of what MongoDB takes

MEASURED_BY_US = ("bench",)  # its memory holds the documents of the floor


@dataclass(frozen=True)
class Mark:
    """One mark; `met` is None when the run says nothing about it."""

    name: str
    met: bool | None
    figures: str

    def line(self) -> str:
        """As it is printed."""
        word = {True: "met", False: "NOT MET", None: "not measured"}[self.met]
        return f"{word:12}  {self.name}: {self.figures}"


def marks(result: Result) -> list[Mark]:
    """All marks, for the sizes of a result."""
    found: tuple[Callable[[Result], Mark], ...] = (
        *(whole_cloud, time_per_object, scan_by_floor, process_memory, redis_memory),
        *(ssh_sessions, ssh_round_trips, api_pages, no_changes, documents),
    )
    return [mark(result) for mark in found]


def marks_text(result: Result) -> str:
    """The marks as lines."""
    return "\n".join(["Marks", *(f"  {mark.line()}" for mark in marks(result))])


def whole_cloud(result: Result) -> Mark:
    """1,000 hosts and 50,000 instances are scanned to the end."""
    name = "1,000 hosts / 50,000 instances completes"
    sizes = [scan for scan in _first(result) if (scan.hosts, scan.instances) >= WHOLE]
    if not sizes:
        largest = max((scan.hosts for scan in _first(result)), default=0)
        return Mark(name, None, f"largest here: {largest} hosts")
    scan = sizes[-1]
    return Mark(name, scan.status == "completed", f"{scan.status} after {scan.wall:.0f} s")


def time_per_object(result: Result) -> Mark:
    """A large cloud costs no more an object than one of 100 hosts."""
    name = f"time per object at the largest size by that at {BASE_HOSTS} hosts <= {PER_OBJECT}"
    base = [scan for scan in _first(result) if scan.hosts == BASE_HOSTS]
    larger = [scan for scan in _first(result) if scan.hosts > BASE_HOSTS]
    if not base or not larger or not base[0].our_cpu or not larger[-1].our_cpu:
        return Mark(name, None, f"needs {BASE_HOSTS} hosts and more")
    small, large = base[0], larger[-1]
    found = large.ms_per_object / small.ms_per_object
    figures = f"{large.ms_per_object:.2f} ms at {large.hosts}, {small.ms_per_object:.2f} ms"
    cpu = large.our_cpu / large.objects / (small.our_cpu / small.objects)
    return Mark(name, found <= PER_OBJECT, f"{found:.2f} ({figures}; by CPU time {cpu:.2f})")


def scan_by_floor(result: Result) -> Mark:
    """A whole scan costs a small multiple of what plain upserts cost."""
    over = {scan.label: result.over_floor(scan) for scan in _first(result)}
    by_cpu = max((result.over_floor_cpu(scan) or 0.0 for scan in _first(result)), default=0.0)
    text = f"{{:.2f}} at {{}} hosts (by CPU time at most {by_cpu:.2f})"
    return _most("whole scan by plain bulk upserts", OVER_FLOOR, over, text)


def process_memory(result: Result) -> Mark:
    """No process grows with the cloud until the machine is full."""
    peaks = {
        f"{name} at {scan.label} hosts": mb
        for scan in result.scans
        for name, mb in scan.peak.items()
        if name not in MEASURED_BY_US
    }
    return _most("peak MB of any process", PROCESS_MB, peaks, "{:.0f} MB: {}")


def redis_memory(result: Result) -> Mark:
    """Redis holds messages, not data."""
    peaks = {s.label: max(s.redis_peak, s.peak.get("redis", 0.0)) for s in result.scans}
    return _most("MB of Redis", REDIS_MB, peaks, "{:.0f} MB at {} hosts")


def ssh_sessions(result: Result) -> Mark:
    """Logins to one host in one scan."""
    most = {s.label: s.asked.get("ssh_sessions_host") for s in result.scans}
    return _most("SSH sessions of any one host", SSH, most, "{:.0f} at {} hosts")


def ssh_round_trips(result: Result) -> Mark:
    """Commands sent to a host one after the other."""
    trips = {s.label: s.asked.get("ssh_round_trips", 0.0) / s.hosts for s in result.scans}
    return _most("command round trips a host", SSH, trips, "{:.2f} at {} hosts")


def api_pages(result: Result) -> Mark:
    """Calls beyond the pages of the lists are as many for a large cloud as for a small one."""
    name = "API calls grow with pages, not with hosts or instances"
    scans = [scan for scan in _first(result) if "pages" in scan.asked]
    if len(scans) < 2:
        return Mark(name, None, "needs two sizes")
    beyond = [scan.asked["api_calls"] - scan.asked["pages"] for scan in scans]
    figures = ", ".join(
        f"{s.asked['api_calls']:.0f} calls for {s.asked['pages']:.0f} pages at {s.hosts}"
        for s in (scans[0], scans[-1])
    )
    return Mark(name, beyond[-1] <= beyond[0] + 1, figures)


def no_changes(result: Result) -> Mark:
    """A second scan of an unchanged cloud."""
    changes = {scan.label: float(scan.changes) for scan in result.scans if scan.scan == AGAIN}
    return _most("changes recorded by a second scan", 0.0, changes, "{:.0f} at {} hosts")


def documents(result: Result) -> Mark:
    """No document nears MongoDB's limit of 16 MB."""
    largest = {floor.label: floor.largest_kb for floor in result.floors}
    return _most("largest document, kB", DOCUMENT_KB, largest, "{:.0f} kB at {} hosts")


def _first(result: Result) -> list[Scan]:
    """First scans, smallest cloud first; meshed ones are compared with none of another size."""
    found = (s for s in result.scans if s.scan == FIRST and s.mesh == SPARSE)
    return sorted(found, key=lambda s: s.hosts)


def _most(what: str, limit: float, found: Mapping[Any, float | None], text: str) -> Mark:
    """A mark on the largest of some figures, each with where it was found."""
    name = f"{what} <= {limit:g}"
    known = [(value, place) for place, value in found.items() if value is not None]
    if not known:
        return Mark(name, None, "no figures")
    value, place = max(known, key=lambda one: one[0])
    return Mark(name, value <= limit, text.format(value, place))
