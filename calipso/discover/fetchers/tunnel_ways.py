"""How the packets of a tunnel leave a host: by the device of its address, else by routes."""

from __future__ import annotations

from collections.abc import Sequence

from calipso.sources.fetcher import Fetcher
from calipso.topology.wiring import Node, Ways, Wiring, ways_of_device
from calipso.topology.wiring.routes import ways_to_peers


def tunnel_ways(
    fetcher: Fetcher,
    host: str,
    wiring: Wiring,
    node: Node,
    peers: Sequence[str],
    barred: frozenset[str] = frozenset(),
) -> Ways:
    """Ways of the device that has the address; where it leads nowhere (a loopback, a dummy, a
    container's veth) those of the routes to the peers. Where a device on the way may not have been
    read, routes are no answer. Raises CliAccessError or ParseError.
    """
    ways = ways_of_device(wiring, node, barred)
    unread = any(broken.may_lead for broken in fetcher.source("cli").devices(host).broken)
    if ways.ways or not peers or unread:
        return ways
    routed = ways_to_peers(wiring, fetcher.source("cli").routes(host), peers, barred)
    return routed if routed.ways else ways


def tell_no_way(
    fetcher: Fetcher, host: str, endpoint: str, address: str, node: Node, ways: Ways
) -> None:
    """Report an endpoint whose address leads to no NIC."""
    end = ways.ends_at
    last = f": {end.node.name}: {end.reason}" if end else ""
    fetcher.problem(
        ("otep", endpoint),
        code="tunnel_way_unknown",
        message=f"{host}: no way is known from the tunnel address {address} on "
        f"{node.name} to a NIC{last}",
        hint="Look at the routes to the other hosts there: `ip route get <their address>`.",
        source="cli",
        host=host,
    )
