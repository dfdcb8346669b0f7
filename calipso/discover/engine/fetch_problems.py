"""What went wrong with a fetch, as lines of the coverage report."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from calipso.discover.engine.scanners_metadata import FetchType
from calipso.errors import (
    AccessError,
    CalipsoError,
    CliAccessError,
    ErrorKind,
    PartialAnswer,
)
from calipso.model.documents import Document
from calipso.model.scan import Problem
from calipso.model.sources import source_of_error
from calipso.model.storable import storable
from calipso.sources.fetcher import Fetcher

log = logging.getLogger(__name__)


def problem_of(
    error: Exception, fetch_type: FetchType, fetcher: Fetcher, host: str, parent_id: str
) -> Problem:
    """A failed fetch as a line of the coverage report; a bug of ours is logged with its trace."""
    warning = isinstance(error, PartialAnswer) and error.warning
    if isinstance(error, PartialAnswer):
        error = error.errors[0] if len(error.errors) == 1 else error
    if isinstance(error, CalipsoError):
        message, hint, kind = error.message, error.hint, error.kind
        if isinstance(error, CliAccessError):
            host = error.host or host
        elif isinstance(error, AccessError):
            host = ""  # a database or service that is away is one problem, not one of each host
    else:
        about = {"host": host} if host else {}
        log.error("%s failed for %s", fetch_type.fetcher, parent_id, exc_info=error, extra=about)
        message = f"{fetch_type.fetcher}: {type(error).__name__}: {error}"[:500]
        hint, kind = "This is a defect of Calipso: see the worker's log.", ErrorKind.BUG
    return Problem(
        kind=str(kind),
        message=message,
        hint=hint,
        source=source_of_error(error) or fetcher.queue_source(),
        host=host,
        scanner=fetch_type.scanner,
        fetcher=fetch_type.fetcher,
        parent_id=parent_id,
        warning=warning,
    )


def misplaced(document: Document, missing: str, fetch_type: FetchType, fetcher: Fetcher) -> Problem:
    """The warning about an object whose parent is not stored."""
    return Problem(
        kind=str(ErrorKind.NOT_FOUND),
        message=f"{document['type']} {document['id']}: its parent {missing} is not in the "
        f"inventory; shown below {document['parent_id']}",
        hint="It may have been created during the scan; scan again.",
        source=fetcher.queue_source(),
        host=str(document.get("host", "")),
        scanner=fetch_type.scanner,
        fetcher=fetch_type.fetcher,
        warning=True,
        code="misplaced",
        object_type=document["type"],
        object_id=document["id"],
    )


def storable_objects(
    objects: Sequence[Document], fetch_type: FetchType, fetcher: Fetcher
) -> tuple[list[Document], list[Problem]]:
    """Objects of a fetch as they can be kept, and what had to be changed in them.

    An object whose id cannot be kept as it is, is left out: others name it by this id.
    """
    kept: list[Document] = []
    problems: list[Problem] = []
    for item in objects:
        found, faults = storable(item)
        left_out = "id" in faults or not isinstance(found.get("id"), str)
        if not left_out:
            kept.append(found)
        if faults or left_out:
            problems.append(_unstorable(found, faults, left_out, fetch_type, fetcher))
    return kept, problems


def _unstorable(
    found: Document,
    faults: dict[str, str],
    left_out: bool,
    fetch_type: FetchType,
    fetcher: Fetcher,
) -> Problem:
    kind, name = str(found.get("type") or fetch_type.type), str(found.get("id"))[:200]
    faults = faults or {"id": "not a text"}
    told = "; ".join(f"{path}: {reason}" for path, reason in list(faults.items())[:5])
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    return Problem(
        kind=str(ErrorKind.UNEXPECTED_OUTPUT),
        message=f"{kind} {name}{' is left out' if left_out else ''}: {told}{more}",
        hint=f"Look at it in its source ({fetcher.queue_source()}), and correct it there.",
        source=fetcher.queue_source(),
        host=str(found.get("host") or ""),
        scanner=fetch_type.scanner,
        fetcher=fetch_type.fetcher,
        warning=not left_out,
        code="" if left_out else "value_changed",
        object_type="" if left_out else kind,
        object_id="" if left_out else name,
    )
