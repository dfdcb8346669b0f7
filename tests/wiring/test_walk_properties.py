"""The walk equals a plain search over the drawn graph; every step of it stands on an edge."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, assume, given, settings

from calipso.hostparse.ethtool import parse_nics
from calipso.hostparse.iplink import parse_devices
from calipso.hostparse.netns import parse_namespaces
from calipso.hostparse.ovsdb import parse_ovs
from calipso.topology.wiring import HostFacts, Kind, Node, Wiring, build
from calipso.topology.wiring import ways_of_bridge as bridge_ways
from calipso.topology.wiring import ways_of_device as device_ways
from tests.wiring import drawn
from tests.wiring.drawn import VLANS, Drawing, drawings

ALL_MODES = ("trunk", "access", "native-tagged", "native-untagged", "dot1q-tunnel")
PLAIN_MODES = ("trunk", "access")
EXAMPLES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def printed_and_read(drawing: Drawing) -> Wiring:
    namespaces = parse_namespaces(drawn.namespace_links(drawing))
    return build(
        HostFacts(
            devices=parse_devices(drawn.links(drawing, "")),
            namespaces={name: found for name, found in namespaces.items() if found is not None},
            netns_ids=namespaces.ids,
            bridges=parse_ovs(drawn.ovs(drawing)),
            nics=parse_nics(drawn.nics(drawing)),
        )
    )


def within_reach(wiring: Wiring, one: Node, other: Node, edges: int) -> bool:
    """True when so many edges join two nodes, or fewer."""
    near = {one.key}
    for _ in range(edges):
        near |= {e.target for e in wiring.edges if e.source in near} | {
            e.source for e in wiring.edges if e.target in near
        }
    return other.key in near


@EXAMPLES
@given(drawings(ALL_MODES))
def test_the_ways_of_an_address_are_those_of_an_untagged_frame(drawing: Drawing) -> None:
    drawn.wire_switches(drawing)
    wiring = printed_and_read(drawing)

    for device in drawing.devices:
        if not device.address:
            continue
        node = wiring.device(device.name)
        assert node is not None
        ways = device_ways(wiring, node)

        found = {(way.nic.name, way.vlans) for way in ways.ways}
        truth = drawing.reach((device.number, "out"), ())
        assume(not drawing.overflow)
        assert found == truth
        assert found or ways.ends_at is not None


@EXAMPLES
@given(drawings(PLAIN_MODES))
def test_the_ways_of_a_switch_are_those_of_the_frames_of_each_vlan(drawing: Drawing) -> None:
    drawn.wire_switches(drawing)
    wiring = printed_and_read(drawing)

    for name in drawing.bridges:
        node = wiring.find(Kind.BRIDGE, name)
        assert node is not None
        ways = bridge_ways(wiring, node)
        for vlan in (0, *VLANS, 999):
            found = {w.nic.name for w in ways.ways if w.only is None or vlan in w.only}
            start = drawn.start_of_switch(drawing, name)
            truth = drawing.reach(start, (vlan,) if vlan else ())
            assume(not drawing.overflow)
            assert found == {nic for nic, _ in truth}
        assert ways.ways or ways.ends_at is not None


def test_patches_in_a_ring_end_the_walk() -> None:
    drawing = Drawing()
    drawing.bridges = ["one", "two", "three"]
    for bridge in drawing.bridges:
        drawing.device(bridge, "openvswitch")
    for start, end in pairwise([*drawing.bridges, "one"]):
        for bridge, other in ((start, end), (end, start)):
            name, peer = f"{bridge}-{other}", f"{other}-{bridge}"
            drawing.ports.append(
                {"bridge": bridge, "name": name, "mode": "trunk", "tag": None, "trunks": []}
                | {"interfaces": [(name, "patch", {"peer": peer})], "devices": []}
            )
    wiring = printed_and_read(drawing)
    node = wiring.find(Kind.BRIDGE, "one")
    assert node is not None

    assert bridge_ways(wiring, node).ways == ()


@EXAMPLES
@given(drawings(ALL_MODES))
def test_no_step_without_an_edge_and_no_edge_without_a_source(drawing: Drawing) -> None:
    wiring = printed_and_read(drawing)

    assert all(edge.says for edge in wiring.edges)
    for node in list(wiring.each(Kind.BRIDGE)):
        for way in bridge_ways(wiring, node).ways:
            for one, other in pairwise((node, *way.via, way.nic)):
                # between a switch and a device lie a port and an interface: three edges
                assert within_reach(wiring, one, other, 3)
