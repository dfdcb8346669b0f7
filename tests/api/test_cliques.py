"""`/cliques` and the graphs: what a clique holds, what is near an object, in three forms."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pytest
from bson import ObjectId
from flask.testing import FlaskClient

from calipso.model.inventory import clique_key, link_key, object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.big import Big

ROOT = "/api/v1"
INSTANCE = f"{5:08x}-0000-4000-8000-{5:012x}"
HOSTILE = 'x"]; evil [label="<&>\\\n\x1b[31m\\" - ü ]]>'


@pytest.fixture
def filled(inv: InventoryMgr, environment: Callable[..., str]) -> InventoryMgr:
    """Three hosts with four instances each."""
    Big(environment("prod"), hosts=3, instances=4).write(inv)
    return inv


@pytest.fixture
def clique(filled: InventoryMgr) -> str:
    """Key of the clique of an instance."""
    found = filled.find_all("cliques", {"environment": "prod", "focal_point_id": INSTANCE})
    return str(found[0]["_id"])


def instance(inv: InventoryMgr) -> str:
    """Key of that instance."""
    return str(object_key("prod", "instance", INSTANCE))


def large_clique(inv: InventoryMgr, members: int) -> str:
    """A network's clique: a star of so many instances, which exist."""
    focal = object_key("prod", "network", "net-0000")
    ends = [object_key("prod", "instance", f"i{number}") for number in range(members)]
    links = [link_key("prod", "network-instance", focal, end, "n") for end in ends]
    for name, documents in (
        (
            "inventory",
            [
                {"_id": end, "environment": "prod", "type": "instance", "id": f"i{at}", "name": "i"}
                for at, end in enumerate(ends)
            ],
        ),
        (
            "links",
            [
                {
                    "_id": key,
                    "environment": "prod",
                    "link_type": "network-instance",
                    "link_name": "n",
                    "source": focal,
                    "source_id": "net-0000",
                    "target": end,
                    "target_id": "i",
                    "state": "up",
                }
                for key, end in zip(links, ends, strict=True)
            ],
        ),
    ):
        inv.collection(name).insert_many(documents)
    key = clique_key("prod", "network", focal)
    inv.collection("cliques").insert_one(
        {
            "_id": key,
            "environment": "prod",
            "clique_type": "network",
            "focal_point": focal,
            "focal_point_type": "network",
            "focal_point_id": "net-0000",
            "links": sorted(links),
            "objects": sorted([focal, *ends]),
            "constraints": {},
        }
    )
    return str(key)


def keys(items: list[dict[str, Any]]) -> set[str]:
    return {item["data"]["key"] for item in items}


def test_cliques_are_found_by_what_they_are_about(admin: FlaskClient, clique: str) -> None:
    vnic = f"compute-00001-tap{5:08x}"
    link = admin.get(f"{ROOT}/links?env_name=prod&target_id={vnic}").json["items"][0]["id"]
    focal = str(object_key("prod", "instance", INSTANCE))
    expected = {
        "": 12,
        "focal_point_type=instance": 12,
        "focal_point_type=vservice": 0,
        f"id={clique}": 1,
        f"focal_point={focal}": 1,
        f"focal_point={focal}&focal_point_type=network": 0,
        f"focal_point={'0' * 24}": 0,
        f"link_id={link}": 1,
        "link_type=vedge-vnic": 12,
        "link_type=switch-port": 0,
    }
    found = {
        query: len(admin.get(f"{ROOT}/cliques?env_name=prod&{query}").json["items"])
        for query in expected
    }
    assert found == expected


def test_the_list_leaves_members_out_and_one_clique_has_them(
    admin: FlaskClient, clique: str
) -> None:
    listed = admin.get(f"{ROOT}/cliques?limit=1").json["items"][0]
    one = admin.get(f"{ROOT}/cliques/{clique}").json

    assert "links" not in listed
    assert "objects" not in listed
    assert (one["object_count"], one["link_count"], one["truncated"]) == (6, 5, False)
    assert len(one["objects"]) == 6


