"""From a device to the wire: the objects by which the frames of a network leave a host. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from calipso.model.documents import Record
from calipso.topology.path.world import World, carries, segment_of

#: Types that a way inside one host passes, and how they follow each other towards the wire.
_TOWARDS_WIRE = frozenset(
    {
        "vnic-vconnector",
        "vnic-vedge",
        "vnic-host_pnic",
        "vconnector-vedge",
        "vconnector-host_pnic",
        "vedge-otep",
        "vedge-host_pnic",
        "otep-vconnector",
        "otep-host_pnic",
    }
)
_END = "host_pnic-network"

#: What a step costs: a way that works is preferred to a shorter one that does not.
_COST = {"up": 1, "unknown": 100, "": 1}
_DOWN = 10_000


@dataclass
class Step:
    """An object, and the link by which it is reached from the one before."""

    item: Record
    link: Record | None = None


@dataclass
class Ascent:
    """The way from a device to the wire."""

    steps: list[Step] = field(default_factory=list)
    #: The last step is a NIC that carries the network.
    whole: bool = False
    #: Link from that NIC to the network.
    end: Record | None = None
    #: Other NICs that carry the network too.
    others: list[Record] = field(default_factory=list)


def ascend(world: World, start: Record, network: str) -> Ascent:
    """The best way from a device to a NIC that carries the network; to any NIC without one.

    Where none leads so far, the steps are the longest way there is, and `whole` is False.
    """
    order = count()
    queue: list[tuple[int, int, list[Step]]] = [(0, next(order), [Step(start)])]
    done: set[Any] = set()
    found, longest = Ascent(), [Step(start)]
    while queue:
        cost, _, steps = heapq.heappop(queue)
        item = steps[-1].item
        if item["_id"] in done:
            continue
        done.add(item["_id"])
        longest = steps if len(steps) > len(longest) else longest
        if (end := _end(world, item, network)) is not None:
            if found.whole:
                found.others.append(item)
            else:
                found = Ascent(steps, whole=True, end=end)
            continue
        for link, far in _outwards(world, item, network):
            heapq.heappush(queue, (cost + _cost(link), next(order), [*steps, Step(far, link)]))
    return found if found.whole else Ascent(longest)


def by_mapping(world: World, vedge: Record, network: Record) -> Ascent | None:
    """The NIC of the bridge that a switch has mapped to the physical network of a network.

    A router of OVN sends there from any host, so nothing else of the network has to be on it.
    """
    bridge = (vedge.get("bridge_mappings") or {}).get(segment_of(network)[2])
    for link in world.links(vedge["_id"]):
        uplink = link["link_type"] == "vedge-host_pnic" and link["source"] == vedge["_id"]
        nic = world.key(link["target"]) if uplink and bridge == link.get("source_label") else None
        if nic is not None:
            return Ascent([Step(vedge), Step(nic, link)], whole=True, end={})
    return None


def _end(world: World, item: Record, network: str) -> Record | None:
    """The link of a NIC to the network, when it carries it; without a network any NIC will do."""
    if item["type"] != "host_pnic":
        return None
    if not network:
        return {}
    for link in world.links(item["_id"]):
        if link["link_type"] == _END and str(link["target_id"]) == network:
            return link
    return None


def _outwards(world: World, item: Record, network: str) -> Iterator[tuple[Record, Record]]:
    for link in world.links(item["_id"]):
        turned = _is_turned(world, link)
        near, far = ("target", "source") if turned else ("source", "target")
        leads = link["link_type"] in _TOWARDS_WIRE and link[near] == item["_id"]
        beyond = world.key(link[far]) if leads and carries(link, network) else None
        if beyond is not None:
            yield link, beyond


def _is_turned(world: World, link: Record) -> bool:
    """True for a link that leads towards the wire from its target to its source."""
    if link["link_type"] == "otep-vconnector":  # the bridge that the tunnel device is a member of
        otep = world.key(link["source"]) or {}
        return bool(otep.get("parent_id") == link["target_id"])
    return bool((link.get("attributes") or {}).get("uplink"))


def _cost(link: Record) -> int:
    return _COST.get(str(link.get("state") or ""), _DOWN)


def members(world: World, nic: Record) -> list[Step]:
    """The NICs that are members of a bond or team."""
    return list(_followed(world, nic, "host_pnic-host_pnic"))


def switch_ports(world: World, nic: Record) -> list[Step]:
    """The switch ports that cables from a NIC lead to."""
    return list(_followed(world, nic, "host_pnic-switch_pnic"))


def _followed(world: World, nic: Record, link_type: str) -> Iterator[Step]:
    """What the links of a type lead to from a NIC."""
    for link in world.links(nic["_id"]):
        wanted = link["link_type"] == link_type and link["source"] == nic["_id"]
        far = world.key(link["target"]) if wanted else None
        if far is not None:
            yield Step(far, link)
