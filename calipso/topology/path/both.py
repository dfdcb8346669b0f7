"""The best way between two ends, in both directions, and what speaks against the others. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from calipso.model.answer import Answer, Verdict
from calipso.model.path import SEVERITY, Direction, Hop
from calipso.topology.path.ends import ANYWHERE, End, some_address
from calipso.topology.path.filtering import judge_groups
from calipso.topology.path.leg import leg
from calipso.topology.path.security import Packet
from calipso.topology.path.verdict import answer_of
from calipso.topology.path.way import Goal, Walk
from calipso.topology.path.way_parts import end_hops, mirrored
from calipso.topology.path.world import Place, World

#: What no inventory knows.
NEVER_CHECKED = (
    "What guests do themselves: their addresses, routes and firewalls.",
    "Switches and routers outside the hosts, beyond the ports that LLDP shows.",
)


#: Codes of ways that nobody has made: no part of them is broken.
BY_DESIGN = frozenset(
    {
        "gateway_missing",
        "guest_routes",
        "no_gateway",
        "no_route",
        "not_routed_outside",
        "ranges_overlap",
        "routed_outside",
        "router_no_gateway",
    }
)


@dataclass
class Way:
    """One way between the ends."""

    forward: list[Hop]
    backward: list[Hop]
    assumptions: list[str] = field(default_factory=list)
    start: Place | None = None
    goal: Place | None = None


def between(world: World, start: End, goal: End, packet: Packet | None = None) -> Answer:
    """The answer for two ends, for a packet or for any."""
    for end in (start, goal):
        if end.missing:
            return _nothing((start, goal), "end_missing", f"{end.label}: {end.missing}")
        if not (end.places or end.outside or end.network or end.floating):
            text = f"{end.label} has no port on any network"
            return _nothing((start, goal), "no_port", text)
    ways = [make(world, start, goal) for make in _makers(world, start, goal)]
    if not ways:
        return _nothing((start, goal), "no_pair", "neither end is in the cloud")
    outside = start.outside or goal.outside
    for way in ways:
        asked = packet or Packet()
        judge_groups(world, way.forward, way.start, way.goal, asked, outside)
    answers = [_answer(start, goal, way) for way in ways]
    return _best(answers, ways)


def _makers(world: World, start: End, goal: End) -> Iterator[Any]:
    """A function for each way there may be."""
    if start.outside or goal.outside:
        inside = goal if start.outside else start
        for place in inside.places[:1] if not inside.address else inside.places:
            yield lambda w, s, g, place=place: _outwards(w, s, g, place)
        return
    if goal.network is not None or start.network is not None:
        inside, network = (goal, start) if start.network is not None else (start, goal)
        for place in inside.places:
            if network.network and (
                place.network == network.network["id"] or place is inside.places[0]
            ):
                yield lambda w, s, g, place=place: _to_network(w, s, g, place)
        return
    for one, other in _pairs(start, goal):
        yield lambda w, s, g, one=one, other=other: _inside(w, s, g, one, other)


def _pairs(start: End, goal: End) -> list[tuple[Place, Place]]:
    """Places to try: those on one network, otherwise the first NIC with each of the other end."""
    shared = [
        (one, other)
        for one in start.places
        for other in goal.places
        if one.network == other.network and not (start.floating or goal.floating)
    ]
    return shared or [(one, other) for one in start.places[:1] for other in goal.places]


def _inside(world: World, start: End, goal: End, one: Place, other: Place) -> Way:
    forward = _walk(world, one, other, goal)
    backward = _walk(world, other, one, start)
    way = Way(forward.hops, backward.hops, [*forward.assumptions, *backward.assumptions])
    way.start, way.goal = one, other
    return way


def _walk(world: World, one: Place, other: Place, goal: End) -> Walk:
    floating = goal.floating
    address = str((floating or {}).get("floating_ip_address") or "")
    address = address or goal.address or next(iter(other.addresses), "")
    walk = Walk(world, one, Goal(address or ANYWHERE, other, floating))
    return walk.run()


def _outwards(world: World, start: End, goal: End, place: Place) -> Way:
    """To the outside and back, or from there: answers come the way the questions went."""
    inside = goal if start.outside else start
    target = start.outside or goal.outside
    floating = inside.floating or inside.own_floating
    walk = Walk(world, place, Goal(target), source_floating=floating).run()
    there, back = walk.hops, mirrored(walk.hops)
    way = Way(there, back, walk.assumptions, place)
    if start.outside:
        way.forward, way.backward = back, there
        _judge_from_outside(world, way, inside, place)
        way.start, way.goal = None, place
    for hop in way.forward:
        hop.direction = Direction.FORWARD
    return way


def _judge_from_outside(world: World, way: Way, inside: End, place: Place) -> None:
    """Nobody outside can begin a connection to an address that only leaves by SNAT."""
    network = world.one("network", place.network) or {}
    direct = network.get("router:external") or not any(
        hop.type == "vservice" and "SNAT" in hop.note for hop in way.forward
    )
    if inside.floating is None and inside.own_floating is None and not direct:
        target = next((hop for hop in way.forward if "SNAT" in hop.note), way.forward[-1])
        target.fail(
            Verdict.NO,
            "no_floating_ip",
            f"{inside.label} has no floating IP: nobody outside can begin a connection to it",
            "openstack floating ip create; openstack server add floating ip",
        )


def _to_network(world: World, start: End, goal: End, place: Place) -> Way:
    """To the wire of a network, and back."""
    network = (start.network or goal.network) or {}
    if place.network == network["id"]:
        hops = [*end_hops(place), *leg(world, network, place, None)]
        walk = Walk(world, place, Goal(""), hops)
    else:
        walk = Walk(world, place, Goal(some_address(network) or ANYWHERE, _anywhere(network)))
        walk.run()
    way = Way(walk.hops, mirrored(walk.hops), walk.assumptions, place)
    if start.network is not None:
        way.forward, way.backward = way.backward, way.forward
    for hop in way.forward:
        hop.direction = Direction.FORWARD
    return way


def _anywhere(network: Any) -> Place:
    """A place on a network without port and host: the network itself."""
    return Place(network=str(network["id"]))


def _answer(start: End, goal: End, way: Way) -> Answer:
    return answer_of(
        (start.label, goal.label),
        way.forward,
        way.backward,
        assumptions=way.assumptions,
        not_checked=NEVER_CHECKED,
    )


def _best(answers: list[Answer], ways: list[Way]) -> Answer:
    """The best answer; when others are worse, the whole is degraded, and they are told."""
    best = min(answers, key=lambda answer: SEVERITY[answer.verdict])
    for answer, way in zip(answers, ways, strict=True):
        if answer is best:
            continue
        best.findings.append(
            {
                "kind": "other_way",
                "verdict": answer.verdict.value,
                "code": answer.code,
                "message": answer.sentence,
                "from": way.start.label if way.start else "",
                "to": way.goal.label if way.goal else "",
            }
        )
    worse = [
        answer
        for answer in answers
        if SEVERITY[answer.verdict] > SEVERITY[best.verdict] and answer.code not in BY_DESIGN
    ]
    if worse and best.verdict is Verdict.YES:
        best.verdict, best.code = Verdict.DEGRADED, "one_way_broken"
        best.sentence = (
            f"{best.sentence[:-1]}; {len(worse)} of {len(answers)} ways do not work: "
            f"{worse[0].sentence}"
        )
    return best


def _nothing(ends: tuple[End, End], code: str, text: str) -> Answer:
    start, goal = ends
    return Answer(
        verdict=Verdict.NO,
        code=code,
        sentence=f"{start.label} does not reach {goal.label}: {text}.",
        not_checked=list(NEVER_CHECKED),
    )
