"""What the hops of both directions come to: one answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from calipso.model.answer import Answer, Verdict
from calipso.model.path import SEVERITY, Direction, Hop, worst


def first_bad(hops: Iterable[Hop]) -> Hop | None:
    """The hop to look at first: the first one that is surely broken, otherwise the first one that
    is unknown, otherwise the first that is only degraded.
    """
    found = list(hops)
    level = worst([hop.verdict for hop in found])
    if level is Verdict.YES:
        return None
    return next(hop for hop in found if hop.verdict is level)


def place(hop: Hop) -> str:
    """Where a hop is, for a sentence."""
    host = f" on {hop.host}" if hop.host and hop.host != hop.name else ""
    return f"{hop.type} {hop.name}{host}"


def answer_of(
    ends: tuple[str, str],
    forward: list[Hop],
    backward: list[Hop],
    *,
    assumptions: Iterable[str] = (),
    not_checked: Iterable[str] = (),
    as_of: datetime | None = None,
) -> Answer:
    """One answer of the hops of both directions. The reply must come back: both count."""
    for hop in backward:
        hop.direction = Direction.BACKWARD
    bad = [(name, first_bad(hops)) for name, hops in (("there", forward), ("back", backward))]
    levels = [hop.verdict if hop else Verdict.YES for _, hop in bad]
    verdict = worst(levels)
    code, sentence = _sentence(ends, verdict, forward, bad)
    read = [hop.read_at for hop in (*forward, *backward) if hop.read_at]
    hops = [hop.model_dump(mode="python") for hop in (*forward, *backward)]
    return Answer(
        verdict=verdict,
        sentence=sentence,
        code=code,
        hops=hops,
        findings=[_finding(name, hop) for name, hop in bad if hop is not None],
        evidence=[hop.evidence for _, hop in bad if hop and hop.evidence],
        assumptions=list(dict.fromkeys(assumptions)),
        not_checked=list(dict.fromkeys(not_checked)),
        as_of=as_of or (min(read) if read else None),
    )


def _sentence(
    ends: tuple[str, str], verdict: Verdict, forward: list[Hop], bad: list[tuple[str, Hop | None]]
) -> tuple[str, str]:
    """Code and sentence of the worst hop; of equal ones that of the way there."""
    start, goal = ends
    if verdict is Verdict.YES:
        hosts = list(dict.fromkeys(hop.host for hop in forward if hop.host))
        by = f" by {', '.join(hosts)}" if hosts else ""
        return "connected", f"{start} reaches {goal}{by}."
    worst_name, hop = max(
        ((name, hop) for name, hop in bad if hop is not None),
        key=lambda pair: (SEVERITY[pair[1].verdict], pair[0] == "there"),
    )
    way = "" if worst_name == "there" else " on the way back"
    words = {
        Verdict.NO: f"{start} does not reach {goal}",
        Verdict.DEGRADED: f"{start} reaches {goal}, but not fully",
        Verdict.UNKNOWN: f"It is unknown whether {start} reaches {goal}",
    }
    return hop.code, f"{words[verdict]}{way}: {hop.message} ({place(hop)})."


def _finding(name: str, hop: Hop) -> dict[str, object]:
    """The first hop of a direction that is not well."""
    return {
        "kind": "first_bad_hop",
        "direction": "forward" if name == "there" else "backward",
        "verdict": hop.verdict.value,
        "code": hop.code,
        "message": hop.message,
        "hint": hop.hint,
        "type": hop.type,
        "id": hop.id,
        "key": hop.key,
        "host": hop.host,
    }
