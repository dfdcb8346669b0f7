"""`/scheduled_scans` on real stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.api.responders.resource.scheduled_scans import REQUEST, ScheduleBody, SchedulePatch
from calipso.api.scan_options import OPTIONS
from calipso.model.scan import ScanRequest
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
    assert stored["request"] == {
        "inventory_only": True,
        "clear": True,
        "log_level": "warning",
        "inventory": "inventory",
    }


def test_its_next_slots_are_listed_and_it_is_found_by_name(
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
        ({"minute": 5}, 422, "not allowed with freq DAILY"),
        ({"time_zone": "Europe/Berlim"}, 422, "Europe/Berlin"),
        ({"freq": "ONCE"}, 422, "moment"),
        ({"freq": "ONCE", "moment": "2030-02-31T03:00"}, 422, "moment"),
        ({"freq": "ONCE", "moment": "2001-02-03T03:00"}, 422, "still to come"),
        ({"scan_only_links": True, "scan_only_cliques": True}, 422, "at most one"),
        ({"interval": True}, 400, "interval"),
        ({"freq": "ONCE", "moment": "0001-01-01T00:00", "time_zone": "Asia/Tokyo"}, 422, "moment"),
        ({"freq": "ONCE", "moment": "9999-12-31T23:59", "time_zone": "US/Hawaii"}, 422, "moment"),
        ({"scanner": "ScanHost"}, 422, "go together"),
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


def test_a_schedule_of_one_scanner_stays_one_whatever_is_changed_of_it(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    part = {"scanner": "ScanHost", "parent_id": "compute-1", "parent_type": "host"}
    place = add(admin, time="03:00", **part).headers["Location"]

    assert part.items() <= admin.get(place).json["request"].items()
    assert part.items() <= admin.patch(place, json={"time": "04:00"}).json["request"].items()
    whole = {"scanner": None, "parent_id": None, "parent_type": None}
    assert not part.keys() & admin.patch(place, json=whole).json["request"].keys()
    put = {"environment": "prod", "freq": "DAILY"} | part
    assert part.items() <= admin.put(place, json=put).json["request"].items()


def test_all_that_a_scan_can_be_asked_for_can_be_said_of_a_schedule() -> None:
    ours = {OPTIONS.get(name, name) for name in ScheduleBody.model_fields}

    assert ScanRequest.model_fields.keys() - ours == {"origin", "parts"}  # parts: of events
    assert set(REQUEST) - SchedulePatch.model_fields.keys() == set()


def test_a_frequency_cannot_be_taken_out(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")
    place = add(admin).headers["Location"]
    answer = admin.patch(place, json={"freq": None})

    assert (answer.status_code, "freq" in answer.text) == (422, True)


def test_fields_that_are_not_stored_can_be_chosen(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    add(admin, time="03:00")
    chosen = admin.get(f"{PATH}?fields=when,state,next_slots").json["items"][0]

    assert chosen.keys() == {"when", "state", "next_slots"}
    assert (chosen["when"], chosen["state"]) == ("every day at 03:00 UTC", "on")
    assert len(chosen["next_slots"]) == 5


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
