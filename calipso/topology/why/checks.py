"""The checks of `why`, each from facts of the inventory and from paths. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from calipso.model.answer import Answer, Verdict
from calipso.model.documents import Record
from calipso.topology.path.both import between
from calipso.topology.path.ends import ANYWHERE, End, dhcp_of, metadata_of, of_instance
from calipso.topology.path.places import judge_instance
from calipso.topology.path.security import Packet
from calipso.topology.path.world import World


@dataclass
class Finding:
    """What one check found."""

    check: str
    verdict: Verdict
    code: str
    message: str
    hint: str = ""
    #: Hops of the path that the check followed.
    hops: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[Any] = field(default_factory=list)


Check = Callable[[World, Record], Finding]


def runs(world: World, item: Record) -> Finding:
    """Does the instance run, on a host that the inventory has?"""
    hop = judge_instance(item)
    name, host = item.get("name") or item["id"], str(item.get("host") or "")
    if hop.verdict is Verdict.YES and not host:
        reason = item.get("no_host_reason") or f"its status is {item.get('status')}"
        return Finding("it runs", Verdict.NO, "instance_nowhere", f"{name} has no host: {reason}")
    if hop.verdict is not Verdict.YES:
        found = Finding("it runs", hop.verdict, hop.code, hop.message, hop.hint)
        found.evidence = [hop.evidence] if hop.evidence else []
        return found
    return Finding("it runs", Verdict.YES, "", f"{name} runs on {host}")


def has_ports(world: World, item: Record) -> Finding:
    """Has it ports, and is each bound, switched on and plugged?"""
    end = of_instance(world, item)
    if not end.places:
        text = f"{end.label} has no port: no network was given to it"
        hint = "openstack server add network"
        return Finding("it has a port", Verdict.NO, "no_port", text, hint)
    for place in end.places:
        port = place.port or {}
        if not place.addresses:
            text = f"port {port.get('id')} has no address: its network has no subnet, or no room"
            return Finding("it has a port", Verdict.NO, "no_address", text)
        if place.vnic is None or port.get("admin_state_up") is False:
            goal = End("its network", network=_net(world, place.network))
            return of_path("it has a port", between(world, End(end.label, [place]), goal))
    shown = ", ".join(address for place in end.places for address in place.addresses)
    return Finding("it has a port", Verdict.YES, "", f"its ports have {shown}")


def _net(world: World, network: str) -> Record:
    return world.one("network", network) or {"id": network, "name": network}


def reaches_network(world: World, item: Record) -> Finding:
    """Do its frames get to the wire of each of its networks?"""
    end = of_instance(world, item)
    for place in end.places:
        network = _net(world, place.network)
        goal = End(f"network {network.get('name')}", network=network, item=network)
        answer = between(world, End(end.label, [place]), goal)
        if answer.verdict is not Verdict.YES and not _only_groups(answer):
            return of_path("it is plugged", answer)
    return Finding("it is plugged", Verdict.YES, "", "its devices are joined to its networks")


def gets_address(world: World, item: Record) -> Finding:
    """Does it reach a DHCP server of each network that has DHCP?"""
    goal = dhcp_of(world, item)
    if goal.missing and "no subnet" in goal.missing:
        text = "no subnet of its networks has DHCP: it needs a configuration drive"
        return Finding("it gets an address", Verdict.YES, "", text)
    answer = between(world, of_instance(world, item), goal)
    if answer.code == "end_missing":
        return Finding("it gets an address", Verdict.NO, "dhcp_missing", answer.sentence)
    return of_path("it gets an address", answer, "it reaches a DHCP server")


def gets_metadata(world: World, item: Record) -> Finding:
    """Does it reach what answers 169.254.169.254?"""
    goal = metadata_of(world, item)
    packet = Packet("tcp", 80)
    answer = between(world, of_instance(world, item), goal, packet)
    return of_path("it gets metadata", answer, "it reaches what answers 169.254.169.254")


def gets_out(world: World, item: Record) -> Finding:
    """Does it reach the outside?"""
    goal = End("the internet", outside=ANYWHERE)
    answer = between(world, of_instance(world, item), goal)
    return of_path("it gets out", answer, "it reaches the outside")


#: In the order in which an expert looks: a cause explains what comes after it.
CHECKS: tuple[Check, ...] = (
    runs,
    has_ports,
    reaches_network,
    gets_address,
    gets_metadata,
    gets_out,
)


def _only_groups(answer: Answer) -> bool:
    return answer.code in ("security_blocks", "security_unknown")


def of_path(check: str, answer: Answer, well: str = "") -> Finding:
    """What a path means for a check."""
    bad = next((f for f in answer.findings if f.get("kind") == "first_bad_hop"), {})
    text = well if answer.verdict is Verdict.YES and well else answer.sentence
    return Finding(
        check,
        answer.verdict,
        "" if answer.verdict is Verdict.YES else answer.code,
        text,
        str(bad.get("hint") or ""),
        answer.hops if answer.verdict is not Verdict.YES else [],
        list(answer.evidence),
    )
