"""The ways of a tunnel's address: by the device it lies on, else by the routes to its peers."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.hostparse.iplink import device_with
from calipso.hostparse.routes import Route, devices_to
from calipso.topology.wiring.nodes import Kind, Node, Wiring
from calipso.topology.wiring.walk import ways_of_device
from calipso.topology.wiring.ways import Ways


def device_of_address(wiring: Wiring, address: str) -> Node | None:
    """The device of the host's own namespace that has an address."""
    own = [node for node in wiring.each(Kind.DEVICE) if not node.netns]
    return next((node for node in own if device_with([node.facts], address)), None)


def ways_to_peers(
    wiring: Wiring, routes: Iterable[Route], peers: Iterable[str], barred: Iterable[str] = ()
) -> Ways:
    """Ways of all devices by which the kernel's routes lead to any of the peers."""
    known, stop = list(routes), frozenset(barred)
    names = sorted({name for peer in peers for name in devices_to(known, peer)})
    found = [
        ways_of_device(wiring, node, stop)
        for name in names
        if (node := wiring.device(name)) is not None
    ]
    return Ways(
        tuple(way for ways in found for way in ways.ways),
        tuple(end for ways in found for end in ways.ends),
    )
