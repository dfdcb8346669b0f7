"""Big focal points, and paths through a clique."""

from __future__ import annotations

from typing import Any

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.model.inventory import object_key
from calipso.topology.elements import paths_to_networks
from calipso.topology.graph import components, graph, neighbourhood, path
from tests.link_finders.casekit import clique_metadata, environment, short_link
from tests.link_finders.wiring import ENV

Link = dict[str, Any]


def shared_network(members: int, per_host: int) -> list[Link]:
    """A VLAN on many hosts; each host also has as many instances on a network of its own."""
    links = []
    for number in range(members):
        host = number // per_host
        for name, net in ((f"{number}", "shared"), (f"{number}-other", f"own-{host}")):
            links += [
                short_link("instance-vnic", f"vm{name}", f"tap{name}", net),
                short_link("vnic-vedge", f"tap{name}", f"sw{host}", net),
            ]
    for host in range(-(-members // per_host)):
        nets = ["shared", f"own-{host}"]
        links.append(short_link("vedge-host_pnic", f"sw{host}", f"eth{host}", nets))
        links += [short_link("host_pnic-network", f"eth{host}", net, net) for net in nets]
    return links


def test_a_network_with_ten_thousand_instances_has_them_all_and_no_others() -> None:
    given = clique_metadata()
    links = shared_network(members=10_000, per_host=50)
    finder = CliqueFinder(environment(), given["clique_types"], given["clique_constraints"], links)

    (clique,) = finder.find_for(
        [{"_id": object_key(ENV, "network", "shared"), "type": "network", "id": "shared"}]
    )

    own = {link["_id"] for link in links if "shared" in link["attributes"]["network"]}
    assert set(clique["links"]) == own
    assert len(clique["objects"]) == 1 + 200 + 200 + 10_000 + 10_000


TUNNELLED = [
    short_link("instance-vnic", "vm", "tap", "front"),
    short_link("vnic-vedge", "tap", "sw", "front"),
    short_link("vedge-otep", "sw", "otep", ["back", "front"]),
    short_link("otep-host_pnic", "otep", "eth1", ["back", "front"]),
    short_link("vedge-host_pnic", "sw", "eth1", ["back", "front"]),
    short_link("vedge-host_pnic", "sw", "eth2", ["vlan"]),
    short_link("host_pnic-network", "eth1", "front", "front"),
    short_link("host_pnic-network", "eth2", "front", "vlan"),
]


def key(kind: str, name: str) -> Any:
    return object_key(ENV, kind, name)


def test_path_of_a_tunnel_network_shows_its_endpoint() -> None:
    found = path(graph(TUNNELLED), key("instance", "vm"), key("network", "front"), ["front"])

    assert [link["target_id"] for link in found] == ["tap", "sw", "otep", "eth1", "front"]


def test_path_passes_only_links_that_carry_the_network() -> None:
    found = path(graph(TUNNELLED), key("instance", "vm"), key("host_pnic", "eth2"), ["front"])

    assert found == []


def test_no_path_to_what_is_not_there() -> None:
    assert path(graph(TUNNELLED), key("instance", "vm"), key("network", "gone")) == []


def test_neighbourhood_of_what_is_not_there_is_empty() -> None:
    assert neighbourhood(graph(TUNNELLED), key("network", "gone"), 3) == []


def test_components_come_largest_first() -> None:
    whole = graph([short_link("switch-port", "s", "p"), *TUNNELLED])

    assert [len(group) for group in components(whole)] == [7, 2]


def test_objects_that_are_gone_are_shown_by_their_key() -> None:
    objects = [
        {"_id": key("instance", "vm"), "type": "instance", "id": "vm", "name": "web"},
        {"_id": key("network", "front"), "type": "network", "id": "front", "name": "front"},
    ]
    clique = {
        "focal_point": key("instance", "vm"),
        "links": [link["_id"] for link in TUNNELLED],
        "constraints": {"network": ["front"]},
    }

    ((first, *between, last),) = paths_to_networks(clique, objects, TUNNELLED)

    assert (first, last) == ("instance web", "network front")
    assert between[0] == str(key("vnic", "tap"))
