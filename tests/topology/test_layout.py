"""Places of a graph: the same each time, nothing on top of another, boxes around their own."""

from __future__ import annotations

import random
import time
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso.model.types import OBJECT_TYPES
from calipso.topology.layout import NODE_HEIGHT, NODE_WIDTH, layout, rank_of
from calipso.topology.order import in_order, natural, settle
from tests.topology.clouds import PATIENT, Graph, cloud, edge, graphs, node


def places(placed: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {item["key"]: (item["x"], item["y"]) for item in placed["nodes"]}


@PATIENT
@given(graphs())
def test_every_node_has_one_place_and_no_two_overlap(graph: Graph) -> None:
    placed = layout(graph)
    at = places(placed)

    assert sorted(at) == sorted(item["data"]["key"] for item in graph["nodes"])
    assert len(placed["nodes"]) == len(at)
    for (x1, y1), (x2, y2) in combinations(at.values(), 2):
        assert abs(x1 - x2) >= NODE_WIDTH or abs(y1 - y2) >= NODE_HEIGHT
    for x, y in at.values():
        assert 0 <= x <= placed["width"] - NODE_WIDTH
        assert 0 <= y <= placed["height"] - NODE_HEIGHT


@PATIENT
@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_and_edges_in_the_answer_changes_nothing(
    graph: Graph, chance: random.Random
) -> None:
    mixed = {name: chance.sample(items, len(items)) for name, items in graph.items()}

    assert layout(mixed) == layout(graph)


@PATIENT
@given(graphs())
def test_a_box_holds_what_is_on_its_host_and_nothing_else(graph: Graph) -> None:
    placed = layout(graph)
    for box in placed["groups"]:
        for item in placed["nodes"]:
            right, lower = item["x"] + NODE_WIDTH, item["y"] + NODE_HEIGHT
            inside = box["x"] <= item["x"] and right <= box["x"] + box["w"]
            inside = inside and box["y"] <= item["y"] and lower <= box["y"] + box["h"]
            assert inside == (item["group"] == box["key"])
    for one, other in combinations(placed["groups"], 2):
        assert one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


@PATIENT
@given(graphs())
def test_columns_follow_the_ranks_of_the_types(graph: Graph) -> None:
    ranks = {item["data"]["key"]: rank_of(item["data"]["type"]) for item in graph["nodes"]}
    at = places(layout(graph))

    for one, other in combinations(at, 2):
        assert (ranks[one] < ranks[other]) == (at[one][0] < at[other][0])


@PATIENT
@given(graphs())
def test_edges_begin_and_end_at_their_nodes_and_cross_no_other(graph: Graph) -> None:
    placed = layout(graph)
    at = places(placed)
    ends = {item["data"]["key"]: item["data"] for item in graph["edges"]}
    assert {item["key"] for item in placed["edges"]} == ends.keys()
    for item in placed["edges"]:
        for end, point in (("source", item["points"][0]), ("target", item["points"][-1])):
            x, y = at[ends[item["key"]][end]]
            assert point[0] in (x, x + NODE_WIDTH)
            assert point[1] == y + NODE_HEIGHT // 2
        if len(item["points"]) == 4:
            assert not crossed(item["points"][1:3], at)


def crossed(way: list[tuple[int, int]], at: dict[str, tuple[int, int]]) -> list[str]:
    """Nodes that a level part of an edge runs through."""
    (x1, y1), (x2, y2) = way
    left, right = sorted((x1, x2))
    return [
        key
        for key, (x, y) in at.items()
        if y1 == y2 and y <= y1 <= y + NODE_HEIGHT and left < x + NODE_WIDTH and x < right
    ]


@PATIENT
@given(graphs(), st.data())
def test_what_was_drawn_before_keeps_its_order_when_more_comes(
    graph: Graph, data: st.DataObject
) -> None:
    keys = [item["data"]["key"] for item in graph["nodes"]]
    kept = set(data.draw(st.lists(st.sampled_from(keys), unique=True))) if keys else set()
    part = {
        "nodes": [item for item in graph["nodes"] if item["data"]["key"] in kept],
        "edges": graph["edges"],
    }
    before = places(layout(part))
    placed = layout(graph, before)
    cells = {item["key"]: (item["group"], item["rank"]) for item in placed["nodes"]}
    after = places(placed)

    for one, other in combinations(before, 2):
        if cells[one] == cells[other]:
            assert (before[one][1] < before[other][1]) == (after[one][1] < after[other][1])


@PATIENT
@given(graphs())
def test_the_same_graph_drawn_again_over_itself_stays(graph: Graph) -> None:
    first = layout(graph)
    cells = [(item["key"], item["rank"]) for item in first["nodes"]]
    again = layout(graph, places(first))

    assert [(item["key"], item["rank"]) for item in again["nodes"]] == cells


def test_an_edge_without_both_nodes_is_left_out() -> None:
    graph = {"nodes": [node("a", "instance")], "edges": [edge("a", "gone")]}

    assert layout(graph)["edges"] == []


def test_a_path_runs_level_where_it_can() -> None:
    placed = places(layout(cloud(hosts=1, instances=1, networks=1)))

    assert len({y for _, y in placed.values()}) == 1


def test_crossings_go_when_the_order_of_names_is_not_that_of_the_links() -> None:
    pairs = [("i1", "t3"), ("i2", "t2"), ("i3", "t1")]
    nodes = [node(key, "instance", "h") for key, _ in pairs]
    nodes += [node(key, "vnic", "h") for _, key in pairs]
    at = places(layout({"nodes": nodes, "edges": [edge(*pair) for pair in pairs]}))

    assert all(at[one][1] == at[other][1] for one, other in pairs)


def test_an_empty_graph_has_a_size() -> None:
    placed = layout({"nodes": [], "edges": []})

    assert (placed["nodes"], placed["groups"], placed["edges"]) == ([], [], [])
    assert placed["width"] > 0


def test_boxes_stand_in_the_order_people_count() -> None:
    placed = layout(cloud(hosts=12, instances=1))

    assert [box["key"] for box in placed["groups"]] == [f"compute-{at}" for at in range(12)]


def test_a_large_graph_takes_a_moment() -> None:
    graph = cloud(hosts=50, instances=29)
    began = time.process_time()
    placed = layout(graph)

    assert len(placed["nodes"]) == 3002
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("kind", sorted(OBJECT_TYPES))
def test_every_declared_type_has_a_column(kind: str) -> None:
    assert -1 <= rank_of(kind) < rank_of("of_a_plugin")


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["a-10", "a-2", "b", "a-02x", ""]

    assert sorted(names, key=natural) == ["", "a-2", "a-02x", "a-10", "b"]


def test_new_ones_come_between_those_that_were_there() -> None:
    wanted = {"old-1": 1.0, "old-2": 5.0, "new-1": 3.0, "new-2": 9.0}

    assert in_order(["new-2", "old-1", "old-2", "new-1"], wanted, {"old-1": 0, "old-2": 0}) == [
        "old-1",
        "new-1",
        "old-2",
        "new-2",
    ]


@PATIENT
@given(st.lists(st.floats(-5, 30), max_size=8), st.integers(0, 5), st.integers(0, 12))
def test_rows_are_taken_once_and_in_order(rows: list[float], low: int, more: int) -> None:
    keys = [str(place) for place in range(len(rows))]
    high = low + len(keys) + more
    found = settle(keys, dict(zip(keys, rows, strict=True)), [], low, high)

    assert sorted(set(found.values())) == list(found.values())
    assert all(low <= row < high for row in found.values())
