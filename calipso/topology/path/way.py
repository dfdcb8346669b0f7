"""The whole way of a packet in one direction: networks and the routers between them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.path import Hop
from calipso.topology.path.ascent import Step
from calipso.topology.path.hops import hop_of
from calipso.topology.path.leg import leg
from calipso.topology.path.ovn_places import logical_place, routed_by_ovn
from calipso.topology.path.ovn_route import cross, router_hop
from calipso.topology.path.places_of import place_in_namespace
from calipso.topology.path.router import Router, translate
from calipso.topology.path.routing import (
    CENTRAL_SNAT,
    GATEWAY,
    INSIDE,
    Onward,
    in_network,
    next_hop,
    onward,
    router_ports,
)
from calipso.topology.path.way_parts import (
    agent_port,
    comes_from_outside,
    device_name,
    end_hops,
    mirrored,
    networks_of_router,
    outside_hop,
)
from calipso.topology.path.world import Place, World, addresses_of, is_tunnelled

#: Routers on a way; more is a loop.
MOST_ROUTERS = 8


@dataclass
class Goal:
    """Where a packet goes."""

    address: str
    #: None: the address is outside the cloud.
    place: Place | None = None
    #: The floating IP that the address is, and the place of its fixed address.
    floating: Record | None = None


@dataclass
class Walk:
    """Follows a packet from network to network."""

    world: World
    here: Place
    goal: Goal
    hops: list[Hop] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    #: The walk ended, well or badly.
    done: bool = False
    #: Floating IP of the source, for its translation.
    source_floating: Record | None = None
    routers: int = 0

    def run(self) -> Walk:
        """Walk to the goal."""
        self.hops += end_hops(self.here)
        while not self.done:
            self._step(leave=True)
        return self

    def until_outside(self) -> Walk:
        """Walk until the place by which the packet leaves the cloud; the last leg is not walked."""
        self.hops += end_hops(self.here)
        while not self.done:
            self._step(leave=False)
        return self

    # -- one network ---------------------------------------------------------------------

    def _step(self, *, leave: bool) -> None:
        network = self.world.one("network", self.here.network)
        if network is None:
            hop = Hop(type="network", id=self.here.network, name=self.here.network)
            hop.fail(
                Verdict.UNKNOWN, "network_unknown", f"network {hop.id} is not in the inventory"
            )
            self.hops.append(hop)
            self.done = True
            return
        goal = self.goal
        here = goal.place is not None and goal.place.network == self.here.network
        if goal.place is not None and here and goal.floating is None:
            self._arrive(network, goal.place)
            return
        if goal.floating and goal.floating.get("floating_network_id") == self.here.network:
            self._to_floating(network)
            return
        self._leave(network, leave=leave)

    def _arrive(self, network: Record, place: Place) -> None:
        """The last leg; to a network as such it ends at the wire."""
        as_such = place.port is None and not place.logical
        self.hops += leg(self.world, network, self.here, None if as_such else place)
        self.hops += end_hops(place)
        self.done = True

    def _leave(self, network: Record, *, leave: bool) -> None:
        """To the next hop: a router of the cloud, or the outside."""
        hop = next_hop(network, self.here, self.goal.address)
        if self._is_elsewhere(network):
            return
        if hop is None:
            text = f"network {network.get('name')} has no gateway for {self.goal.address}"
            self._end(
                network, "no_gateway", text, "openstack subnet set --gateway, or a host route"
            )
            return
        ports = self.world.ports_of(str(network["id"]))
        port = next((port for port in ports if hop.address in addresses_of(port)), None)
        if port is not None and self.routers >= MOST_ROUTERS:
            text = f"more than {MOST_ROUTERS} routers follow each other"
            self._end(network, "routing_loop", text)
        elif port is not None and port.get("device_owner") in (*INSIDE, CENTRAL_SNAT):
            self._route(network, port, hop.why)
        elif port is not None:
            text = f"the gateway {hop.address} is port {port['id']}, which is no router of Neutron"
            self._end(network, "guest_routes", text, verdict=Verdict.UNKNOWN)
        elif is_tunnelled(network):
            text = (
                f"no port of network {network.get('name')} has the gateway's address {hop.address}"
            )
            hint = "Is a router joined to the network? openstack router add subnet"
            self._end(network, "gateway_missing", text, hint)
        else:
            self._outside(network, hop.address, leave=leave)

    def _is_elsewhere(self, network: Record) -> bool:
        """Two networks may use one range: an address of this one is not that of the goal."""
        goal = self.goal
        if goal.place is None or not in_network(network, goal.address):
            return False
        text = (
            f"{goal.address} is an address of network {network.get('name')} here; the one that is "
            "meant is on another network with the same range"
        )
        self._end(network, "ranges_overlap", text, "Networks with one range cannot be routed.")
        return True

    def _outside(self, network: Record, gateway: str, *, leave: bool) -> None:
        """The packet leaves the cloud."""
        goal, self.done = self.goal, True
        self.assumptions.append(
            f"{gateway} on network {network.get('name')} is a router outside the cloud, and works"
        )
        if not leave:
            return
        self.hops += leg(self.world, network, self.here, None)
        self.hops.append(outside_hop(goal.address))
        if goal.place is None:
            return
        far = self.world.one("network", goal.place.network) or {}
        if not comes_from_outside(self.world, far):
            self.hops[-1].fail(
                Verdict.NO,
                "not_routed_outside",
                f"{goal.address} is an address inside the cloud, and no router of it leads there "
                f"from network {network.get('name')}",
                "A router must join both networks, or the goal needs a floating IP.",
            )
            return
        self.hops[-1].fail(
            Verdict.UNKNOWN,
            "routed_outside",
            f"networks {network.get('name')} and {far.get('name')} are joined outside the cloud",
        )
        self.hops += mirrored([*end_hops(goal.place), *leg(self.world, far, goal.place, None)])

    def _to_floating(self, network: Record) -> None:
        """From the external network to what has a floating IP: the way back of its own way out."""
        goal, self.done = self.goal, True
        if goal.place is None:
            text = f"floating IP {goal.address} leads to no port"
            self._end(network, "floating_ip_unused", text)
            return
        inner = Walk(self.world, goal.place, Goal("192.0.2.1"), source_floating=goal.floating)
        inner.until_outside()
        if inner.here.network != self.here.network:
            self.hops += mirrored(inner.hops)
            return
        self.hops += leg(self.world, network, self.here, inner.here)
        self.hops += mirrored(inner.hops)

    # -- routers -------------------------------------------------------------------------

    def _route(self, network: Record, entry: Record, why: str) -> None:
        """Into a router and out of it: the place is then that of its other port."""
        self.routers += 1
        router = self._router(entry)
        ovn = routed_by_ovn(self.world, entry)
        near = self.here.host or (self.goal.place.host if self.goal.place else "")
        host = near if ovn else router.host()
        came = logical_place(entry, host) if ovn else router.place(entry, host)
        self.hops += leg(self.world, network, self.here, came)
        outer = next((p for p in router.ports if p.get("device_owner") == GATEWAY), None)
        hop = router_hop(self.world, router, host, outer) if ovn else router.hop(host)
        hop.way_in = device_name(came)
        self.hops.append(hop)
        floating = self.goal.floating
        if floating and floating.get("router_id") == router.id and self.goal.place:
            hop.note = f"DNAT {self.goal.address} to {self.goal.place.addresses[:1]}"
            self.goal = Goal(self.goal.place.addresses[0], self.goal.place)
        ahead = onward(self.world, router.item or {}, router.ports, self.goal.address)
        if ahead is None:
            self._no_route(hop, router)
        elif ahead.port.get("device_owner") == GATEWAY:
            through = self._through_ovn_gateway if ovn else self._through_gateway
            through(router, hop, came, ahead)
        else:
            hop.note = "; ".join(filter(None, (hop.note, ahead.why)))
            place = logical_place if ovn else router.place
            self.here = place(ahead.port, host)
            hop.way_out = device_name(self.here)

    def _router(self, entry: Record) -> Router:
        router_id = str(entry.get("device_id"))
        item = self.world.one("router", router_id)
        networks = networks_of_router(self.world, router_id, entry, item, self.here.host)
        ports = router_ports(self.world, router_id, networks)
        return Router(self.world, router_id, item, ports, entry, self.here.host)

    def _no_route(self, hop: Hop, router: Router) -> None:
        gateway = any(port.get("device_owner") == GATEWAY for port in router.ports)
        code = "no_route" if gateway else "router_no_gateway"
        text = f"router {router.name} has no route to {self.goal.address}"
        hop.fail(
            Verdict.NO,
            code,
            text if gateway else f"{text}, and no gateway",
            "" if gateway else "openstack router set --external-gateway",
        )
        self.done = True

    def _through_ovn_gateway(self, router: Router, hop: Hop, came: Place, ahead: Onward) -> None:
        """Out of a router of OVN: on the guest's host, or in a tunnel to the gateway first."""
        floating = self.source_floating
        if floating and floating.get("router_id") not in (None, router.id):
            floating = None
        self.here, beyond = cross(self.world, router, hop, came, self.here, ahead.port, floating)
        self.hops += beyond
        network = self.world.one("network", came.network) or {}
        if beyond and not is_tunnelled(network):
            name = f"network {network.get('name')}"
            self.assumptions.append(f"router {router.name} takes packets of {name} in the tunnel")
        translate(beyond[-1] if beyond else hop, router, self.here, floating)

    def _through_gateway(self, router: Router, hop: Hop, came: Place, ahead: Onward) -> None:
        """Out of a router to its external network, with the translation of addresses."""
        floating = self.source_floating
        if floating and floating.get("router_id") not in (None, router.id):
            floating = None
        if router.distributed and came.port and came.host:
            self._distributed_gateway(router, hop, came, ahead, floating)
        else:
            self.here = router.place(ahead.port, router.host())
            hop.way_out = device_name(self.here)
            translate(hop, router, self.here, floating)

    def _distributed_gateway(
        self, router: Router, hop: Hop, came: Place, ahead: Onward, floating: Record | None
    ) -> None:
        """A floating IP leaves on the guest's host, all else by the central part of the router."""
        local = agent_port(self.world.ports_of(str(ahead.network["id"])), came.host)
        if floating is not None and local is not None:
            space = f"fip-{ahead.network['id']}"
            self.here = place_in_namespace(self.world, local, came.host, space, ("fg-",))
            hop.way_out = f"rfp-{router.id[:10]}"
            beyond = router.hop(came.host, space)
            beyond.way_in, beyond.way_out = f"fpr-{router.id[:10]}", device_name(self.here)
            translate(hop, router, self.here, floating)
            self.hops.append(beyond)
            return
        central = next(
            (
                port
                for port in router.ports
                if port.get("device_owner") == CENTRAL_SNAT
                and port.get("network_id") == came.network
            ),
            None,
        )
        if central is None:
            hop.fail(Verdict.NO, "snat_missing", f"router {router.name} has no central SNAT port")
            self.done = True
            return
        host = str(central.get("binding:host_id") or "")
        network = self.world.one("network", came.network) or {}
        inner = router.place(central, host)
        hop.way_out = device_name(came)
        self.hops += leg(self.world, network, came, inner)
        beyond = router.hop(host, f"snat-{router.id}")
        self.here = router.place(ahead.port, host)
        beyond.way_in, beyond.way_out = device_name(inner), device_name(self.here)
        self.hops.append(beyond)
        translate(beyond, router, self.here, floating)

    def _end(
        self,
        network: Record,
        code: str,
        message: str,
        hint: str = "",
        verdict: Verdict = Verdict.NO,
    ) -> None:
        """The walk cannot go on from this network."""
        self.hops.append(hop_of(Step(network), network))
        self.hops[-1].fail(verdict, code, message, hint)
        self.done = True
