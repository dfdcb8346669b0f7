"""`/healthz`, `/readyz`, `/metrics`: outside `/api/v1`, for balancers and Prometheus."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calipso.api.responders import health
from calipso.settings import settings
from calipso.stores.migrations.migrator import Migrator
from calipso.stores.mongo.mongo_access import close_clients
from tests.api.test_scans import scan_record

UNREACHABLE = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer of an earlier test counts."""
    monkeypatch.setattr(health, "FRESH", -1.0)


def test_alive_needs_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "mongo_url", "mongodb://127.0.0.1:1")

    assert app.test_client().get("/healthz").json == {"status": "alive"}


def test_ready_when_the_stores_answer_and_the_schema_fits(app: Flask) -> None:
    Migrator().ready()
    answer = app.test_client().get("/readyz")

    assert answer.status_code == 200
    assert {check["name"]: check["ok"] for check in answer.json["checks"]} == {
        "mongodb": True,
        "redis": True,
        "schema": True,
        "workers": True,
    }
    assert answer.json["checks"][-2]["message"] == f"schema {Migrator().status().version}"
    lines = [line for line in answer.text.splitlines() if '"name"' in line]
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [
        ("mongo_url", "mongodb://user:secret@127.0.0.1:1", "mongodb"),
        ("redis_url", UNREACHABLE, "redis"),
        ("broker_url", UNREACHABLE, "broker"),
    ],
)
def test_not_ready_names_what_is_away_and_no_address(
    app: Flask, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, check: str
) -> None:
    Migrator().ready()
    monkeypatch.setattr(health, "PATIENCE", 0.3)
    monkeypatch.setattr(settings(), setting, value)
    close_clients()  # the address is read anew
    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert [item["name"] for item in answer.json["checks"] if not item["ok"]] == [check]
    assert "127.0.0.1" not in answer.text
    assert "secret" not in answer.text


def test_probes_do_not_wait_for_one_that_looks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    seen = app.test_client().get("/readyz").json

    def slow() -> list[health.Check]:
        begun.set()
        go_on.wait(10)
        return [health.Check("mongodb", ok=False)]

    monkeypatch.setattr(health, "look", slow)
    looking = threading.Thread(target=app.test_client().get, args=("/readyz",))
    looking.start()
    assert begun.wait(10)

    assert app.test_client().get("/readyz").json == seen
    go_on.set()
    looking.join(10)
    assert app.test_client().get("/readyz").status_code == 503


def test_a_schema_that_does_not_fit_is_not_ready(app: Flask) -> None:
    Migrator().ready()
    Migrator().db["schema_version"].update_one({"_id": "calipso"}, {"$set": {"version": 9999}})
    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert "9999" in answer.json["checks"][-1]["message"]


def test_requests_are_counted_by_operation_not_by_address(admin: FlaskClient) -> None:
    admin.get("/api/v1/scans/one-id")
    admin.get("/api/v1/scans/another-id")
    text = admin.get("/metrics").text
    line = (
        'calipso_api_request_seconds_count{operation="GET /api/v1/scans/<string:key>",status="404"}'
    )

    assert line in text
    assert "one-id" not in text


def test_scans_are_counted_by_state(admin: FlaskClient) -> None:
    scan_record(status="failed")
    scan_record(status="failed")
    text = admin.get("/metrics").text

    assert 'calipso_scans{status="failed"} 2.0' in text
    assert 'calipso_scans{status="running"} 0.0' in text


def test_metrics_want_a_token_when_the_settings_say_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "api_metrics_token", "scraper")
    client = app.test_client()

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer scraper"}).status_code == 200


PROCESSES = """
import os
from calipso.api.responders import metrics
from flask import Flask

metrics.prepare()
app = Flask("counted")
metrics.install(app)
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        app.test_client().get("/nothing")
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
    metrics.process_ended(None, type("Worker", (), {"pid": child}))
print(app.test_client().get("/metrics").text)
"""


def test_the_counts_of_all_processes_are_added_up(home: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROCESSES],
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert 'operation="GET unknown",status="404"} 2.0' in told.stdout
