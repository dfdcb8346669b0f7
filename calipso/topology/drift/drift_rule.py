"""DriftRule: the base of the drift rules. A rule reads facts and yields findings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from calipso.model.answer import Evidence
from calipso.model.documents import Record
from calipso.topology.drift.facts import Facts
from calipso.utils.names import snake_case

#: Object type -> fields.
Reads = Mapping[str, tuple[str, ...]]


class DriftSeverity(StrEnum):
    """How bad a finding is, the worst first."""

    CRITICAL = "critical"  # somebody's traffic does not get through
    MAJOR = "major"  # it will stop, or a reserve is lost
    MINOR = "minor"  # something is left over, or named differently


@dataclass(frozen=True)
class Found:
    """One finding: an object, and what the sources say about it."""

    item: Record
    sentence: str
    #: What each side says, with its time.
    evidence: tuple[Evidence, ...] = ()
    #: Tells findings of one rule about one object apart, such as the peer of a tunnel.
    part: str = ""
    remedy: str = ""
    #: When it began, where the inventory knows it; otherwise the first run that found it counts.
    since: datetime | None = None
    #: Other objects that it is about.
    others: tuple[Record, ...] = field(default=())


class DriftRule(ABC):
    """A rule. The code of a rule is the name of its class and file: `TunnelMissing`,
    `tunnel_missing`.
    """

    severity: ClassVar[DriftSeverity]
    #: What a finding of the rule says, in one sentence.
    sentence: ClassVar[str]
    #: What a person does about it.
    remedy: ClassVar[str]
    #: Object types that the rule reads, with the fields it needs besides `facts.BASE`.
    reads: ClassVar[Reads] = {}
    #: Link types that it reads.
    link_types: ClassVar[tuple[str, ...]] = ()
    #: Object types whose changes of the last days it reads.
    changes_of: ClassVar[tuple[str, ...]] = ()
    #: True: the rule judges only when all hosts were read, so a host that is silent clears nothing.
    whole: ClassVar[bool] = False
    #: Codes of problems of objects that it rests on.
    problems: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def code(cls) -> str:
        """The stable name of the rule."""
        return snake_case(cls.__name__)

    @abstractmethod
    def find(self, facts: Facts) -> Iterator[Found]:
        """Yield what is wrong. What was not read gives no finding."""


class ProblemRule(DriftRule):
    """A rule that rests on problems that a scan put on objects: nothing is computed twice."""

    def find(self, facts: Facts) -> Iterator[Found]:
        """One finding for each object with one of the rule's problems."""
        for code in self.problems:
            for item, problem in facts.problems(code):
                found_by = problem.get("found_by") or {}
                told = Evidence(
                    source=str(found_by.get("finder") or found_by.get("fetcher") or "inventory"),
                    line=str(problem.get("message", "")),
                    host=str(item.get("host") or ""),
                    read_at=item.get("last_scanned"),
                )
                yield Found(
                    item,
                    str(problem.get("message", "")) or self.sentence,
                    (told,),
                    remedy=str(problem.get("hint") or ""),
                    since=problem.get("since"),
                )


def said(source: str, item: Record, line: str) -> Evidence:
    """What a source says in an object, and when it was read."""
    return Evidence(
        source=source,
        line=line,
        host=str(item.get("host") or ""),
        read_at=item.get("last_scanned"),
    )
