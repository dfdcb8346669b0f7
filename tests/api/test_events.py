"""Events and listeners by REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from calipso.model.events import ListenerState, Scope, Target
from calipso.settings import settings
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore, message_key
from calipso.stores.scans.listener_store import ListenerStore
from calipso.utils.clock import now

NAME = "prod"


@pytest.fixture
def event(admin: FlaskClient, environment: Callable[..., str]) -> str:
    """An event that waits, of an environment with a listener."""
    environment(NAME)
    key = message_key(NAME, "m1")
    document = {
        "_id": key,
        "id": "m1",
        "environment": NAME,
        "type": "port.create.end",
        "state": "waiting",
        "received": now(),
        "sent": now() - timedelta(seconds=1),
        "keys": ["port:p1"],
        "open": ["port:p1"],
        "context": {"user": "alice", "request_id": "req-1"},
        "notification": {"payload": {"secret": "S3CRET"}},
    }
    EventStore().add([document])
    EventKeys().mark(NAME, [(Target(Scope.PORT, "p1"), key)])
    ListenerStore().tell(NAME, ListenerState.RUNNING)
    ListenerStore().count(NAME, {("port.create.end", "handled"): 1}, {"neutron": now()})
    ListenerStore().urls(NAME, {"amqp://mq:5672/": {"state": "running", "depth": 3}})
    return "m1"


def test_events_are_listed_with_what_came_of_them_and_without_payload(
    admin: FlaskClient, event: str
):
    answer = admin.get("/api/v1/events?state=waiting&event_type=port.create.end")

    assert "S3CRET" not in answer.text
    (found,) = answer.json["items"]
    assert (found["id"], found["context"]["user"]) == (event, "alice")
    assert admin.get("/api/v1/events?state=done").json["items"] == []
    assert admin.get(f"/api/v1/events/{event}").json["keys"] == ["port:p1"]
    assert admin.get("/api/v1/events/nothing").status_code == 404


def test_a_listener_says_what_it_does_and_what_waits(admin: FlaskClient, event: str):
    found = admin.get(f"/api/v1/event_listeners/{NAME}").json

    assert (found["state"], found["waiting"], found["queue"]) == ("running", 1, 3)
    assert found["counts"] == {"handled": 1}
    listed = admin.get("/api/v1/event_listeners").json["items"]
    assert [item["environment"] for item in listed] == [NAME]


def test_a_listener_without_a_sign_of_life_is_not_believed(admin: FlaskClient, event: str):
    old = {"seen": now() - timedelta(minutes=5)}
    ListenerStore().collection.update_one({"_id": NAME}, {"$set": old})

    found = admin.get(f"/api/v1/event_listeners/{NAME}").json

    assert found["state"] == "error"
    assert "calipso events run" in found["reason"]


def test_what_was_given_up_is_listed_and_tried_again(
    admin: FlaskClient, event: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CALIPSO_EVENT_ATTEMPTS", "1")
    settings.cache_clear()
    (key,) = EventKeys().of(NAME)
    EventKeys().failed(key, "no route to host")

    (dead,) = admin.get(f"/api/v1/event_listeners/{NAME}/dead").json["items"]
    again = admin.post(f"/api/v1/event_listeners/{NAME}/retry")

    assert (dead["reason"], dead["events"]) == ("no route to host", [event])
    assert (again.status_code, again.json["number"]) == (202, 1)
    assert EventKeys().dead() == []


def test_lists_are_compared_when_somebody_asks(admin: FlaskClient, event: str):
    assert admin.post(f"/api/v1/event_listeners/{NAME}/reconcile").status_code == 202

    assert {key["scope"] for key in EventKeys().of(NAME)} == {"port", "reconcile"}


def test_a_stream_tells_the_newest_events(
    admin: FlaskClient, event: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CALIPSO_API_STREAM_SECONDS", "0.1")
    settings.cache_clear()

    text = admin.get(f"/api/v1/event_listeners/{NAME}/stream").text

    assert "event: progress" in text
    assert '"id": "m1"' in text
    assert "S3CRET" not in text


def test_metrics_count_events_by_type_and_result(admin: FlaskClient, event: str):
    text = admin.get("/metrics").text

    wanted = f'calipso_events_total{{env="{NAME}",result="handled",type="port.create.end"}} 1.0'
    assert wanted in text
    assert f'calipso_listener_up{{env="{NAME}",url="amqp://mq:5672/"}} 1.0' in text
    assert f'calipso_event_dirty_keys{{env="{NAME}"}} 1.0' in text
    assert f'calipso_event_queue_depth{{env="{NAME}",url="amqp://mq:5672/"}} 3.0' in text
