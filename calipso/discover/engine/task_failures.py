"""What a scan records of a task that failed. A failure of a task never fails its level."""

from __future__ import annotations

import logging

from calipso.errors import CalipsoError, ErrorKind
from calipso.model.documents import Document
from calipso.model.scan import Problem
from calipso.settings import settings

log = logging.getLogger(__name__)

DEFECT = "This is a defect of Calipso: see the worker's log."


def as_calipso_error(error: Exception) -> CalipsoError:
    """The error itself, or one that says which defect it is."""
    if isinstance(error, CalipsoError):
        return error
    return CalipsoError(f"{type(error).__name__}: {error}"[:500], hint=DEFECT)


def too_long_a_time() -> CalipsoError:
    """The error of a task whose time is over."""
    seconds = settings().graph_task_seconds
    return CalipsoError(
        f"not done after {seconds:g} seconds and given up; what it would have found is as it was",
        hint="Give it more time (CALIPSO_GRAPH_TASK_SECONDS), or a faster machine.",
        kind=ErrorKind.TIMEOUT,
    )


def failed(task: Document, reason: Exception, scan_id: str) -> Document:
    """The result of a task that raised: its problem is recorded, the scan goes on."""
    log.error("task failed", exc_info=reason, extra={"scan": scan_id, "task": task["title"]})
    error = as_calipso_error(reason)
    problem = Problem(
        kind=str(error.kind),
        message=f"{task['title']}: {error.message}"[:500],
        hint=error.hint,
        scanner=task.get("scanner", ""),
        source=task.get("source", ""),
    )
    return {"ran": False, "problems": [problem]}


def lost(task: Document, attempts: int) -> Problem:
    """The problem of a task that lost its worker in each of its attempts."""
    return Problem(
        kind=str(ErrorKind.WORKER_LOST),
        message=f"{task['title']}: given up after {attempts} attempts, "
        "each of which lost its worker",
        hint="See the worker's log; it may have run out of memory.",
        scanner=task.get("scanner", ""),
        source=task.get("source", ""),
    )
