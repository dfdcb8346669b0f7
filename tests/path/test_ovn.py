"""Paths in a cloud of OVN: routers, gateways, floating IPs, DHCP and metadata are flows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calipso.analysis.path.find_path import find_path
from calipso.analysis.path.find_why import find_why
from calipso.model.answer import Answer
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.path.breaking import unplug
from tests.path.cloud import NAME, scan
from tests.sample_cloud.generate.plan import FloatingIp, Instance
from tests.sample_cloud.profiles.ovn import OvnSite, draw
from tests.sample_cloud.profiles.ovn_tables import NONE
from tests.sample_cloud.profiles.ovs import ovs_map

GUESTS = ("web", "db", "both")
C1, G1 = "compute-1", "control-1"


class OvnCloud:
    """The site `ovn` of the sample cloud; its floating IPs are in Neutron too."""

    def __init__(self) -> None:
        self.made: OvnSite = draw(1)
        self.site = self.made.site
        self.tables = self.made.tables
        self.guests: dict[str, Instance] = {one.name: one for one in self.site.plan.instances}
        self.gate = self.site.plan.routers[0]
        for number, (_, row) in enumerate(self.tables.fips):
            self._in_neutron(number, row)
        self.made.finish()

    def _in_neutron(self, number: int, row: dict[str, Any]) -> None:
        """Neutron's side of a translation: the floating IP, with a port of its address."""
        plan = self.site.plan
        public = next(net for net in plan.networks if net.name == "public")
        port = next(port for port in plan.ports if port.id == row["logical_port"])
        identity = dict(row["external_ids"][1])["neutron:fip_id"]
        fixed = [(public.subnets[0], row["external_ip"])]
        owner = "network:floatingip"
        held = self.site.builder.add_port(public, owner, identity, fixed=fixed, project_id="")
        plan.floating_ips.append(FloatingIp(identity, port, held, self.gate, number))

    def binding(self, port: str) -> dict[str, Any]:
        """The row of the southbound database for a logical port."""
        rows = self.tables.south["Port_Binding"]
        return next(row for row in rows if row["logical_port"] == port)

    @property
    def gateway(self) -> dict[str, Any]:
        """The binding of the gateway port of `gate`: its chassis is the active one."""
        assert self.gate.gateway
        return self.binding(f"cr-lrp-{self.gate.gateway.id}")


def hosts(answer: Answer, direction: str = "forward") -> list[str]:
    """Hosts that a direction passes, in order."""
    found = [hop["host"] for hop in answer.hops if hop["direction"] == direction and hop["host"]]
    return list(dict.fromkeys(found))


def test_on_a_clean_cloud_every_path_that_must_be_is_yes(inv: InventoryMgr) -> None:
    """One scan, many questions. Nothing of a scan that read all is unknown."""
    record = scan(OvnCloud().site)
    assert [error for error in record["errors"] if not error["warning"]] == []

    outside = ("internet", "10.20.0.200", "10.20.0.201", "gate", "public")
    services = [f"{service}:{guest}" for service in ("dhcp", "metadata") for guest in GUESTS]
    for guest in GUESTS:
        for goal in (*GUESTS, *outside, f"dhcp:{guest}", f"metadata:{guest}"):
            if goal != guest:
                answer = find_path(inv, NAME, guest, goal)
                assert answer.verdict.value == "yes", f"{guest} to {goal}: {answer.sentence}"
        assert find_why(inv, NAME, guest).verdict.value == "yes"
    for start in ("gate", *services):
        guest = start.partition(":")[2] or "web"
        answer = find_path(inv, NAME, start, guest)
        assert answer.verdict.value == "yes", answer.sentence

    assert hosts(find_path(inv, NAME, "web", "db")) == [C1]
    assert hosts(find_path(inv, NAME, "web", "metadata:web")) == [C1]
    central = find_path(inv, NAME, "web", "internet")
    assert hosts(central) == [C1, G1]
    assert hosts(central, "backward") == [G1, C1]
    tunnel = next(hop for hop in central.hops if hop["type"] == "otep")
    assert tunnel["way_out"] == "geneve to 10.0.8.1"
    distributed = find_path(inv, NAME, "db", "internet")
    assert hosts(distributed) == [C1]
    assert "10.20.0.200" in " ".join(hop["note"] for hop in distributed.hops)

    closed = find_path(inv, NAME, "internet", "web")
    assert (closed.verdict.value, closed.code) == ("no", "no_floating_ip")
    assert find_path(inv, NAME, "internet", "10.20.0.200").verdict.value == "yes"


