"""The picture of a graph: valid, accessible, safe with any name; states are words too."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso.topology.health import Health, health
from calipso.topology.svg import NAME_WIDTH, SHAPES, description, shortened, svg
from tests.topology.clouds import PATIENT, Graph, cloud, edge, graphs, node

NS = {"s": "http://www.w3.org/2000/svg"}
HOSTILE = '"><script>alert(1)</script>&\x1b[31m\u202eevil\u2066 ]]>'


def parsed(graph: Graph, title: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(svg(graph, title))


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(item.itertext()) for item in picture.iterfind(".//s:text", NS)]


@PATIENT
@given(graphs())
def test_a_picture_is_xml_with_a_title_and_a_description(graph: Graph) -> None:
    picture = parsed(graph)

    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "title desc"
    assert picture.findtext("s:title", namespaces=NS)
    assert f"{len(graph['nodes'])} objects" in (picture.findtext("s:desc", namespaces=NS) or "")
    assert len(picture.findall("s:g[@transform]", NS)) == len(graph["nodes"]) + 1  # the legend


@PATIENT
@given(st.text(max_size=60))
def test_any_name_is_text_in_a_valid_picture(name: str) -> None:
    nodes = [node("a", "instance", name, name=name), node("b", "vnic", name, name="tap")]
    picture = parsed({"nodes": nodes, "edges": [edge("a", "b", link_name=name)]}, name)

    assert len(picture.findall(".//s:rect", NS)) == 4 - (not name)


def test_a_hostile_name_adds_no_element_and_hides_nothing() -> None:
    names = {"name": HOSTILE, "object_name": HOSTILE, "status": HOSTILE, "type": HOSTILE}
    graph = {"nodes": [node("a", "instance", HOSTILE) | {"data": {"key": "a"} | names}]}
    text = svg({**graph, "edges": []}, HOSTILE)
    found = {item.tag.partition("}")[2] for item in ElementTree.fromstring(text).iter()}

    assert found == {"svg", "title", "desc", "style", "rect", "g", "path", "text"}
    assert "\u202e" not in text
    assert "\\u202e" in text


def test_a_name_of_ten_thousand_characters_fits() -> None:
    graph = {"nodes": [node("a", "instance", "h", name="x" * 10_000)], "edges": []}
    text = svg(graph)

    assert len(text) < 8000
    assert "xxxxxxxx…xxxxxxxx" in text


@PATIENT
@given(st.text(max_size=80), st.integers(3, 40))
def test_a_shortened_text_keeps_to_its_columns(name: str, columns: int) -> None:
    assert len(shortened(name, columns)) <= columns


def test_what_is_shortened_keeps_both_ends() -> None:
    assert shortened("compute-00001-tap8a0382a0-5b", NAME_WIDTH) == "compute-…382a0-5b"


def test_a_state_is_a_word_and_a_shape_beside_its_colour() -> None:
    graph = {"nodes": [node("nic", "host_pnic", "h", state="down")], "edges": []}
    picture = parsed(graph)
    (drawn,) = picture.iterfind(".//s:g[@class='node bad']", NS)

    assert drawn.find("s:path", NS).get("d") == SHAPES[Health.BAD]  # type: ignore[union-attr]
    assert "host_pnic · down" in texts(picture)
    assert len(set(SHAPES.values())) == len(Health)


def test_the_legend_names_every_state() -> None:
    assert {state.value for state in Health} <= set(texts(parsed({"nodes": [], "edges": []})))


def test_both_themes_have_every_colour() -> None:
    style = parsed({"nodes": [], "edges": []}).findtext("s:style", namespaces=NS) or ""
    light, dark = style.split("prefers-color-scheme: dark")
    names = [word for word in light.split() if word.startswith("--")]

    assert len(names) == 10
    assert all(name in dark for name in names)


def test_the_description_says_what_is_not_well() -> None:
    graph = cloud(hosts=1, instances=1)
    graph["nodes"].append(node("eth9", "host_pnic", "h", state="down"))

    assert description(graph).endswith("Not well: host_pnic eth9 (down).")


def test_a_picture_loads_nothing_from_elsewhere() -> None:
    text = svg(cloud(hosts=2, instances=2))

    assert "href" not in text
    assert "url(" not in text
    assert text.count("http") == 1  # the name of the form


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"state": "up"}, Health.GOOD),
        ({"status": "ACTIVE"}, Health.GOOD),
        ({"state": "down", "status": "ACTIVE"}, Health.BAD),
        ({"status": "ERROR"}, Health.BAD),
        ({"status": "SHUTOFF"}, Health.DEGRADED),
        ({"state": "up", "problems": [{"code": "tap_missing"}]}, Health.DEGRADED),
        ({"state": "down", "problems": [{"code": "nic_down"}]}, Health.BAD),
        ({"state": "up", "stale_since": datetime.now(UTC)}, Health.UNKNOWN),
        ({"state": "down", "stale_since": datetime.now(UTC)}, Health.BAD),
        ({"state": "a new word"}, Health.UNKNOWN),
        ({}, Health.UNKNOWN),
    ],
)
def test_health_is_never_better_than_what_is_known(
    data: dict[str, object], expected: Health
) -> None:
    assert health(data) is expected
