"""Graphs put together in groups: nothing is lost, nothing looks better than it is."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from calipso.topology.grouping import GroupBy, first_nodes, grouped
from calipso.topology.health import Health, health
from calipso.topology.layout import layout

STATES = ("up", "down", "degraded", "", "a new word")


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """A graph with some hosts, projects and types; the first node is its focal point."""
    number = draw(st.integers(1, 30))
    nodes = [
        {
            "data": {
                "key": f"n{at}",
                "name": f"name {at}",
                "host": draw(st.sampled_from(("", "h1", "h2"))),
                "project": draw(st.sampled_from(("", "p1"))),
                "type": draw(st.sampled_from(("vnic", "instance"))),
                "state": draw(st.sampled_from(STATES)),
                "focal_point": at == 0,
            }
        }
        for at in range(number)
    ]
    end = st.integers(0, number - 1)
    ends = draw(st.lists(st.tuples(end, end, st.sampled_from(STATES)), max_size=40))
    edges = [
        {"data": {"key": f"e{at}", "source": f"n{a}", "target": f"n{b}", "state": state}}
        for at, (a, b, state) in enumerate(ends)
    ]
    return {"nodes": nodes, "edges": edges}


@given(graphs(), st.sampled_from(get_args(GroupBy)), st.sets(st.sampled_from(("h1", "p1", "vnic"))))
def test_each_object_is_in_one_group_or_stays_itself(
    graph: dict[str, Any], by: GroupBy, opened: set[str]
) -> None:
    found = grouped(graph, by, opened)
    data = [node["data"] for node in found["nodes"]]
    keys = {item["key"] for item in data}
    groups = [item for item in data if item["type"] == "group"]

    assert sum(item.get("members", 1) for item in data) == len(graph["nodes"])
    assert len(keys) == len(data)
    assert {item["name"] for item in groups} & opened == set()
    assert all(edge["data"][end] in keys for edge in found["edges"] for end in ("source", "target"))
    assert [item["key"] for item in data if item["focal_point"]] == ["n0"]
    assert grouped(graph, by, opened) == found
    assert {place["key"] for place in layout(found)["nodes"]} == keys


@given(graphs(), st.sampled_from(get_args(GroupBy)))
def test_a_group_is_as_bad_as_its_worst_object_and_good_only_if_something_is_known_to_be(
    graph: dict[str, Any], by: GroupBy
) -> None:
    healths = [
        (str(node["data"][by]), health(node["data"]))
        for node in graph["nodes"]
        if not node["data"]["focal_point"]
    ]
    for node in grouped(graph, by)["nodes"]:
        data = node["data"]
        if data["type"] != "group":
            continue
        within = {found for name, found in healths if name == data["name"]}
        worst = next(
            w for w in (Health.BAD, Health.DEGRADED, Health.GOOD, Health.UNKNOWN) if w in within
        )
        assert health(data) is worst
        assert data["healths"][worst] > 0


@given(graphs(), st.sampled_from(get_args(GroupBy)))
def test_links_between_groups_are_counted_and_none_but_inner_ones_are_lost(
    graph: dict[str, Any], by: GroupBy
) -> None:
    found = grouped(graph, by)
    place = {
        node["data"]["key"]: node["data"]["key"]
        if node["data"]["focal_point"] or not node["data"][by]
        else f"group:{by}:{node['data'][by]}"
        for node in graph["nodes"]
    }
    inner = sum(
        place[edge["data"]["source"]] == place[edge["data"]["target"]] != edge["data"]["source"]
        for edge in graph["edges"]
    )

    assert (
        sum(edge["data"].get("count", 1) for edge in found["edges"]) == len(graph["edges"]) - inner
    )


@given(graphs(), st.integers(1, 10))
def test_what_is_cut_keeps_the_focal_point_and_no_edge_without_ends(
    graph: dict[str, Any], most: int
) -> None:
    found = first_nodes(graph, most)
    keys = {node["data"]["key"] for node in found["nodes"]}

    assert len(keys) == min(most, len(graph["nodes"]))
    assert "n0" in keys
    assert all({edge["data"]["source"], edge["data"]["target"]} <= keys for edge in found["edges"])
