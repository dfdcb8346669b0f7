"""Shows progress and outcome of a scan, on a terminal or line by line in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from calipso.cli.output import OPTIONS, Format, clean, iso, say, show_list, tell
from calipso.dispatch import progress
from calipso.errors import StoreError
from calipso.model.scan import ScanStatus
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.utils.clock import now

POLL = 0.2
STORE_AWAY_SECONDS = 120.0  # seconds for a store to restart; the scan continues after it
USUAL_WAIT = 1.0  # seconds without a worker before the watch says that the scan waits
NO_OBJECTS = ("links", "cliques")
BAR = 24

Progress = dict[str, Any]


def watch(scan_id: str) -> Progress:
    """Show progress on standard error until the scan ends. Returns its last state."""
    with _display() as display:
        told: set[str] = set()
        while True:
            state = _read(scan_id)
            for text in _news(state, told):
                display(None, text)
            display(state, None)
            if ScanStatus(state["status"]).final:
                return state
            time.sleep(POLL)


def _read(scan_id: str) -> Progress:
    """Return the progress of a scan. If the store does not answer, it asks again for a while."""
    deadline = time.monotonic() + STORE_AWAY_SECONDS
    while True:
        try:
            return progress(scan_id)
        except Exception as error:
            if not is_store_error(error):
                raise
            if time.monotonic() > deadline:
                raise StoreError(
                    f"MongoDB does not answer any more: {error}",
                    hint=f"`calipso status`; then `calipso scan show {scan_id}`.",
                ) from error
            time.sleep(1.0)


def _news(state: Progress, told: set[str]) -> Iterator[str]:
    """Yield new lines: errors with hints, warnings, and the reason why the scan waits."""
    for word, problems in (("error", state["errors"]), ("warning", state["warnings"])):
        for problem in problems:
            if problem["key"] not in told:
                told.add(problem["key"])
                yield from problem_lines(word, problem)
    waited = (now() - state["submitted"]).total_seconds() > USUAL_WAIT
    if state["message"] and waited and state["message"] not in told:
        told.add(state["message"])
        yield clean(state["message"])


def problem_lines(word: str, problem: dict[str, Any]) -> Iterator[str]:
    """An error or warning of a scan, and what to do about it."""
    where = problem.get("host") or problem.get("source") or problem.get("scanner")
    message = clean(problem["message"])
    prefix = "" if not where or message.startswith(where) else f"{clean(where)}: "
    yield f"{word}: {prefix}{message}"
    if problem.get("hint"):
        yield f"  hint: {clean(problem['hint'])}"


Display = Callable[[Progress | None, str | None], None]


@contextmanager
def _display() -> Iterator[Display]:
    """Shows a state (first argument) or a line (second); a terminal is redrawn, a pipe
    gets lines.
    """
    if OPTIONS.quiet or not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    with Live(console=console, refresh_per_second=8, transient=True) as live:

        def show(state: Progress | None, line: str | None) -> None:
            if line is not None:
                console.print(Text(line))
            if state is not None:
                live.update(Text("\n".join(level_lines(state))))

        yield show


def _lines() -> Display:
    """For a pipe: a line when a level is done."""
    done: set[int] = set()

    def show(state: Progress | None, line: str | None) -> None:
        if line is not None:
            say(line)
        for level in state["levels"] if state else []:
            if level["done"] >= level["tasks"] and level["level"] not in done:
                done.add(level["level"])
                say(f"{state['seconds']:7.2f} s  {_level_name(level)}  {level['tasks']} tasks")  # type: ignore[index]

    return show


def level_lines(state: Progress) -> list[str]:
    """A line for each level with a bar, and one with the totals."""
    lines = []
    for level in state["levels"]:
        share = level["done"] / level["tasks"] if level["tasks"] else 1.0
        bar = "█" * int(share * BAR)
        lines.append(f"{_level_name(level):44.44} {bar:░<{BAR}} {level['done']}/{level['tasks']}")
    lines.append(f"{state['seconds']:.1f} s  {totals(state)}")
    return lines


def _level_name(level: dict[str, Any]) -> str:
    stage = level["stage"].replace("_", " ")
    title = clean(level["title"])
    return f"{stage}: {title}" if title and title != stage else stage


def totals(state: Progress) -> str:
    """`812 objects, 640 links, 120 cliques, 2 errors`."""
    counts = state["counts"]
    objects = sum(number for name, number in counts.items() if name not in NO_OBJECTS)
    parts = [f"{objects} objects"]
    parts += [f"{counts[name]} {name}" for name in NO_OBJECTS if name in counts]
    parts += [f"{state[name]} {name}" for name in ("removed", "stale") if state[name]]
    for name, key in (("error", "error_count"), ("warning", "warning_count")):
        if state[key]:
            parts.append(f"{state[key]} {name}{'s' if state[key] != 1 else ''}")
    return ", ".join(parts)


def show_totals(state: Progress) -> None:
    """The outcome of a watched scan: state, time, totals, objects by type."""
    rows = [{"type": name, "count": number} for name, number in state["counts"].items()]
    show_list(rows, ["type", "count"], Format.TABLE)
    requests = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in state["requests"].items())
    tell(f"\n{state['status']} in {state['seconds']:.1f} s: {totals(state)}")
    if requests:
        tell(f"asked the cloud: {requests}")
    if found := _changes(state):
        tell(f"changed: {found} (calipso changes)")
    if state["error_count"] or state["warning_count"]:
        tell(f"parts that were not read: calipso scan show {state['id']} --coverage")


def _changes(state: Progress) -> str:
    """`3 objects added, 1 link removed`; of the scans before the first, everything is new."""
    from calipso.analysis.change_log import counts
    from calipso.stores.inventory.inventory_mgr import InventoryMgr

    found = counts(InventoryMgr(state.get("inventory")), state["environment"], state["id"])
    return ", ".join(f"{number} {name}" for name, number in found.items())


def show_scan(state: Progress) -> None:
    """`calipso scan show`: state, levels, totals, errors."""
    tell(f"scan {state['id']} of {clean(state['environment'])}: {state['status']}")
    if state["message"]:
        tell(clean(state["message"]))
    for name in ("submitted", "started", "ended"):
        if state[name]:
            tell(f"{name:10} {iso(state[name])}")
    for line in level_lines(state):
        tell(line)
    for word, problems in (("error", state["errors"]), ("warning", state["warnings"])):
        for problem in problems:
            for line in problem_lines(word, problem):
                tell(line)
    if state["error_count"] > len(state["errors"]):
        tell(f"more errors: calipso scan show {state['id']} --coverage")
