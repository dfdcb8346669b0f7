"""`/scheduled_scans` on real stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import Login

Environments = Callable[..., str]
PATH = "/api/v1/scheduled_scans"


def add(client: FlaskClient, **fields: Any) -> Any:
    """The answer to a POST."""
    return client.post(PATH, json={"environment": "prod", "freq": "DAILY"} | fields)


def test_a_schedule_of_the_original_is_taken(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")
    answer = add(
        admin,
        freq="WEEKLY",
        submit_timestamp="2030-05-06T03:00:00.000+0000",
        log_level="warning",
        clear=True,
        scan_only_inventory=True,
    )

    assert answer.status_code == 201
    stored = admin.get(answer.headers["Location"]).json
    assert stored["when"] == "every week on MO at 03:00 UTC"
    assert stored["scheduled_timestamp"] == "2030-05-06T03:00:00Z"
    assert stored["request"] == {"inventory_only": True, "clear": True, "inventory": "inventory"}


def test_its_next_slots_are_told_and_it_is_found_by_name(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    add(
        admin, name="nightly", time="03:00", time_zone="Europe/Berlin", start="2030-01-01T00:00:00Z"
    )
    stored = admin.get(f"{PATH}/nightly").json

    assert stored["next_slots"][:2] == ["2030-01-01T02:00:00Z", "2030-01-02T02:00:00Z"]
    listed = admin.get(f"{PATH}?environment=prod&freq=DAILY").json["items"]
    assert [item["id"] for item in listed] == [stored["id"]]
    assert admin.get(f"{PATH}?freq=HOURLY").json["items"] == []


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"freq": "daily"}, 400, "freq"),
        ({"minute": 5}, 422, "of no use"),
        ({"time_zone": "Europe/Berlim"}, 422, "Europe/Berlin"),
        ({"freq": "ONCE"}, 422, "moment"),
        ({"freq": "ONCE", "moment": "2030-02-31T03:00"}, 422, "moment"),
        ({"freq": "ONCE", "moment": "2001-02-03T03:00"}, 422, "still to come"),
        ({"scan_only_links": True, "scan_only_cliques": True}, 422, "at most one"),
        ({"interval": True}, 400, "interval"),
    ],
)
def test_what_makes_no_schedule_is_refused_by_name(
    admin: FlaskClient, environment: Environments, fields: dict[str, Any], status: int, said: str
) -> None:
    environment("prod")
    answer = add(admin, **fields)

    assert answer.status_code == status
    assert said in answer.text


def test_a_name_is_taken_once(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")

    assert add(admin, name="nightly").status_code == 201
    assert add(admin, name="nightly").status_code == 409


def test_it_is_switched_off_and_on_changed_replaced_and_removed(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    place = add(admin, time="03:00", inventory="inventory_dev").headers["Location"]

    assert admin.patch(place, json={"enabled": False}).json["state"] == "off"
    changed = admin.patch(place, json={"freq": "HOURLY", "minute": 15, "enabled": True}).json
    assert changed["state"] == "on"
    assert changed["when"] == "every hour at minute 15"
    assert changed["request"]["inventory"] == "inventory_dev"
    replaced = admin.put(place, json={"environment": "prod", "freq": "DAILY", "time": "04:00"}).json
    assert replaced["when"] == "every day at 04:00 UTC"
    assert replaced["request"]["inventory"] == "inventory"
    assert admin.put(place, json={"environment": "other", "freq": "DAILY"}).status_code == 422
    assert admin.delete(place).status_code == 204
    assert admin.get(place).status_code == 404


def test_schedules_of_other_environments_are_not_there(
    login: Login, admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    environment("other")
    place = add(admin, environment="other").headers["Location"]
    client, viewer = login("operator", prod="edit"), login("operator", other="view")

    assert client.get(PATH).json["items"] == []
    assert client.get(f"{PATH}?environment=other").status_code == 404
    for status, user in ((404, client), (403, viewer)):
        assert user.patch(place, json={"enabled": False}).status_code == status
        assert user.delete(place).status_code == status
    assert add(client, environment="other").status_code == 404
    assert viewer.get(place).status_code == 200
