"""`explain`: all checks in their order, and the first cause. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from calipso.model.answer import Answer, Verdict
from calipso.model.documents import Record
from calipso.model.path import SEVERITY
from calipso.topology.path.both import NEVER_CHECKED, between
from calipso.topology.path.ends import End, of_instance
from calipso.topology.path.world import World
from calipso.topology.why.checks import CHECKS, Finding, of_path

#: Codes that say that nobody made such a way: no fault of the instance.
_BY_DESIGN = frozenset({"gateway_missing", "no_gateway", "router_no_gateway", "end_missing"})


def explain(world: World, item: Record, start: End | None = None) -> Answer:
    """Why an instance has no address, no metadata, no way out, or is not reached from an end.

    `findings` has each check in order; the sentence is that of the first cause.
    """
    found = [check(world, item) for check in CHECKS]
    if start is not None:
        answer = between(world, start, of_instance(world, item))
        found.append(of_path(f"{start.label} reaches it", answer, answer.sentence))
    name = str(item.get("name") or item["id"])
    cause = _first(found)
    if cause is None:
        text = f"Nothing is wrong with the network of {name}, as far as the last scan read it."
        return _answer(Verdict.YES, "nothing_wrong", text, found)
    said = cause.message.rstrip(".")
    said = said if said.startswith(name) else f"{name}: {said}"
    _shorten(found, cause)
    text = f"{said}. It is the first cause, found by the check: {cause.check}."
    return _answer(cause.verdict, cause.code, text, found, cause)


def _shorten(found: Sequence[Finding], cause: Finding) -> None:
    """Say of checks after the first cause that fail by the same hop only that it is the same."""
    reason = cause.message.partition(": ")[2]
    for one in found[found.index(cause) + 1 :]:
        if reason and one.code == cause.code and one.message.endswith(reason):
            one.message = one.message.removesuffix(reason) + "the same cause."


def _first(found: Sequence[Finding]) -> Finding | None:
    """The first check that is surely broken, otherwise the first that is not well.

    A way that nobody made explains something only where nothing is broken.
    """
    bad = [one for one in found if one.verdict is not Verdict.YES]
    order = sorted(
        bad, key=lambda one: (one.code in _BY_DESIGN, -SEVERITY[one.verdict], found.index(one))
    )
    return order[0] if order else None


def _answer(
    verdict: Verdict, code: str, text: str, found: Sequence[Finding], cause: Finding | None = None
) -> Answer:
    return Answer(
        verdict=verdict,
        code=code,
        sentence=text,
        hops=cause.hops if cause else [],
        findings=[
            {
                "kind": "check",
                "check": one.check,
                "verdict": one.verdict.value,
                "code": one.code,
                "message": one.message,
                "hint": one.hint,
            }
            for one in found
        ],
        evidence=cause.evidence if cause else [],
        not_checked=[
            *NEVER_CHECKED,
            "Whether the processes that answer DHCP and metadata run (dnsmasq, haproxy).",
        ],
    )
