"""What went wrong with a fetch, and what a fetch reports about objects."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bson import ObjectId

from calipso.discover.engine.scanners_metadata import FetchType
from calipso.errors import (
    AccessError,
    CalipsoError,
    CliAccessError,
    ErrorKind,
    PartialAnswer,
)
from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.model.scan import Problem
from calipso.model.sources import source_of_error
from calipso.model.storable import storable
from calipso.sources.context import ScanContext
from calipso.sources.fetcher import Fetcher

log = logging.getLogger(__name__)


class Reports:
    """Problems of objects that one fetch type reports, each with the parent of its fetch.

    A fetcher that reads many parents at once may report a problem before it yields the parent, or
    after. The problem belongs to the fetch that lists its object. If none lists it, it belongs to
    the fetch that was going on.
    """

    def __init__(self, context: ScanContext) -> None:
        self._reported = context.problems
        self._seen = len(self._reported)
        self._problems: list[tuple[Problem, Document]] = []
        self._lister: dict[tuple[str, str], Document] = {}
        self._last: Document | None = None

    def add(self, parent: Document, object_type: str, found: Iterable[Document]) -> None:
        """Take what was reported since the last call, and the objects of this parent."""
        self._last = parent
        self._take(parent)
        for item in found:
            self._lister[(object_type, str(item.get("id")).strip())] = parent

    def by_parent(self) -> list[tuple[Document, list[Problem]]]:
        """Return the problems of each fetch that has some; call it when the fetcher has ended."""
        if self._last is not None:
            self._take(self._last)
        of_parent: dict[ObjectId, tuple[Document, list[Problem]]] = {}
        for problem, current in self._problems:
            parent = self._lister.get((problem.object_type, problem.object_id), current)
            of_parent.setdefault(parent["_id"], (parent, []))[1].append(problem)
        return list(of_parent.values())

    def _take(self, parent: Document) -> None:
        new = self._reported[self._seen :]
        self._seen += len(new)
        self._problems += [(problem, parent) for problem in new if problem.code]


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


class Storable(NamedTuple):
    """Objects of a fetch as they can be kept, and the problems with the values of others.

    `left_out` has the ids of objects that are left out; None for one that has no id at all.
    """

    kept: list[Document]
    problems: list[Problem]
    left_out: list[str | None]


def found_of(outcome: list[Document] | Exception) -> list[Document]:
    """Return the objects that a fetch of one parent gave, also if it gave only a part."""
    if isinstance(outcome, Exception):
        return outcome.found if isinstance(outcome, PartialAnswer) else []
    return outcome


def storable_objects(
    objects: Sequence[Document], fetch_type: FetchType, fetcher: Fetcher
) -> Storable:
    """Return the objects of a fetch as they can be kept, and what had to be changed in them.

    An object whose id cannot be kept as it is, is left out: others name it by this id.
    """
    result = Storable([], [], [])
    for item in objects:
        found, faults = storable(item)
        left_out = "id" in faults or not isinstance(found.get("id"), str)
        if left_out:
            result.left_out.append(_id_of(found))
        else:
            result.kept.append(found)
        if faults or left_out:
            result.problems.append(_unstorable(found, faults, left_out, fetch_type, fetcher))
    return result


def unread_of(
    outcome: list[Document] | Exception, found: Storable, environment: str, object_type: str
) -> list[ObjectId] | None:
    """Return the `_id`s of the objects that a fetch could not read; None: nobody knows which."""
    unread: Sequence[ObjectId] | None = ()
    if isinstance(outcome, Exception):
        unread = outcome.unread if isinstance(outcome, PartialAnswer) else None
    if unread is None or None in found.left_out:
        return None
    ids = [found_id for found_id in found.left_out if found_id is not None]
    return [*unread, *(object_key(environment, object_type, found_id) for found_id in ids)]


def _id_of(found: Document) -> str | None:
    """The id as it may be stored from a time when it was right; None when there is no id."""
    value = found.get("id")
    named = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if named else None


def _unstorable(
    found: Document,
    faults: dict[str, str],
    left_out: bool,
    fetch_type: FetchType,
    fetcher: Fetcher,
) -> Problem:
    kind, name = fetch_type.type, str(found.get("id")).strip()
    faults = faults or {"id": "not a text"}
    changes = "; ".join(f"{path}: {reason}" for path, reason in list(faults.items())[:5])
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    return Problem(
        kind=str(ErrorKind.UNEXPECTED_OUTPUT),
        message=f"{kind} {name[:200]}{' is left out' if left_out else ''}: {changes}{more}",
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