def test_a_clique_of_thousands_of_members_stays_usable(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    key = large_clique(filled, 3000)
    one = admin.get(f"{ROOT}/cliques/{key}?limit=10").json
    page = admin.get(f"{ROOT}/cliques/{key}/objects?limit=1000&total=true&fields=id").json
    after = admin.get(f"{ROOT}/cliques/{key}/objects?limit=3&marker={page['next']}").json
    graph = admin.get(f"{ROOT}/cliques/{key}/graph?limit=100").json

    assert (one["object_count"], len(one["objects"]), one["truncated"]) == (3001, 10, True)
    assert (page["total"], len(page["items"]), len(after["items"])) == (3001, 1000, 3)
    assert (len(graph["nodes"]), graph["truncated"]) == (100, True)
    assert len(graph["edges"]) == 99


def test_members_of_a_clique_are_paged(admin: FlaskClient, clique: str) -> None:
    one = admin.get(f"{ROOT}/cliques/{clique}").json
    first = admin.get(f"{ROOT}/cliques/{clique}/links?limit=3").json
    rest = admin.get(f"{ROOT}/cliques/{clique}/links?limit=3&marker={first['next']}").json

    assert [item["id"] for item in (*first["items"], *rest["items"])] == one["links"]
    assert rest["next"] is None


def test_a_clique_as_graph_has_its_members_and_no_loose_edge(
    admin: FlaskClient, clique: str
) -> None:
    one = admin.get(f"{ROOT}/cliques/{clique}").json
    graph = admin.get(f"{ROOT}/cliques/{clique}/graph").json

    assert keys(graph["nodes"]) == set(one["objects"])
    assert keys(graph["edges"]) == set(one["links"])
    assert [n["data"]["id"] for n in graph["nodes"] if n["data"]["focal_point"]] == [INSTANCE]
    assert graph["truncated"] is False


def test_cliques_of_an_object_and_those_it_is_in(admin: FlaskClient, filled: InventoryMgr) -> None:
    vedge = object_key("prod", "vedge", "compute-00001-OVS")
    own = admin.get(f"{ROOT}/inventory/{instance(filled)}/cliques").json["items"]
    member = admin.get(f"{ROOT}/inventory/{vedge}/cliques?member=true").json["items"]

    assert [item["focal_point_id"] for item in own] == [INSTANCE]
    assert admin.get(f"{ROOT}/inventory/{vedge}/cliques").json["items"] == []
    assert len(member) == 4


def test_paths_lead_from_an_instance_to_its_network(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    found = admin.get(f"{ROOT}/inventory/{instance(filled)}/paths").json["paths"]

    assert len(found) == 1
    assert [step.split()[0] for step in found[0]] == [
        "instance",
        "vnic",
        "vedge",
        "otep",
        "host_pnic",
        "network",
    ]


def test_a_neighbourhood_grows_with_its_depth(admin: FlaskClient, filled: InventoryMgr) -> None:
    path = f"{ROOT}/inventory/{instance(filled)}/graph"
    sizes = [len(admin.get(f"{path}?depth={depth}").json["nodes"]) for depth in (1, 2, 3)]
    deep = admin.get(f"{path}?depth=2").json

    assert sizes == [2, 3, 7]
    assert sorted(node["data"]["distance"] for node in deep["nodes"]) == [0, 1, 2]


def test_the_neighbourhood_of_a_host_begins_at_what_is_on_it(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    host = object_key("prod", "host", "compute-00001")
    graph = admin.get(f"{ROOT}/inventory/{host}/graph?depth=1").json
    inside = [edge for edge in graph["edges"] if edge["data"]["link_type"] == "contains"]
    other = [node for node in graph["nodes"] if node["data"].get("host") != "compute-00001"]

    assert len(inside) == 4 + 1 + 2
    assert {node["data"]["type"] for node in other} == {"network"}
    whole = nx.Graph((e["data"]["source"], e["data"]["target"]) for e in graph["edges"])
    assert set(whole) == keys(graph["nodes"])
    assert nx.is_connected(whole)


def test_a_neighbourhood_follows_the_link_types_asked_for(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    path = f"{ROOT}/inventory/{instance(filled)}/graph?depth=5"
    few = admin.get(f"{path}&link_types=instance-vnic&link_types=vnic-vedge").json

    assert {edge["data"]["link_type"] for edge in few["edges"]} == {"instance-vnic", "vnic-vedge"}
    assert {node["data"]["type"] for node in few["nodes"]} == {"instance", "vnic", "vedge"}


def test_links_that_are_not_asked_for_use_up_no_limit(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    start = ObjectId(instance(filled))
    network = object_key("prod", "network", "net-0001")
    links = filled.collection("links")
    links.delete_many({"$or": [{"source": start}, {"target": start}]})
    for number, kind in enumerate([*["instance-network"] * 30, "instance-other"]):
        ends = {"source": start, "target": network, "source_id": "i", "target_id": "n"}
        more = {"link_name": str(number), "environment": "prod", "finder": "a test"}
        links.insert_one({"_id": ObjectId(), "link_type": kind, **ends, **more})
    path = f"{ROOT}/inventory/{start}/graph?depth=1&limit=5"
    graph = admin.get(f"{path}&link_types=instance-other").json

    assert [edge["data"]["link_type"] for edge in graph["edges"]] == ["instance-other"]
    assert (len(graph["nodes"]), graph["truncated"]) == (2, False)
    assert admin.get(path).json["truncated"]


@pytest.mark.parametrize("kind", ["host", "region"])
def test_what_is_inside_is_read_as_far_as_the_limit(
    admin: FlaskClient, filled: InventoryMgr, kind: str
) -> None:
    top = filled.collection("inventory").find_one({"type": kind}, sort=[("_id", 1)])
    assert top is not None
    path = f"{ROOT}/inventory/{top['_id']}/graph?depth=1"
    whole = admin.get(path).json
    cut = admin.get(f"{path}&limit=4").json

    assert not whole["truncated"]
    assert (len(cut["nodes"]), cut["truncated"]) == (4, True)
    assert keys(cut["nodes"]) <= keys(whole["nodes"])
    assert admin.get(f"{path}&limit=4").json == cut


def test_a_limit_cuts_what_is_farthest_and_says_so(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    path = f"{ROOT}/inventory/{instance(filled)}/graph?depth=6"
    cut = admin.get(f"{path}&limit=4").json
    whole = admin.get(path).json

    assert (len(cut["nodes"]), cut["truncated"], whole["truncated"]) == (4, True, False)
    assert max(node["data"]["distance"] for node in cut["nodes"]) == 3
    ends = {edge["data"][end] for edge in cut["edges"] for end in ("source", "target")}
    assert ends <= keys(cut["nodes"])


@pytest.fixture
def hostile(admin: FlaskClient, filled: InventoryMgr, clique: str) -> str:
    """Address of a graph with a name that tries to break out."""
    fields = {"$set": {"name": HOSTILE, "object_name": HOSTILE, "stale_since": None}}
    filled.update_by_keys("inventory", [ObjectId(instance(filled))], fields)
    return f"{ROOT}/cliques/{clique}/graph"


def test_graphml_is_valid_and_keeps_attributes(admin: FlaskClient, hostile: str) -> None:
    answer = admin.get(f"{hostile}?format=graphml")
    read = nx.read_graphml(io.BytesIO(answer.data))

    assert answer.mimetype == "application/graphml+xml"
    assert (read.number_of_nodes(), read.number_of_edges()) == (6, 5)
    focal = next(data for _, data in read.nodes(data=True) if data["focal_point"])
    assert focal["name"] == HOSTILE.replace("\n", "\\x0a").replace("\x1b", "\\x1b")
    assert {data["link_type"] for *_, data in read.edges(data=True)} >= {"vnic-vedge"}


def test_dot_cannot_be_broken_out_of(admin: FlaskClient, hostile: str) -> None:
    answer = admin.get(hostile, headers={"Accept": "text/vnd.graphviz"})
    text = answer.text

    assert answer.mimetype == "text/vnd.graphviz"
    assert "evil" in text
    nodes, edges = statements(text)
    assert (len(nodes), len(edges)) == (6, 5)
    assert any(attributes["name"].startswith('x"]; evil') for attributes in nodes.values())


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
def test_graphviz_reads_the_dot(admin: FlaskClient, hostile: str) -> None:
    text = admin.get(f"{hostile}?format=dot").text
    drawn = subprocess.run(
        ["dot", "-Tdot_json"], input=text, capture_output=True, text=True, timeout=60, check=True
    )

    assert drawn.stdout.count('"focal_point"') == 6
    assert drawn.stdout.count('"link_type"') == 5


def test_the_form_is_chosen_by_parameter_before_header(admin: FlaskClient, hostile: str) -> None:
    xml = {"Accept": "application/graphml+xml;q=0.9, application/json;q=0.1"}

    assert admin.get(hostile, headers=xml).mimetype == "application/graphml+xml"
    assert admin.get(f"{hostile}?format=json", headers=xml).mimetype == "application/json"
    assert admin.get(hostile, headers={"Accept": "*/*"}).mimetype == "application/json"
    assert admin.get(f"{hostile}?format=png").status_code == 400


def test_a_picture_shows_hostile_names_as_text_and_runs_nothing(
    admin: FlaskClient, hostile: str
) -> None:
    answer = admin.get(f"{hostile}?format=svg")
    picture = ElementTree.fromstring(answer.data)
    words = "".join(picture.itertext())

    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert admin.get(hostile, headers={"Accept": "image/svg+xml"}).data == answer.data
    assert HOSTILE[:20] in words
    assert {item.tag.partition("}")[2] for item in picture.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "g", "path", "polyline", "text")
    }


@pytest.mark.parametrize("path", ["cliques", "inventory"])
def test_a_graph_with_places_says_how_everything_is(
    admin: FlaskClient, filled: InventoryMgr, clique: str, path: str
) -> None:
    key = clique if path == "cliques" else instance(filled)
    address = f"{ROOT}/{path}/{key}/graph?format=layout"
    graph = admin.get(address).json

    assert keys(graph["nodes"]) == {item["key"] for item in graph["layout"]["nodes"]}
    assert {box["key"] for box in graph["layout"]["groups"]} == {"compute-00001"}
    assert all(item["data"]["health"] for item in (*graph["nodes"], *graph["edges"]))
    assert admin.get(address).json == graph
    assert "layout" not in admin.get(address.partition("?")[0]).json


def statements(text: str) -> tuple[dict[str, dict[str, str]], list[tuple[str, str]]]:
    """Nodes with attributes, and edges, of DOT as we write it: read by Graphviz's rules."""
    nodes: dict[str, dict[str, str]] = {}
    edges: list[tuple[str, str]] = []
    for line in text.splitlines()[2:-1]:
        words, rest = quoted_words(line)
        assert set(rest) <= set(" ->[]=,;label")
        if "->" in rest:
            edges.append((words[0], words[1]))
        else:
            names = words[2::2]  # key, label, then pairs
            nodes[words[0]] = dict(zip(names, words[3::2], strict=True))
    return nodes, edges


def quoted_words(line: str) -> tuple[list[str], str]:
    """Quoted strings of a line, and what stands outside of quotes."""
    words, rest, at = [], "", 0
    while at < len(line):
        if line[at] != '"':
            rest, at = rest + line[at], at + 1
            continue
        word, at = "", at + 1
        while line[at] != '"':
            step = 2 if line[at] == "\\" else 1
            word, at = word + line[at : at + step].removeprefix("\\" * (step - 1)), at + step
        words, at = [*words, word], at + 1
    return words, rest


def test_the_hops_of_a_way_say_how_each_is_and_where_it_breaks(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    key = instance(filled)
    link = filled.find_all("links", {"source": ObjectId(key)})[0]
    broken = {"state": "down", "attributes.reason": "tap5 is down"}
    filled.update_by_keys("links", [link["_id"]], {"$set": broken})
    told = admin.get(f"{ROOT}/inventory/{key}/paths").json

    assert [[f"{hop['type']} {hop['name']}" for hop in way] for way in told["hops"]] == told[
        "paths"
    ]
    (way,) = told["hops"]
    assert (way[0]["key"], "link_health" in way[0]) == (key, False)
    assert (way[1]["link_health"], way[1]["reason"]) == ("bad", "tap5 is down")
    assert all(hop["health"] in ("good", "bad", "degraded", "unknown") for hop in way)
