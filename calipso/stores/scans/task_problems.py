"""The problems that one task stores. A cloud may have more faults than a document can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from calipso.model.documents import Document
from calipso.model.scan import Problem

#: Most problems that a task stores, and most characters of the message and the hint of each: a
#: document of MongoDB has 16 MB at most. The others are counted. The collection `object_problems`
#: has all problems of objects.
MOST_OF_TASK = 1000
MOST_CHARACTERS = 2000


def bounded(problems: Iterable[Problem]) -> tuple[list[Problem], list[Document]]:
    """Return the problems that a task stores, and the numbers of the others.

    If there are too many, different problems go before repeated ones, and errors before warnings.
    The numbers are of different problems, one entry for each host, source and `warning`.
    """
    found = [_cut(problem) for problem in problems]
    if len(found) <= MOST_OF_TASK:
        return found, []
    first: dict[str, Problem] = {}
    repeated = [p for p in found if first.setdefault(p.key(), p) is not p]
    different = sorted(first.values(), key=lambda problem: problem.warning)
    others = Counter(
        (p.host, p.source, p.warning)
        for p in different[MOST_OF_TASK:]
        if p.kind != "skipped_host"  # not counted on the scan either
    )
    numbers = [
        {"host": host, "source": source, "warning": warning, "number": number}
        for (host, source, warning), number in others.items()
    ]
    return [*different, *repeated][:MOST_OF_TASK], numbers


def _cut(problem: Problem) -> Problem:
    if max(len(problem.message), len(problem.hint)) <= MOST_CHARACTERS:
        return problem
    cut = {name: getattr(problem, name)[:MOST_CHARACTERS] for name in ("message", "hint")}
    return problem.model_copy(update=cut)


def adding(problems: Iterable[Problem], numbers: Iterable[Document], most: int) -> list[Document]:
    """Return an update that adds problems to a scan record, which names `most` and counts all.

    A problem whose key the record has is not added. `numbers` are those of `bounded`.
    """
    entries = {p.key(): p.model_dump() | {"key": p.key()} for p in problems}
    known = {"$ifNull": ["$errors", []]}
    fresh = {"$not": [{"$in": ["$$one.key", {"$ifNull": ["$errors.key", []]}]}]}
    new = {"$filter": {"input": {"$literal": list(entries.values())}, "as": "one", "cond": fresh}}
    counted = {}
    for name, warning in (("error_count", False), ("warning_count", True)):
        same = {"$eq": ["$$one.warning", warning]}
        size = {"$size": {"$filter": {"input": "$new_errors", "as": "one", "cond": same}}}
        others = sum(entry["number"] for entry in numbers if entry["warning"] is warning)
        counted[name] = {"$add": [{"$ifNull": [f"${name}", 0]}, size, others]}
    listed = {"$slice": [{"$concatArrays": [known, "$new_errors"]}, most]}
    return [
        {"$set": {"new_errors": new}},
        {"$set": {"errors": listed, **counted}},
        {"$unset": "new_errors"},
    ]
