"""Values of a graph as text: what a person and a program can read, on one line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calipso.topology.formats import dot, graphml, text

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
