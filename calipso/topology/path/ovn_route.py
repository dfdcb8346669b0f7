"""A router of OVN on a way: each host does its part, and a gateway does the rest. Pure.

Between networks, and for a floating IP with a MAC of its own, the host of the guest does all. What
is translated on the gateway goes there in a tunnel between the chassis.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.hosts import same_host
from calipso.model.path import Hop
from calipso.topology.path.ascent import Step, ascend
from calipso.topology.path.hops import hop_of
from calipso.topology.path.leg import Side, cable
from calipso.topology.path.ovn_places import logical_place, words_of
from calipso.topology.path.router import Router
from calipso.topology.path.switch import judge_mtu, judge_tunnel
from calipso.topology.path.world import Place, World, host_was_read, is_tunnelled

_COVERAGE = "The coverage report of the last scan says why: calipso scan show last"


def router_hop(world: World, router: Router, host: str, port: Record | None) -> Hop:
    """The hop of a router on a host. `port` is its gateway, whose host has the object."""
    gateway = str((words_of(port or {}).get("gateway") or {}).get("host") or "")
    services = (world.one("vservice", f"{h}-router-{router.id}") for h in (host, gateway) if h)
    item = next((service for service in services if service is not None), router.item)
    if item is None:
        hop = Hop(type="router", id=router.id, name=router.name, host=host)
        text = f"router {router.name} is not in the inventory"
        hop.fail(Verdict.UNKNOWN, "not_read", text, _COVERAGE)
        return hop
    hop = hop_of(Step(item), {})
    hop.host = host
    off = False in (item.get("admin_state_up"), (router.item or {}).get("admin_state_up"))
    if off and not hop.stale_since:
        text = f"router {router.name} is switched off in Neutron"
        hop.fail(Verdict.NO, "router_disabled", text)
    if not words_of(router.entry):
        _judge_entry(hop, router)
    return hop


def _judge_entry(hop: Hop, router: Router) -> None:
    """OVN has nothing of the port by which the packet comes in, or nobody read it."""
    told = router.entry.get("problems") or ()
    for one in told:
        if one.get("code") == "logical_port_missing":
            hop.fail(Verdict.NO, "logical_port_missing", str(one.get("message") or ""))
            return
    text = f"router {router.name}: nobody read OVN's databases"
    hop.fail(Verdict.UNKNOWN, "not_read", text, _COVERAGE)


def cross(
    world: World,
    router: Router,
    hop: Hop,
    came: Place,
    sender: Place,
    port: Record,
    floating: Record | None,
) -> tuple[Place, list[Hop]]:
    """Through the gateway of a router: the place on the external network, and the hops until there.

    `hop` is that of the router on the host of the sender: what stops the packet is said on it.
    """
    nat = _translation(world, router, hop, floating) if floating else None
    if nat is not None and nat.get("distributed"):
        host = str(nat.get("host") or came.host)
    else:
        if floating is None:
            _judge_snat(world, router, hop, sender, port)
        host = _gateway_host(router, hop, port)
    if not host or host == came.host:
        return logical_place(port, host or came.host), []
    network = world.one("network", came.network) or {}
    service = world.one("vservice", f"{host}-router-{router.id}") or {}
    hops = transit(world, network, came.host, host, service.get("tunnel_key"))
    return logical_place(port, host), [*hops, router_hop(world, router, host, port)]


def _gateway_host(router: Router, hop: Hop, port: Record) -> str:
    """Host of the active gateway; what is wrong with it is said on the hop."""
    gateway = words_of(port).get("gateway")
    if gateway is None:
        text = f"router {router.name}: nobody read where OVN has its gateway"
        hop.fail(Verdict.UNKNOWN, "not_read", text, _COVERAGE)
        return ""
    wished, host = str(gateway.get("wished_host") or ""), str(gateway.get("host") or "")
    if not gateway.get("chassis"):
        names = ", ".join(
            str(each.get("host") or each.get("chassis")) for each in gateway.get("candidates") or ()
        )
        hop.fail(
            Verdict.NO,
            "gateway_unclaimed",
            f"router {router.name}: no chassis is its gateway; candidates: {names or 'none'}",
            "Does ovn-controller run on one of them, and is the physical network mapped there?",
        )
    elif not host:
        text = f"router {router.name}: its gateway is on chassis {gateway['chassis']}"
        hop.fail(Verdict.UNKNOWN, "not_read", f"{text}, which is no host of the inventory")
    elif wished and not same_host(wished, host):
        hop.fail(
            Verdict.DEGRADED,
            "gateway_not_wished",
            f"router {router.name}: its gateway is on {host}; wished is {wished}",
            f"Look at ovn-controller and ovs-vswitchd on {wished}.",
        )
    return host


def _translation(world: World, router: Router, hop: Hop, floating: Record) -> Record | None:
    """OVN's row for a floating IP."""
    port = world.one("port", str(floating.get("port_id") or "")) or {}
    address, words = str(floating.get("floating_ip_address")), words_of(port)
    for row in words.get("nat") or ():
        if row.get("external_ip") == address and row.get("router_id") in (None, router.id):
            return dict(row)
    if words:
        hop.fail(
            Verdict.NO,
            "nat_missing",
            f"router {router.name}: OVN has no translation for floating IP {address}",
            "neutron-ovn-db-sync-util compares Neutron and OVN, and repairs OVN.",
        )
    else:
        text = f"floating IP {address}: nobody read OVN's translations"
        hop.fail(Verdict.UNKNOWN, "not_read", text, _COVERAGE)
    return None


