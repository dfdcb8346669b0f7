"""Markers and times in a query string that nobody meant: an answer, never a fault of the server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.auth.world import OWN, World, calls
from tests.api.test_messages import add

Environments = Callable[..., str]


def marker(*values: list[Any]) -> str:
    """A marker as the API makes them, of any values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"key": "1", "time": "2026-05-04"},
        {"key": "1"},
        {"$gt": ""},
        {"time": "0001-01-01T00:00:00+01:00"},
        {"time": "9999-12-31T23:59:59-01:00"},
        {"time": "soon"},
        2**63,
        float("inf"),
        float("nan"),
        "\ud800",
        [],
    ],
)
def test_a_marker_that_nobody_gave_is_refused(admin: FlaskClient, value: Any) -> None:
    made_up = marker(["timestamp", -1, value], ["_id", 1, {"key": "6563a1f0c2d4e8b1a2c3d4e5"}])
    answer = admin.get(f"/api/v1/messages?marker={made_up}")

    assert answer.status_code == 400
    assert answer.json["error"]["details"][0]["field"] == "marker"


def test_a_marker_of_other_values_is_a_place_in_the_list(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    add(count=2)
    own = ["_id", 1, {"key": "0" * 24}]

    for value, found in (({"time": "2026-05-04T03:01:00"}, ["1", "0"]), (2**63 - 1, []), ("", [])):
        page = admin.get(f"/api/v1/messages?marker={marker(['timestamp', -1, value], own)}")
        assert [item["id"] for item in page.json["items"]] == found


@pytest.mark.parametrize(
    "path",
    [
        "messages?start_time={}",
        "messages?end_time={}",
        "audit?start_time={}",
        "audit?end_time={}",
        "changes?env_name=prod&since={}",
        "changes?env_name=prod&until={}",
        "aggregates/history?env_name=prod&since={}",
        "aggregates/history?env_name=prod&until={}",
    ],
)
def test_a_time_before_or_after_everything_is_taken(
    admin: FlaskClient, environment: Environments, path: str
) -> None:
    environment("prod")

    for moment in ("0001-01-01T00:00:00%2B01:00", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00"):
        assert admin.get(f"/api/v1/{path.format(moment)}").status_code == 200


def test_times_too_far_away_leave_the_order_of_things(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    add(count=2)
    always = "start_time=0001-01-01T00:00:00%2B01:00&end_time=9999-12-31T23:59:59-01:00"

    assert len(admin.get(f"/api/v1/messages?{always}").json["items"]) == 2
    assert admin.get("/api/v1/messages?start_time=9999-01-01").json["items"] == []


def test_every_list_refuses_a_field_to_sort_by_that_no_document_can_have(app: Flask) -> None:
    world, asked = World(app), []
    client = world.client("admin")
    for call in calls(app):
        if call.operation.query is None or "sort" not in call.operation.query.model_fields:
            continue
        for word in ("\0", "-name\0", "$where", "a.$b"):
            query = world.query(call) | {"sort": word}
            query |= {"env_name": OWN} if world.needs_environment(call) else {}
            answer = client.get(world.path(call, OWN), query_string=query)
            assert answer.status_code == 400, (call.label, word, answer.text)
            assert answer.json["error"]["details"][0]["field"] == "sort", (call.label, word)
        asked.append(call.rule)

    assert {"/inventory", "/inventory/<string:key>/children", "/messages"} <= set(asked)
