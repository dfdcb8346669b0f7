"""Applies security groups to the hops of a way: at the port that sends and at the one that gets.

Pure. Ports of Neutron's own services have no groups.
"""

from __future__ import annotations

from calipso.model.answer import Verdict
from calipso.model.path import Hop
from calipso.topology.path.security import Packet, Remote, evaluate
from calipso.topology.path.world import Place, World


def judge_groups(
    world: World,
    hops: list[Hop],
    start: Place | None,
    goal: Place | None,
    packet: Packet,
    outside: str,
) -> None:
    """Set `security` of the first and of the last port of a way, in the direction there.

    `outside`: the address of an end that is outside the cloud.
    """
    translated = any("SNAT" in hop.note for hop in hops)
    if start is not None:
        address = goal.addresses[0] if goal and goal.addresses else outside
        groups = () if goal is None or translated else _groups(goal)
        _judge(world, hops, start, "egress", packet, Remote(address, groups))
    if goal is not None:
        own = start.addresses[0] if start and start.addresses else outside
        groups = () if start is None or translated else _groups(start)
        _judge(world, hops[::-1], goal, "ingress", packet, Remote(own, groups))


def _judge(
    world: World, hops: list[Hop], place: Place, direction: str, packet: Packet, remote: Remote
) -> None:
    port = place.port
    if port is None or str(port.get("device_owner") or "").startswith("network:"):
        return
    hop = next((hop for hop in hops if hop.type == "port" and hop.id == port["id"]), None)
    if hop is None or not remote.address:
        return
    found = evaluate(world, port, direction, packet, remote)
    hop.security = found
    if found.verdict is Verdict.NO:
        hop.fail(
            Verdict.NO,
            "security_blocks",
            f"port {hop.id}: of its security groups, {found.rule}",
            "openstack security group rule create; `security` of the hop says what is there",
        )
    elif found.verdict is Verdict.UNKNOWN:
        hop.fail(Verdict.UNKNOWN, "security_unknown", f"port {hop.id}: {found.rule}")


def _groups(place: Place) -> tuple[str, ...]:
    return tuple(str(each) for each in (place.port or {}).get("security_groups") or ())
