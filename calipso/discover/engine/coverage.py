"""The coverage report of a scan: for each host and source, what was read and what was not."""

from __future__ import annotations

from collections.abc import Mapping

from calipso.errors import ErrorKind
from calipso.model.documents import Document
from calipso.model.scan import Problem, ScanStatus
from calipso.model.sources import asks_hosts, is_optional
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.task_problems import MOST_CHARACTERS

#: Kinds of errors after which nothing was asked of a host any more.
NOT_REACHED = {
    ErrorKind.UNREACHABLE.value,
    ErrorKind.LOGIN_FAILED.value,
    ErrorKind.HOST_KEY.value,
    ErrorKind.SKIPPED_HOST.value,
}

#: Different problems that a line names: a document of MongoDB has 16 MB at most. The others are
#: counted.
MOST_PROBLEMS = 200


def finish_report(
    store: ScanStore, scan: Document, *, failed: bool, skipped: Mapping[str, list[str]]
) -> ScanStatus:
    """Write the coverage report; returns the state the scan ends in.

    `skipped` names the fetchers that are not for this environment, by source.
    """
    tasks, problems = write_report(store, scan, skipped)
    if scan["cancel_requested"]:
        return ScanStatus.CANCELLED
    read = sum(run["read"] for task in tasks for run in task.get("runs", ()))
    fetched = [task for task in tasks if task["kind"] == "fetch"]
    if failed or (fetched and read == 0):
        return ScanStatus.FAILED
    broken = any(not problem.warning for problem in problems)
    return ScanStatus.COMPLETED_WITH_ERRORS if broken else ScanStatus.COMPLETED


def write_report(
    store: ScanStore, scan: Document, skipped: Mapping[str, list[str]]
) -> tuple[list[Document], list[Problem]]:
    """Write the coverage report; returns the tasks it is made from, and their problems."""
    fields = ("kind", "source", "runs", "problems", "more_problems", "ran", "done", "title")
    tasks = store.scan_tasks(scan["_id"], *fields)
    lines, problems = summarise(tasks, skipped)
    store.save_coverage(scan["_id"], scan["environment"], lines)
    return tasks, problems


def summarise(
    tasks: list[Document], skipped: Mapping[str, list[str]]
) -> tuple[list[Document], list[Problem]]:
    """Lines of the report, one for each host and source, and all problems of the tasks.

    `host` is empty for what is asked once for the whole cloud. `reached` is False when nothing
    of a host or source could be read, or the host itself was lost on the way; None where nothing
    was asked.
    """
    lines: dict[tuple[str, str], _Line] = {}
    problems: list[Problem] = []

    def line(host: str, source: str) -> _Line:
        key = (host, source)
        if key not in lines:
            lines[key] = _Line(host, source)
        return lines[key]

    for task in tasks:
        for run in task.get("runs", ()):
            line(run["host"], run["source"]).add_run(run)
        for data in task.get("problems", ()):
            problem = Problem.model_validate(data)
            problems.append(problem)
            line(problem.host, problem.source or task.get("source", "")).add_problem(problem)
        for entry in task.get("more_problems", ()):
            source = entry["source"] or task.get("source", "")
            line(entry["host"], source).others += entry["number"]
    for source, fetchers in skipped.items():
        if ("", source) in lines or not is_optional(source):
            line("", source).skipped = fetchers
    return [lines[key].document() for key in sorted(lines)], problems


class _Line:
    """A line of the report while it is put together."""

    def __init__(self, host: str, source: str) -> None:
        self.host = host
        self.source = source
        self.seconds = 0.0
        self.skipped: list[str] = []
        #: Different problems that the tasks of this line counted and did not store.
        self.others = 0
        self._sums = {"read": 0, "failed": 0, "objects": 0}
        self._fetchers: dict[str, dict[str, int]] = {}
        self._problems: dict[str, Document] = {}

    def add_run(self, run: Document) -> None:
        """Add what one fetch type did for this host."""
        fetcher = self._fetchers.setdefault(run["fetcher"], dict.fromkeys(self._sums, 0))
        for name in self._sums:
            self._sums[name] += run[name]
            fetcher[name] += run[name]
        self.seconds += run["seconds"]

    def add_problem(self, problem: Problem) -> None:
        """Equal problems are one entry with a count."""
        known = self._problems.get(problem.key())
        if known is not None:
            known["count"] += 1
            return
        self._problems[problem.key()] = {
            "key": problem.key()[:MOST_CHARACTERS],
            "kind": problem.kind,
            "message": problem.message[:MOST_CHARACTERS],
            "hint": problem.hint[:MOST_CHARACTERS],
            "fetcher": problem.fetcher,
            "warning": problem.warning,
            "count": 1,
        }

    def document(self) -> Document:
        """The line; errors go before warnings where there are too many."""
        found = list(self._problems.values())
        if len(found) > MOST_PROBLEMS:
            found.sort(key=lambda problem: problem["warning"])
        return {
            "host": self.host,
            "source": self.source,
            "seconds": round(self.seconds, 4),
            **self._sums,
            "fetchers": self._fetchers,
            "problems": found[:MOST_PROBLEMS],
            "more_problems": max(0, len(found) - MOST_PROBLEMS) + self.others,
            "skipped": self.skipped,
            "reached": self._reached(),
        }

    def _reached(self) -> bool | None:
        read, failed = self._sums["read"], self._sums["failed"]
        if not (read or failed or self._problems):
            return None
        if failed and not read:
            return False
        away = any(problem["kind"] in NOT_REACHED for problem in self._problems.values())
        # one service of several, or one of the databases, may be away; a host is there or not
        return not away or (not asks_hosts(self.source) and read > 0)