def _judge_snat(world: World, router: Router, hop: Hop, here: Place, port: Record) -> None:
    """Whether OVN has the translation that Neutron wants for addresses without floating IP."""
    host = str((words_of(port).get("gateway") or {}).get("host") or "")
    service = world.one("vservice", f"{host}-router-{router.id}") if host else None
    wanted = (router.item or {}).get("enable_snat") is not False
    if service is None or service.get("stale_since") or not wanted or not here.addresses:
        return
    rows = [row for row in service.get("nat") or () if row.get("type") == "snat"]
    if not any(_inside(here.addresses[0], str(row.get("logical_ip"))) for row in rows):
        hop.fail(
            Verdict.NO,
            "nat_missing",
            f"router {router.name}: OVN has no SNAT for {here.addresses[0]}",
            "neutron-ovn-db-sync-util compares Neutron and OVN, and repairs OVN.",
        )


def _inside(address: str, cidr: str) -> bool:
    try:
        return ip_address(address) in ip_network(cidr, strict=False)
    except ValueError:
        return False


def transit(world: World, network: Record, here: str, there: str, number: int | None) -> list[Hop]:
    """The hops of the tunnel from one chassis to another, for packets of a router.

    `network` is that of the sender, for the size of its packets; `number` is the router's on the
    wire.
    """
    near, far = _half(world, network, here), _half(world, network, there)
    for side, other in ((near, far), (far, near)):
        own = _endpoint(side)
        if own is not None:
            kind = {"provider:network_type": own.get("overlay_type"), "ovn": {"tunnel_key": number}}
            judge_tunnel(side.inside[0], own, _endpoint(other), kind)
    turned = far.hops[::-1]
    for hop in turned:
        hop.way_in, hop.way_out = hop.way_out, hop.way_in
    return [*near.hops, *turned]


def _endpoint(side: Side) -> Record | None:
    return side.ascent.steps[0].item if side.ascent.steps else None


def _half(world: World, network: Record, host: str) -> Side:
    """From the tunnel endpoint of a host to its cable."""
    side = Side(Place(network="", host=host, logical=True))
    found = world.on_host("otep", host)
    if not found:
        hop = Hop(type="otep", id=f"{host}-otep", name=f"{host}-otep", host=host)
        read = host_was_read(world, host)
        text = "it has no tunnel endpoint" if read else "nobody read its tunnel endpoint"
        verdict = Verdict.NO if read else Verdict.UNKNOWN
        code = "no_way_out" if read else "not_read"
        hop.fail(verdict, code, f"{host or 'the gateway'}: {text}", "" if read else _COVERAGE)
        side.port.append(hop)
        return side
    side.ascent = ascend(world, found[0], "")
    side.inside = [hop_of(step, {}) for step in side.ascent.steps]
    sized = {"mtu": network.get("mtu"), "provider:network_type": found[0].get("overlay_type")}
    for hop in side.inside if is_tunnelled(network) else ():
        judge_mtu(hop, sized)  # those of a VLAN may go by the VLAN: which one is not read
    if not side.ascent.whole:
        last = side.inside[-1]
        text = f"{host}: no NIC is known for the tunnels of {last.name}"
        last.fail(Verdict.UNKNOWN if last.stale_since else Verdict.NO, "no_way_out", text)
    side.cable = cable(world, side, {})
    return side
