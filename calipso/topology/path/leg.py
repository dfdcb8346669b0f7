"""One network of a way: from a place on it to another place, or to the wire. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.path import Hop
from calipso.topology.path.ascent import Ascent, Step, ascend, by_mapping, members, switch_ports
from calipso.topology.path.hops import hop_of, names
from calipso.topology.path.ovn_places import handled_by_ovn
from calipso.topology.path.places import judge_place
from calipso.topology.path.switch import judge_leaving, judge_mtu, judge_switch, judge_tunnel
from calipso.topology.path.way_parts import not_read_hop
from calipso.topology.path.world import Place, World, is_tunnelled, segment_of

#: Where two ways inside a host can meet: a NIC has a switch of its own for its functions.
_MEETING = ("vedge", "vconnector", "host_pnic")


@dataclass
class Side:
    """One half of a leg: from a port to the wire."""

    place: Place
    ascent: Ascent = field(default_factory=Ascent)
    port: list[Hop] = field(default_factory=list)
    #: One for each step of the ascent.
    inside: list[Hop] = field(default_factory=list)
    cable: list[Hop] = field(default_factory=list)

    def until(self, position: int) -> list[Hop]:
        """The hops up to a step, without it."""
        return [*self.port, *self.inside[:position]]

    @property
    def hops(self) -> list[Hop]:
        """All hops, from the port outwards."""
        return [*self.port, *self.inside, *self.cable]


def leg(world: World, network: Record, start: Place, goal: Place | None) -> list[Hop]:
    """The hops from one place of a network to another; without a goal, out to the wire."""
    near = _side(world, network, _on_host(start, goal))
    if goal is None:
        _judge_outwards(world, near, None, network)
        return [*near.hops, _between(network, near, None)]
    far = _side(world, network, _on_host(goal, near.place))
    meeting = _meeting(near, far)
    if meeting:
        here, there = meeting
        _judge_local(near, here, network)
        _judge_local(far, there, network)
        common = _joined(near.inside[here], far.inside[there])
        return [*near.until(here), common, *_turned(far.until(there))]
    _judge_outwards(world, near, far, network)
    _judge_outwards(world, far, near, network)
    return [*near.hops, _between(network, near, far), *_turned(far.hops)]


def _on_host(place: Place, other: Place | None) -> Place:
    """What OVN does on every host is done on the host of the other end."""
    if place.host or not place.logical or other is None:
        return place
    return replace(place, host=other.host)


def _side(world: World, network: Record, place: Place) -> Side:
    side = Side(place, port=judge_place(place, network))
    start = place.vnic
    if place.logical:
        start = world.one("vedge", f"{place.host}-OVN")
        if start is None:
            side.port.append(_switch_not_read(place))
    if start is None:
        return side
    side.ascent = ascend(world, start, str(network["id"]))
    if place.logical and not side.ascent.whole:
        side.ascent = by_mapping(world, start, network) or side.ascent
    side.inside = [hop_of(step, network) for step in side.ascent.steps]
    for hop in side.inside:
        judge_mtu(hop, network)
    _say_once(side.inside)
    return side


def _switch_not_read(place: Place) -> Hop:
    """The hop of a switch of OVN that is not in the inventory."""
    text = f"{place.host or 'a host'}: nobody read its switch, where OVN handles the packet"
    return not_read_hop("vedge", f"{place.host}-OVN", place.host, text)


def _say_once(hops: list[Hop]) -> None:
    """A device that is down takes its link down: it is the device that is to be looked at."""
    for before, hop in pairwise(hops):
        if before.verdict is Verdict.NO and before.code == hop.code == "link_down":
            hop.verdict, hop.code, hop.message, hop.hint = Verdict.YES, "", "", ""


def _meeting(near: Side, far: Side) -> tuple[int, int] | None:
    """Where the halves meet inside one host: positions in both; None when they do not."""
    if near.place.host != far.place.host:
        return None
    positions = {step.item["_id"]: at for at, step in enumerate(near.ascent.steps)}
    for at, step in enumerate(far.ascent.steps):
        if step.item["_id"] in positions and step.item["type"] in _MEETING:
            return positions[step.item["_id"]], at
    return None


def _joined(here: Hop, there: Hop) -> Hop:
    """The switch in which the halves meet, with what both sides say of it."""
    here.way_out = there.way_in
    here.fail(there.verdict, there.code, there.message, there.hint)
    if there.tag is not None and here.tag is not None and there.tag != here.tag:
        here.fail(
            Verdict.NO,
            "tags_differ",
            f"{here.host}: ports {here.way_in} and {there.way_in} of one network have the tags "
            f"{here.tag} and {there.tag}",
            "See the log of the host's agent: it gives a network one tag on a host.",
        )
    return here


def _judge_local(side: Side, until: int, network: Record) -> None:
    """The switches that frames pass on their way within a host."""
    for hop, step in zip(side.inside[: until + 1], side.ascent.steps, strict=False):
        if step.item["type"] == "vedge" and side.place.vnic:
            judge_switch(hop, step.item, side.place.vnic, network, leaves=False)


def _judge_outwards(world: World, side: Side, other: Side | None, network: Record) -> None:
    """Switch, tunnel and NIC by which frames leave a host, and the cable below the NIC."""
    far_otep = _otep(other) if other else None
    for hop, step in zip(side.inside, side.ascent.steps, strict=True):
        if step.item["type"] == "vedge" and side.place.vnic:
            judge_switch(hop, step.item, side.place.vnic, network, leaves=True)
        elif step.item["type"] == "vedge" and side.place.logical:
            judge_leaving(hop, step.item, network)
        elif step.item["type"] == "otep":
            judge_tunnel(hop, step.item, far_otep, network)
    _judge_end(world, side, network)
    side.cable = cable(world, side, network)


def _judge_end(world: World, side: Side, network: Record) -> None:
    """Where the way of a half ends inside the host."""
    if not side.inside:
        return
    hop = side.inside[-1]
    if side.ascent.whole:
        hop.others = names(side.ascent.others)
        return
    if any(each.verdict is Verdict.NO for each in side.inside):
        return  # what is broken before explains it
    if _ovn_unread(world, side.place):
        text = f"{hop.host}: OVN has wired the port, and nobody read its switch there"
        hint = "The coverage report of the last scan says why: calipso scan show last"
        hop.fail(Verdict.UNKNOWN, "not_read", text, hint)
        return
    wire = "a tunnel" if is_tunnelled(network) else "the wire"
    host = world.one("host", hop.host) or {}
    codes = {one.get("code") for one in host.get("problems") or ()}
    unread = any(each.stale_since for each in side.inside) or "driver_not_read" in codes
    hop.fail(
        Verdict.UNKNOWN if unread else Verdict.NO,
        "no_way_out",
        f"{hop.host}: network {hop.network} does not get from {hop.type} {hop.name} to {wire}",
        "`calipso graph` of the object shows what it is joined to.",
    )


def _ovn_unread(world: World, place: Place) -> bool:
    """True on a host of OVN whose switch is not in the inventory."""
    by_ovn = place.port is not None and handled_by_ovn(place.port)
    return by_ovn and world.one("vedge", f"{place.host}-OVN") is None


def cable(world: World, side: Side, network: Record) -> list[Hop]:
    """Members of a bond, and the switch ports at the other end of the cables."""
    if not side.ascent.whole:
        return []
    nic = side.ascent.steps[-1].item
    nics = members(world, nic)
    found = [hop_of(step, network) for step in nics]
    _judge_members(found)
    for step in nics or [Step(nic)]:
        found += [hop_of(Step(port.item), network) for port in switch_ports(world, step.item)]
    for hop in found:
        hop.underlay = True
    return found


def _judge_members(found: list[Hop]) -> None:
    """A member without link leaves the bond to the others; without any member it is down."""
    down = [hop for hop in found if hop.verdict is Verdict.NO]
    if len(down) < len(found):
        for hop in down:
            hop.verdict, hop.code = Verdict.DEGRADED, "bond_member_down"


def _otep(side: Side) -> Record | None:
    found = [step.item for step in side.ascent.steps if step.item["type"] == "otep"]
    return found[0] if found else None


def _between(network: Record, near: Side, far: Side | None) -> Hop:
    """What lies between the hosts: the network itself."""
    hop = hop_of(Step(network), network)
    hop.way_in = near.place.host
    hop.way_out = far.place.host if far else "outside"
    hop.segment = segment_of(network)[1]
    ends = [str((side.ascent.end or {}).get("link_name") or "") for side in (near, far) if side]
    if len(set(filter(None, ends))) > 1 and network.get("segments"):
        hop.fail(
            Verdict.UNKNOWN,
            "routed_outside",
            f"network {hop.name} has other segments at {' and '.join(ends)}: routers outside the "
            "cloud join them",
        )
    if network.get("admin_state_up") is False:
        hop.fail(Verdict.NO, "network_disabled", f"network {hop.name} is switched off in Neutron")
    return hop


def _turned(hops: list[Hop]) -> list[Hop]:
    """The hops of the far half, in the order in which a packet meets them."""
    for hop in hops:
        hop.way_in, hop.way_out = hop.way_out, hop.way_in
    return hops[::-1]
