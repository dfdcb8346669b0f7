"""The coverage report of a scan: for each host and source, what was read and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.errors import ErrorKind
from calipso.model.scan import Problem, ScanStatus
from calipso.utils.scan_store import ScanStore

Document = dict[str, Any]

#: Kinds of errors after which nothing was asked of a host any more.
NOT_REACHED = {
    ErrorKind.UNREACHABLE.value,
    ErrorKind.LOGIN_FAILED.value,
    ErrorKind.HOST_KEY.value,
    ErrorKind.SKIPPED_HOST.value,
}


def finish_report(
    store: ScanStore, scan: Document, *, failed: bool, skipped: Mapping[str, list[str]]
) -> ScanStatus:
    """Write the coverage report; returns the state the scan ends in.

    `skipped` names the fetchers that are not for this environment, by source.
    """
    tasks = store.scan_tasks(
        scan["_id"], "kind", "source", "runs", "problems", "ran", "done", "title"
    )
    lines, problems = summarise(tasks, skipped)
    store.save_coverage(scan["_id"], scan["environment"], lines)
    if scan["cancel_requested"]:
        return ScanStatus.CANCELLED
    read = sum(run["read"] for task in tasks for run in task.get("runs", ()))
    fetched = [task for task in tasks if task["kind"] == "fetch"]
    if failed or (fetched and read == 0):
        return ScanStatus.FAILED
    broken = any(not problem.warning for problem in problems)
    return ScanStatus.COMPLETED_WITH_ERRORS if broken else ScanStatus.COMPLETED


def summarise(
    tasks: list[Document], skipped: Mapping[str, list[str]]
) -> tuple[list[Document], list[Problem]]:
    """Lines of the report, one for each host and source, and all problems of the tasks.

    `host` is empty for what is asked once for the whole cloud. `reached` is False when nothing
    of a host or source could be read, and None where nothing was asked.
    """
    lines: dict[tuple[str, str], Document] = {}
    problems: list[Problem] = []

    def line(host: str, source: str) -> Document:
        empty: Document = {"host": host, "source": source, "seconds": 0.0}
        empty |= {"read": 0, "failed": 0, "objects": 0, "fetchers": {}, "problems": []}
        empty["skipped"] = []
        return lines.setdefault((host, source), empty)

    for task in tasks:
        for run in task.get("runs", ()):
            entry = line(run["host"], run["source"])
            fetcher = entry["fetchers"].setdefault(
                run["fetcher"], {"read": 0, "failed": 0, "objects": 0}
            )
            for name in ("read", "failed", "objects"):
                entry[name] += run[name]
                fetcher[name] += run[name]
            entry["seconds"] = round(entry["seconds"] + run["seconds"], 4)
        for data in task.get("problems", ()):
            problem = Problem.model_validate(data)
            problems.append(problem)
            _add(line(problem.host, problem.source or task.get("source", "")), problem)
    for source, fetchers in skipped.items():
        line("", source)["skipped"] = fetchers
    for entry in lines.values():
        kinds = {problem["kind"] for problem in entry["problems"]}
        silent = entry["failed"] > 0 and entry["read"] == 0
        asked = entry["read"] or entry["failed"] or entry["problems"]
        entry["reached"] = not (silent or kinds & NOT_REACHED) if asked else None
    return [lines[key] for key in sorted(lines)], problems


def _add(entry: Document, problem: Problem) -> None:
    """Equal problems are one entry with a count."""
    for known in entry["problems"]:
        if known["key"] == problem.key():
            known["count"] += 1
            return
    entry["problems"].append(
        {
            "key": problem.key(),
            "kind": problem.kind,
            "message": problem.message,
            "hint": problem.hint,
            "fetcher": problem.fetcher,
            "warning": problem.warning,
            "count": 1,
        }
    )
