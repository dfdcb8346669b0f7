"""`/scans` and what a scan reports, on real stores."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.api import streams
from calipso.errors import ConfigError
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.scans.listening import queues_of
from calipso.stores.scans.message_store import MessageStore
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now
from tests.api.conftest import Login

Environments = Callable[..., str]
ALL = ["scan", "api", "db", "cli", "links", "cliques"]


def workers(*queues: str) -> None:
    """A worker that lives, for these queues."""
    WorkerStore().beat("w1@here", list(queues or ALL))


def scan_record(environment: str = "prod", status: str = "completed", **fields: Any) -> str:
    """A scan as the workers leave it; returns its id."""
    store = ScanStore()
    scan_id = store.create(ScanRequest(environment=environment))
    store.update(scan_id, {"status": status, **fields})
    return scan_id


def test_a_scan_is_started_and_its_address_is_returned(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    workers()
    answer = admin.post(
        "/api/v1/scans",
        json={
            "status": "pending",
            "environment": "prod",
            "log_level": "warning",
            "clear": True,
            "scan_only_inventory": True,
            "scan_only_links": False,
            "inventory": "inventory_dev",
        },
    )

    assert answer.status_code == 202
    assert answer.json["message"] == "created a new scan for environment prod"
    assert answer.headers["Location"] == f"/api/v1/scans/{answer.json['id']}"
    scan = admin.get(answer.headers["Location"]).json
    assert scan["status"] == "pending"
    assert scan["inventory"] == "inventory_dev"
    assert scan["request"]["inventory_only"]
    assert scan["request"]["clear"]
    assert scan["request"]["log_level"] == "warning"
    assert not scan["request"]["links_only"]


@pytest.mark.parametrize(
    ("queues", "missing"),
    [((), "queues scan, api, db, cli, links, cliques"), (ALL[:-1], "queue cliques")],
)
def test_without_a_worker_for_a_queue_nothing_is_queued(
    admin: FlaskClient, environment: Environments, queues: list[str], missing: str
) -> None:
    environment("prod")
    if queues:
        workers(*queues)
    answer = admin.post("/api/v1/scans", json={"environment": "prod"})

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert missing in answer.json["error"]["message"]
    assert "calipso up" in answer.json["error"]["hint"]
    assert ScanStore().find_scans({}) == []


@pytest.mark.slow
def test_a_scan_is_taken_once_while_the_broker_is_away(
    admin: FlaskClient, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    workers()
    monkeypatch.setattr(settings(), "broker_url", "redis://user:secret@127.0.0.1:1/0")
    answer = admin.post("/api/v1/scans", json={"environment": "prod"})

    assert answer.status_code == 202
    assert "waits for the broker" in answer.json["message"]
    assert "127.0.0.1" not in answer.text
    assert [scan["_id"] for scan in ScanStore().find_scans({})] == [answer.json["id"]]
    assert admin.get(answer.headers["Location"]).json["status"] == "pending"


def test_an_object_that_is_not_known_is_named_at_once_and_starts_nothing(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    workers()
    body = {"environment": "prod", "object_id": "no-such"}
    answer = admin.post("/api/v1/scans", json=body)

    assert answer.status_code == 404
    assert "no object no-such in the inventory" in answer.json["error"]["message"]
    assert ScanStore().find_scans({}) == []


def test_the_workers_a_scan_needs_are_known_without_its_secrets(
    environment: Environments, home: Path
) -> None:
    environment("prod")
    (home / "secret.keys").unlink()

    assert queues_of(ScanRequest(environment="prod")) == ALL
    EnvironmentStore().collection.update_one({}, {"$set": {"queues": {"api": ""}}})
    with pytest.raises(ConfigError, match="queues"):
        queues_of(ScanRequest(environment="prod"))


def test_scan_only_flags_count_by_truth_and_only_one_may_be_true(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    workers("scan", "links")
    flags = {"scan_only_links": True, "scan_only_inventory": False, "scan_only_cliques": False}
    two = {"scan_only_links": True, "scan_only_cliques": True}

    assert admin.post("/api/v1/scans", json={"environment": "prod"} | flags).status_code == 202
    refused = admin.post("/api/v1/scans", json={"environment": "prod"} | two)
    assert refused.status_code == 422
    assert "at most one" in refused.json["error"]["message"]


def test_who_may_only_view_may_not_scan_and_what_is_not_seen_is_not_there(
    login: Login, environment: Environments
) -> None:
    environment("prod")
    environment("other")
    workers()
    viewer, operator = login("viewer", prod="view"), login("operator", prod="view", mine="edit")
    body = {"environment": "prod"}

    assert viewer.post("/api/v1/scans", json=body).status_code == 403
    assert operator.post("/api/v1/scans", json=body).status_code == 403
    hidden = operator.post("/api/v1/scans", json={"environment": "other"})
    assert hidden.status_code == 404
    assert login("operator", prod="edit").post("/api/v1/scans", json=body).status_code == 202


def test_the_list_is_newest_first_and_filters(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    old = scan_record(submit_timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    new = scan_record(status="failed", **{"request.object_id": "net-1"})

    def ids(query: str) -> list[str]:
        return [
            item["id"] for item in admin.get(f"/api/v1/scans?env_name=prod{query}").json["items"]
        ]

    assert ids("") == [new, old]
    assert ids("&sort=submit_timestamp") == [old, new]
    assert ids("&status=failed") == ids("&base_object=net-1") == ids("&object_id=net-1") == [new]
    assert ids(f"&id={old}") == [old]
    first = admin.get("/api/v1/scans?limit=1").json
    assert ids(f"&limit=1&marker={first['next']}") == [old]


def test_scans_of_other_environments_are_nobodys_business(
    login: Login, environment: Environments
) -> None:
    environment("prod")
    environment("other")
    foreign = scan_record("other")
    client = login("operator", prod="edit")

    assert client.get("/api/v1/scans").json["items"] == []
    for path in ("", "/progress", "/events", "/coverage", "/log"):
        assert client.get(f"/api/v1/scans/{foreign}{path}").status_code == 404
    assert client.post(f"/api/v1/scans/{foreign}/cancel").status_code == 404
    assert client.delete(f"/api/v1/scans/{foreign}").status_code == 404
    same = client.get("/api/v1/scans/no-such-scan").json["error"]["message"]
    told = client.get(f"/api/v1/scans/{foreign}").json["error"]["message"]
    assert told.replace(foreign, "X") == same.replace("no-such-scan", "X")


def test_a_scan_is_cancelled_once(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")
    running = scan_record(status="running")
    answer = admin.post(f"/api/v1/scans/{running}/cancel")

    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/scans/{running}")
    assert ScanStore().get(running)["cancel_requested"]
    ended = scan_record(status="completed")
    assert admin.post(f"/api/v1/scans/{ended}/cancel").status_code == 409


def test_progress_has_tasks_and_objects(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")
    levels = {
        "1": {"title": "ScanHost", "stage": "inventory", "tasks": 2, "done": 2},
        "2": {"title": "ScanInstance", "stage": "inventory", "tasks": 5, "done": 1},
    }
    scan_id = scan_record(status="running", level=2, levels=levels, counts={"host": 7})
    progress = admin.get(f"/api/v1/scans/{scan_id}/progress").json

    assert (progress["tasks_done"], progress["tasks_known"]) == (3, 7)
    assert [level["title"] for level in progress["levels"]] == ["ScanHost", "ScanInstance"]
    assert progress["counts"] == {"host": 7}


def test_the_time_left_comes_from_the_last_whole_scan_and_is_unknown_without_one(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    end = now().replace(microsecond=0) - timedelta(hours=1)

    def level(title: str, began: datetime, done: int) -> dict[str, Any]:
        return {"title": title, "stage": "inventory", "tasks": 4, "done": done, "began": began}

    before = {
        "1": level("ScanHost", end - timedelta(seconds=1000), 4),
        "2": level("ScanInstance", end - timedelta(seconds=600), 4),
    }
    mine = scan_record(
        status="running", level=1, levels={"1": level("ScanHost", now(), 2)}, start_timestamp=now()
    )

    def left() -> float | None:
        found: float | None = admin.get(f"/api/v1/scans/{mine}/progress").json["seconds_left"]
        return found

    assert left() is None
    part = ScanRequest(environment="prod", object_id="x").model_dump(mode="json")
    ended = {"status": "completed", "levels": before, "end_timestamp": end}
    scan_record(**ended, request=part)
    assert left() is None
    scan_record(**ended)
    scan_record(status="completed", request={"scanner": None}, levels=None, end_timestamp=now())
    assert left() == 800  # half of 400 s of the first level, 600 s of the second


def events(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(event, id, data) of a stream."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")
        )
        if "data" in fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


def test_events_end_with_the_scan_and_a_client_that_got_the_end_must_not_reconnect(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    scan_id = scan_record(status="completed", counts={"host": 7})
    stream = admin.get(f"/api/v1/scans/{scan_id}/events")
    [(event, key, state)] = events(stream.text)

    assert stream.content_type.startswith("text/event-stream")
    assert (event, state["status"], state["counts"]) == ("end", "completed", {"host": 7})
    again = admin.get(f"/api/v1/scans/{scan_id}/events", headers={"Last-Event-ID": key})
    assert (again.status_code, again.data) == (204, b"")


def test_a_stream_ends_when_its_scan_is_deleted(
    admin: FlaskClient, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    scan_id = scan_record(status="running")
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.02)
    told = iter(admin.get(f"/api/v1/scans/{scan_id}/events").response)
    next(told)
    next(told)
    ScanStore().scans.delete_one({"_id": scan_id})

    assert [line.decode() for line in told] == [": it is gone\n\n"]  # type: ignore[union-attr]
    assert admin.get(f"/api/v1/scans/{scan_id}/events").status_code == 404


def test_events_report_each_change_once_for_a_bounded_time(
    admin: FlaskClient, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    monkeypatch.setattr(settings(), "api_stream_seconds", 0.3)
    monkeypatch.setattr(streams, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    scan_id = scan_record(status="running")
    accept = {"Accept": "text/event-stream"}
    stream = admin.get(f"/api/v1/scans/{scan_id}/progress", headers=accept)
    [(event, key, _)] = events(stream.text)

    assert event == "progress"
    assert ": still here" in stream.text
    silent = admin.get(f"/api/v1/scans/{scan_id}/events", headers={"Last-Event-ID": key})
    assert events(silent.text) == []
    ScanStore().update(scan_id, {"counts": {"host": 1}})
    more = admin.get(f"/api/v1/scans/{scan_id}/events", headers={"Last-Event-ID": key})
    assert [state["counts"] for _, _, state in events(more.text)] == [{"host": 1}]


def test_a_process_keeps_so_many_streams_and_no_more(
    admin: FlaskClient, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    monkeypatch.setattr(settings(), "api_streams", 1)
    scan_id = scan_record(status="running")
    open_stream = admin.get(f"/api/v1/scans/{scan_id}/events", buffered=False)
    refused = admin.get(f"/api/v1/scans/{scan_id}/events")
    open_stream.close()

    assert refused.status_code == 503
    ScanStore().update(scan_id, {"status": "failed"})
    assert admin.get(f"/api/v1/scans/{scan_id}/events").status_code == 200


def test_coverage_and_log_come_in_pages(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")
    scan_id = scan_record()
    lines = [
        {"host": f"compute-{number}", "source": "cli", "read": 3, "failed": 0, "objects": 9}
        | {"seconds": 0.1, "reached": True, "problems": [], "fetchers": {}, "skipped": []}
        for number in range(3)
    ]
    ScanStore().save_coverage(scan_id, "prod", lines)
    began = datetime(2026, 5, 4, tzinfo=UTC)
    MessageStore().add(
        [
            {
                "scan_id": scan_id,
                "environment": "prod",
                "level": level,
                "host": "",
                "message": level,
            }
            | {"timestamp": began + timedelta(seconds=number), "details": {}}
            for number, level in enumerate(("info", "warn", "error"))
        ]
    )
    first = admin.get(f"/api/v1/scans/{scan_id}/coverage?limit=2").json
    rest = admin.get(f"/api/v1/scans/{scan_id}/coverage?limit=2&marker={first['next']}").json

    assert [line["host"] for line in first["items"] + rest["items"]] == [
        line["host"] for line in lines
    ]
    log = admin.get(f"/api/v1/scans/{scan_id}/log").json["items"]
    assert [line["level"] for line in log] == ["info", "warn", "error"]
    worse = admin.get(f"/api/v1/scans/{scan_id}/log?level=warn").json["items"]
    assert [line["level"] for line in worse] == ["warn", "error"]


def test_a_record_is_deleted_with_what_belongs_to_it_but_not_the_one_others_build_on(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    old = scan_record(generation=1, submit_timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    last = scan_record(generation=2)
    running = scan_record(status="running", submit_timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    ScanStore().save_coverage(old, "prod", [{"host": "a", "source": "cli"}])

    assert admin.delete(f"/api/v1/scans/{old}").status_code == 204
    assert admin.get(f"/api/v1/scans/{old}").status_code == 404
    assert ScanStore().coverage.count_documents({"scan_id": old}) == 0
    for kept, why in ((last, "changes are counted from it"), (running, "has not ended")):
        refused = admin.delete(f"/api/v1/scans/{kept}")
        assert refused.status_code == 409
        assert why in refused.json["error"]["message"]
