"""CPU time and peak memory of groups of processes, from /proc (Linux).

CPU time is exact: user and system time of the living members of a group and of those that ended
and were waited for. Peak memory is VmHWM, the largest resident size the kernel saw; it is set
back when a watch or a part of it begins, and read every half second for processes that end before
the watch does. Pages that processes share count in each of them.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
EVERY = 0.5
SETTLE = 20.0
IDLE = 0.1  # of a core
RESET_PEAK = "5"  # written to clear_refs: VmHWM is the present size again

#: A process that cannot be confused with a later one of the same pid: pid and start time.
Process = tuple[int, int]


@dataclass
class Used:
    """What a group of processes used during a watch."""

    #: CPU seconds of the first process, and of everything below it.
    main_cpu: float = 0.0
    below_cpu: float = 0.0
    #: Peak resident megabytes of the first process, and of each one below it, largest first.
    main_peak: float = 0.0
    below_peaks: list[float] = field(default_factory=list)
    #: Peak megabytes of the first process while each part of the watch lasted (see `Watch.part`).
    by_part: dict[str, float] = field(default_factory=dict)


class Watch:
    """Watches groups, each a process and all below it, from `start` to `stop`."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        self.roots = dict(roots)
        self._peaks: dict[str, dict[Process, float]] = {name: {} for name in roots}
        self._by_part: dict[str, dict[str, float]] = {name: {} for name in roots}
        self._part = ""
        self._looking = threading.Lock()
        self._before: dict[str, tuple[float, float]] = {}
        self._busy = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_again, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to count."""
        self._reset()
        self._before = {name: _cpu(root) for name, root in self.roots.items()}
        self._busy = busy_seconds()
        self._thread.start()

    def part(self, name: str) -> None:
        """What is seen from here on belongs to this part; peaks begin again with it."""
        if name == self._part:
            return
        with self._looking:
            self._read()
            self._reset()
            self._part = name

    def stop(self) -> tuple[dict[str, Used], float]:
        """What each group used since the start, and what all programs of the machine did."""
        self._ended.set()
        self._thread.join(10)
        busy = busy_seconds() - self._busy
        self._look()
        return {name: self._used(name, root) for name, root in self.roots.items()}, busy

    def _used(self, name: str, root: int) -> Used:
        main, below = _cpu(root)
        main_before, below_before = self._before[name]
        peaks = dict(self._peaks[name])
        first = [process for process in peaks if process[0] == root]
        mine = max((peaks.pop(process) for process in first), default=0.0)
        return Used(
            main_cpu=main - main_before,
            below_cpu=below - below_before,
            main_peak=mine,
            below_peaks=sorted(peaks.values())[::-1],
            by_part=dict(self._by_part[name]),
        )

    def _look_again(self) -> None:
        while not self._ended.wait(EVERY):
            self._look()

    def _look(self) -> None:
        with self._looking:
            self._read()

    def _read(self) -> None:
        for name, root in self.roots.items():
            for pid in family(root):
                started, peak = _started(pid), peak_megabytes(pid)
                if started and peak:
                    known = self._peaks[name]
                    known[pid, started] = max(peak, known.get((pid, started), 0.0))
                    if pid == root and self._part:
                        parts = self._by_part[name]
                        parts[self._part] = max(peak, parts.get(self._part, 0.0))

    def _reset(self) -> None:
        for root in self.roots.values():
            for pid in family(root):
                _reset_peak(pid)


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    found, edge = [pid], [pid]
    while edge:
        edge = [child for parent in edge for child in _children(parent)]
        found += edge
    return found


def peak_megabytes(pid: int) -> float:
    """VmHWM of one process; 0 when it is gone."""
    for line in _proc(pid, "status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of everything below it, ended children too."""
    return sum(_cpu(pid))


def settle(pids: Iterable[int], seconds: float = SETTLE) -> None:
    """Wait until these processes have done what they still had to do; at most so long."""
    watched = list(pids)
    deadline = time.monotonic() + seconds
    used, before = 1.0, sum(map(cpu_seconds, watched))
    while used > IDLE * EVERY and time.monotonic() < deadline:
        time.sleep(EVERY)
        now = sum(map(cpu_seconds, watched))
        used, before = now - before, now


def busy_seconds() -> float:
    """CPU time all programs of the machine used since its start: all but idle and waiting."""
    with Path("/proc/stat").open(encoding="ascii") as file:
        fields = [int(word) for word in file.readline().split()[1:9]]
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / TICKS


def _cpu(root: int) -> tuple[float, float]:
    """CPU time of a process itself, and of all that is or was below it."""
    own, ended = _times(root)
    below = [sum(_times(pid)) for pid in family(root)[1:]]
    return own, ended + sum(below)


def _times(pid: int) -> tuple[float, float]:
    """CPU time of a process, and of its children that ended and were waited for."""
    fields = _stat(pid)
    if len(fields) < 15:
        return 0.0, 0.0
    user, system, ended_user, ended_system = (int(word) / TICKS for word in fields[11:15])
    return user + system, ended_user + ended_system


def _started(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[19]) if len(fields) > 19 else 0


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on: the name before them may hold anything."""
    return _proc(pid, "stat").rpartition(")")[2].split()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += [int(word) for word in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def _reset_peak(pid: int) -> None:
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