def gateway_lost(cloud: OvnCloud) -> None:
    cloud.gateway["chassis"] = NONE


def gateway_moved(cloud: OvnCloud) -> None:
    cloud.gateway["chassis"] = cloud.tables.at("compute-2")


def unclaimed(cloud: OvnCloud) -> None:
    row = cloud.binding(cloud.guests["db"].ports[0].id)
    row |= {"chassis": NONE, "up": False}


def untranslated(cloud: OvnCloud) -> None:
    rows = cloud.tables.north["NAT"]
    cloud.tables.north["NAT"] = [row for row in rows if row["external_ip"] != "10.20.0.200"]


def unmapped(cloud: OvnCloud) -> None:
    switch = cloud.site.hosts[C1].switch
    assert switch
    switch.settings["ovn-bridge-mappings"] = ""
    chassis = cloud.tables.at(C1)
    row = next(row for row in cloud.tables.south["Chassis"] if row["_uuid"] == chassis)
    row["other_config"] = ovs_map({"ovn-bridge-mappings": ""})


def tunnel_gone(cloud: OvnCloud) -> None:
    drawn = cloud.site.hosts[C1]
    assert drawn.switch
    peer = cloud.tables.chassis[G1][:6]
    name = next(p["name"] for p in drawn.switch.ports if p["name"].startswith(f"ovn-{peer}"))
    unplug(drawn, name)


def no_metadata(cloud: OvnCloud) -> None:
    drawn = cloud.site.hosts[C1]
    blue = cloud.guests["web"].ports[0].network
    drawn.spaces.pop(f"ovnmeta-{blue.id}")
    unplug(drawn, f"tap{blue.id[:10]}0")


def unread(cloud: OvnCloud) -> None:
    cloud.site.hosts[G1].databases = None


Row = tuple[Callable[[OvnCloud], None], tuple[str, str], tuple[str, str], str]
FAULTS: dict[str, Row] = {
    "gateway lost": (gateway_lost, ("web", "internet"), ("no", "gateway_unclaimed"), C1),
    "gateway moved": (gateway_moved, ("web", "internet"), ("degraded", "gateway_not_wished"), C1),
    "port unclaimed": (unclaimed, ("both", "db"), ("no", "port_unclaimed"), C1),
    "floating IP not in OVN": (untranslated, ("db", "internet"), ("no", "nat_missing"), C1),
    "mapping gone": (unmapped, ("both", "web"), ("no", "mapping_missing"), C1),
    "tunnel to the gateway gone": (tunnel_gone, ("web", "internet"), ("no", "tunnel_missing"), C1),
    "no metadata": (no_metadata, ("web", "metadata:web"), ("no", "namespace_gone"), C1),
    "OVN not read": (unread, ("web", "internet"), ("unknown", "not_read"), C1),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_culprit_is_named(name: str, inv: InventoryMgr) -> None:
    make, ends, wanted, host = FAULTS[name]
    cloud = OvnCloud()
    make(cloud)
    scan(cloud.site)
    answer = find_path(inv, NAME, *ends)
    assert (answer.verdict.value, answer.code) == wanted, answer.sentence
    bad = next(found for found in answer.findings if found["kind"] == "first_bad_hop")
    assert bad["host"] == host, answer.sentence
    if name != "OVN not read":
        spared = find_path(inv, NAME, "db", "dhcp:db") if name != "port unclaimed" else None
        assert spared is None or spared.verdict.value == "yes", spared.sentence
