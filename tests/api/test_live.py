"""`/live`: one stream of all that changes in the environments one may view."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.api import topics
from calipso.model.events import ListenerState, Scope, Target
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.finding_store import FindingStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.listener_store import ListenerStore
from calipso.stores.scans.scan_store import ScanStore
from tests.api.conftest import Login

ROOT = "/api/v1/live"
LATER = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once, and a stream is short."""
    monkeypatch.setattr(topics, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(settings(), "api_stream_seconds", 3.0)


def heard(client: FlaskClient, until: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The first so many events, and then the end."""
    response = client.get(ROOT, buffered=False)
    assert response.content_type.startswith("text/event-stream")
    text = ""
    for part in response.response:
        text += part if isinstance(part, str) else part.decode()
        *blocks, text = text.split("\n\n")
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in fields:
                yield fields["event"], json.loads(fields["data"])
                until -= 1
        if until <= 0:
            response.close()
            return


def later(act: Callable[[], object]) -> None:
    """Do it while somebody listens."""

    def wait() -> None:
        time.sleep(0.3)
        act()

    threading.Thread(target=wait, daemon=True).start()


def test_a_scan_that_runs_is_sent_with_its_progress_and_its_end(
    login: Login, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    store = ScanStore()
    scan = store.create(ScanRequest(environment=environment()))
    ended = {"status": "completed", "end_timestamp": datetime.now(UTC)}
    later(lambda: store.update(scan, ended))

    found = list(heard(login("viewer", prod="view"), 3))

    assert [name for name, _ in found] == ["hello", "scan", "scan"]
    assert [state.get("status") for _, state in found[1:]] == ["pending", "completed"]
    assert {state["id"] for _, state in found[1:]} == {scan}


def test_an_environment_is_sent_when_it_changed_and_when_it_is_gone(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    environment()
    later(lambda: EnvironmentStore().set_status("prod", last_scanned=LATER, scanned=True))
    found = list(heard(admin, 2))
    later(lambda: EnvironmentStore().remove("prod"))
    gone = list(heard(admin, 2))

    assert [name for name, _ in found] == ["hello", "environment"]
    assert found[1][1]["environment"] == "prod"
    assert gone[1] == ("gone", {"environment": "prod"})


def test_the_newest_change_is_sent_with_its_environment(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    environment()
    change = {"environment": "prod", "time": LATER, "type": "vnic", "id": "x"}
    later(lambda: inv.db["changes"].insert_one(change))

    assert list(heard(admin, 2))[1][1]["environment"] == "prod"


def _judged(inv: InventoryMgr) -> None:
    FindingStore(inv).note_run("prod", {"as_of": LATER, "silent": {}, "failed": {}})


def _listening(inv: InventoryMgr) -> None:
    ListenerStore().tell("prod", ListenerState.RUNNING)


def _given_up(inv: InventoryMgr) -> None:
    EventKeys().mark("prod", [(Target(Scope.PORT, "p1"), "prod/m1")])


def _broken(inv: InventoryMgr) -> None:
    trouble = {"environment": "prod", "kind": "object", "value": 2, "since": LATER}
    inv.db["monitoring_troubles"].insert_one(trouble)


@pytest.mark.parametrize(
    ("act", "topic", "told"),
    [
        (_judged, "drift", {"as_of": "2026-11-30T00:00:00Z"}),
        (_listening, "events", {"state": "running", "waiting": 0}),
        (_given_up, "events", {"waiting": 1}),
        (_broken, "monitoring", {"count": 1, "newest": None}),
    ],
)
def test_what_pages_of_drift_events_and_monitoring_show_is_told_when_it_changes(
    admin: FlaskClient,
    inv: InventoryMgr,
    environment: Callable[..., str],
    act: Callable[[InventoryMgr], None],
    topic: str,
    told: dict[str, Any],
) -> None:
    environment()
    later(lambda: act(inv))

    name, state = list(heard(admin, 2))[1]

    assert (name, state["environment"]) == (topic, "prod")
    assert told.items() <= state.items()


def test_nothing_of_other_environments_is_sent(
    login: Login,
    inv: InventoryMgr,
    environment: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings(), "api_stream_seconds", 0.6)
    environment()
    ScanStore().create(ScanRequest(environment="prod"))
    later(lambda: EnvironmentStore().set_status("prod", scanned=True))

    assert [name for name, _ in heard(login("viewer", lab="view"), 9)] == ["hello"]


def test_a_stream_counts_as_one_of_those_a_process_keeps(
    admin: FlaskClient, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "api_streams", 0)

    assert admin.get(ROOT).status_code == 503
