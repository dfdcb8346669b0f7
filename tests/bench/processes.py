"""CPU time and peak memory of processes and their children, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    found, edge = [pid], [pid]
    while edge:
        edge = [child for parent in edge for child in _children(parent)]
        found += edge
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time a process family used so far; what ended and was waited for counts."""
    total = 0.0
    for member in family(pid):
        fields = _read(member, "stat").rpartition(")")[2].split()
        if len(fields) > 14:
            total += sum(int(fields[number]) for number in (11, 12)) / TICKS
    return total


def peak_megabytes(pid: int) -> float:
    """The largest resident size any one process of the family has had."""
    lines = [line for member in family(pid) for line in _read(member, "status").splitlines()]
    return max(
        (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), default=0.0
    )


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += [int(word) for word in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
