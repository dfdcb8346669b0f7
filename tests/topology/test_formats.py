"""Values of a graph as text: what a person and a program can read, on one line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calipso.topology.formats import dot, graphml, mermaid, text

SINCE = datetime(2026, 1, 31, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (SINCE, "2026-01-31T08:15:00Z"),
        (SINCE.replace(tzinfo=None), "2026-01-31T08:15:00Z"),
        (["a", 1], '["a", 1]'),
        (
            [{"code": "tap_missing", "since": SINCE}],
            '[{"code": "tap_missing", "since": "2026-01-31T08:15:00Z"}]',
        ),
        ({"größe": None}, '{"größe": null}'),
        ("a\nb\x1b", "a\\x0ab\\x1b"),
    ],
)
def test_a_value_is_one_line_of_plain_text(value: object, shown: str) -> None:
    assert text(value) == shown


def test_problems_and_times_of_a_node_are_json_in_a_drawing() -> None:
    problem = {"code": "tap_missing", "since": SINCE}
    node = {"data": {"key": "k", "type": "instance", "name": "web-1", "problems": [problem]}}
    graph = {"nodes": [node], "edges": []}

    for drawn in (dot(graph), graphml(graph)):
        assert "datetime" not in drawn
        assert "2026-01-31T08:15:00Z" in drawn


def test_a_flowchart_of_mermaid_takes_any_name_as_text() -> None:
    hostile = 'x"]; click n0 "javascript:alert(1)" <script> `a` %%{init: {}}%% end'
    nodes = [
        {"data": {"key": "a", "type": "instance", "name": hostile}},
        {"data": {"key": "b", "type": "vnic", "name": "tap\x1b[2J\nend"}},
    ]
    edges = [
        {"data": {"key": "l", "source": "a", "target": "b", "link_type": "instance-vnic"}},
        {"data": {"key": "m", "source": "b", "target": "a", "link_type": "x", "state": "down"}},
        {"data": {"key": "n", "source": "b", "target": "gone", "link_type": "y"}},
    ]

    found = mermaid({"nodes": nodes, "edges": edges})

    lines = found.splitlines()
    assert lines[0] == "flowchart LR"
    assert lines[3:] == ['  n0 -- "instance-vnic" --> n1', '  n1 -. "x: down" .-> n0']
    assert len(lines) == 5
    labels = [line.partition('["')[2].removesuffix('"]') for line in lines[1:3]]
    assert not any(one in label.replace("<br/>", "") for label in labels for one in '"<>`%{}[]()')
