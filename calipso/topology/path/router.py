"""A router on a way: on which host it is for this packet, and by which devices it is passed. Pure.

A central router is on one host, a highly available one on the host that is active, a distributed
one on the host of the guest, with its translation of addresses on a network node.
"""

from __future__ import annotations

from dataclasses import dataclass

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.path import Hop
from calipso.topology.path.ascent import Step
from calipso.topology.path.hops import hop_of
from calipso.topology.path.places import bound_host
from calipso.topology.path.places_of import place_in_namespace
from calipso.topology.path.routing import CENTRAL_SNAT, DEVICES, GATEWAY
from calipso.topology.path.world import Place, World, host_was_read

DISTRIBUTED = "network:router_interface_distributed"
_HA = ("network:ha_router_replicated_interface", "network:ha_router_replicated")


@dataclass
class Router:
    """A router as one packet meets it."""

    world: World
    id: str
    #: The object of Neutron, when it was read.
    item: Record | None
    ports: list[Record]
    #: Port by which the packet comes in.
    entry: Record
    #: Host where the packet comes from.
    source_host: str

    @property
    def name(self) -> str:
        """What a person calls it."""
        return str((self.item or {}).get("name") or self.id)

    @property
    def distributed(self) -> bool:
        """True for a router that is on the hosts of the guests."""
        owners = {port.get("device_owner") for port in self.ports}
        return bool((self.item or {}).get("distributed")) or DISTRIBUTED in owners

    @property
    def namespace(self) -> str:
        """Name of its namespace on a host."""
        return f"qrouter-{self.id}"

    def host(self) -> str:
        """The host on which it handles this packet; empty when none is known."""
        if self.distributed and self.entry.get("device_owner") == DISTRIBUTED:
            return self.source_host
        hosts = [str(host) for host in (self.item or {}).get("hosts") or ()]
        bound = bound_host(self.entry)
        services = [self.world.one("vservice", f"{host}-{self.namespace}") for host in hosts]
        active = [s for s in services if s is not None and s.get("ha_state") == "active"]
        if active:
            return str(active[0]["host"])
        return bound or (hosts[0] if hosts else "")

    def place(self, port: Record, host: str) -> Place:
        """The place of one of its ports on a host."""
        owner = str(port.get("device_owner"))
        prefix = DEVICES.get(owner, "qr-")
        namespace = self.namespace
        if owner == CENTRAL_SNAT or (owner == GATEWAY and self.distributed):
            namespace = f"snat-{self.id}"
        return place_in_namespace(self.world, port, host, namespace, (prefix,))

    def hop(self, host: str, namespace: str = "") -> Hop:
        """The hop of its namespace on a host."""
        space = namespace or self.namespace
        service = self.world.one("vservice", f"{host}-{space}")
        if service is None:
            return self._missing(host, space)
        hop = hop_of(Step(service), {})
        if hop.stale_since:
            return hop
        self._judge_wanted(hop, service)
        codes = {one.get("code"): one for one in service.get("problems") or ()}
        for code in ("router_active_nowhere", "router_active_twice", "namespace_unreadable"):
            if code in codes:
                verdict = Verdict.DEGRADED if code == "router_active_twice" else Verdict.NO
                if code == "namespace_unreadable":
                    verdict = Verdict.UNKNOWN
                hop.fail(verdict, code, str(codes[code].get("message") or code))
        return hop

    def _judge_wanted(self, hop: Hop, service: Record) -> None:
        if (
            service.get("admin_state_up") is False
            or (self.item or {}).get("admin_state_up", True) is False
        ):
            hop.fail(
                Verdict.NO, "router_disabled", f"router {self.name} is switched off in Neutron"
            )
        if service.get("ha_state") == "standby":
            hop.fail(
                Verdict.NO,
                "router_standby",
                f"{hop.host}: router {self.name} is standby here",
                "See the log of keepalived on its hosts.",
            )

    def _missing(self, host: str, space: str) -> Hop:
        """The hop of a namespace that is not there, or was not read."""
        hop = Hop(type="vservice", id=f"{host}-{space}", name=space, host=host)
        if not host:
            text = f"router {self.name}: no host has it"
            hop.fail(Verdict.NO, "router_nowhere", text, "openstack router show; see its agents.")
        elif host_was_read(self.world, host):
            hop.fail(
                Verdict.NO,
                "namespace_gone",
                f"{host}: there is no namespace {space}",
                f"Look at the log of the L3 agent on {host}: it makes the namespace.",
            )
        else:
            hop.fail(
                Verdict.UNKNOWN,
                "not_read",
                f"{host}: nobody read its namespaces",
                "The coverage report of the last scan says why: calipso scan show last",
            )
        return hop


def translate(hop: Hop, router: Router, here: Place, floating: Record | None) -> None:
    """Say on a hop what the router does with the source address; `here` is its gateway."""
    if floating is not None:
        fixed, outer = floating.get("fixed_ip_address"), floating.get("floating_ip_address")
        note = f"floating IP: {fixed} is {outer} outside"
    elif (router.item or {}).get("enable_snat") is False:
        note = "addresses are not translated (SNAT is off)"
        hop.fail(
            Verdict.UNKNOWN,
            "snat_off",
            f"router {router.name} translates no addresses: whether answers come back depends "
            "on routes outside the cloud",
        )
    else:
        note = f"SNAT to {', '.join(here.addresses[:1]) or 'its gateway address'}"
    hop.note = "; ".join(filter(None, (hop.note, note)))
