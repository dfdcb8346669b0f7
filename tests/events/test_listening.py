"""The listener takes notifications from a real RabbitMQ, stores them and marks what they name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore
from calipso.stores.scans.listener_store import ListenerStore
from tests.events.conftest import (
    Exchange,
    add_environment,
    amqp_section,
    listening,
    notification,
    state_of,
)
from tests.faults.rabbit import Rabbit
from tests.scan.conftest import ENVIRONMENT
from tests.workers.conftest import wait_for

PORT = {"id": "aaaa", "network_id": "nnnn", "binding:host_id": "compute-1"}


@pytest.fixture
def environment(home, broker: Rabbit) -> str:
    return add_environment(ENVIRONMENT, amqp_section(broker))


def keys_of(environment: str) -> set[str]:
    found = {str(key["_id"]).partition("/")[2] for key in EventKeys().of(environment)}
    return found - {"reconcile:"}


def counted(environment: str) -> dict[str, dict[str, int]]:
    return ListenerStore().get(environment).get("events", {})


def test_a_notification_is_stored_once_and_marks_what_it_names(
    environment: str, exchange: Exchange
):
    with listening(environment):
        message_id = exchange.send("port.create.end", {"port": PORT})

        wait_for(lambda: EventStore().find({}), 10)

    message = EventStore().get(environment, message_id)
    assert message["keys"] == ["port:aaaa"]
    assert message["state"] == "waiting"
    assert message["context"]["user"] == "alice"
    assert keys_of(environment) == {"port:aaaa"}


def test_no_token_reaches_the_store(environment: str, exchange: Exchange):
    with listening(environment):
        exchange.send("port.create.end", {"port": PORT | {"auth_token": "S3CRET-inside"}})
        wait_for(lambda: EventStore().find({}), 10)

    database = EventStore().db
    for name in database.list_collection_names():
        assert "S3CRET" not in repr(list(database[name].find()))


def test_both_formats_of_one_event_mark_one_key(environment: str, exchange: Exchange):
    instance = {"nova_object.data": {"uuid": "iiii", "host": "compute-1"}}
    with listening(environment):
        legacy = {"instance_id": "iiii", "host": "compute-1"}
        exchange.send("compute.instance.create.end", legacy, "nova")
        exchange.send("instance.create.end", instance, "nova", topic="versioned_notifications")
        wait_for(lambda: len(EventStore().find({})) == 2, 10)

    assert keys_of(environment) == {"instance:iiii"}


def test_a_copy_of_a_message_is_counted_and_marks_nothing(environment: str, exchange: Exchange):
    with listening(environment):
        first = exchange.send("port.create.end", {"port": PORT})
        wait_for(lambda: EventStore().find({}), 10)
        EventKeys().drop(key["_id"] for key in EventKeys().of(environment))
        exchange.send("port.create.end", {"port": PORT}, message_id=first)
        wait_for(lambda: counted(environment).get("port.create.end", {}).get("duplicate"), 10)

    assert keys_of(environment) == set()


def test_a_bulk_notification_marks_each_of_its_ports(environment: str, exchange: Exchange):
    ports = [PORT | {"id": f"p{number}"} for number in range(5)]
    with listening(environment):
        exchange.send("port.create.end", {"ports": ports})
        wait_for(lambda: EventStore().find({}), 10)

    assert keys_of(environment) == {f"port:p{number}" for number in range(5)}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe\x00", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1, 2]", "no JSON object"),
        ("x" * 1_500_000, "too large"),
        (json.dumps({"oslo.version": "9.0", "oslo.message": "{}"}), "unknown version"),
        (json.dumps({"oslo.message": 7}), "no JSON object"),
        (json.dumps({"oslo.message": "{"}), "no JSON"),
        (json.dumps({"event_type": 5, "payload": {}}), "no event_type"),
        (json.dumps({"event_type": "", "payload": {}}), "no event_type"),
        (json.dumps(notification("port.create.end", "text")), "payload is no object"),
        (json.dumps(notification("port.create.end", [1])), "payload is no object"),
    ],
)
def test_what_is_no_notification_is_counted_and_the_listener_lives(
    environment: str, exchange: Exchange, body: str | bytes, reason: str
):
    with listening(environment) as listener:
        exchange.raw(body)
        good = exchange.send("port.create.end", {"port": PORT})
        wait_for(lambda: EventStore().find({"id": good}), 10)

        wait_for(lambda: any(reason in kind for kind in counted(environment)), 5)
        assert state_of(listener)["state"] == "running"
    assert len(EventStore().find({})) == 1


HOSTILE: list[tuple[str, Any]] = [
    ("port.create.end", {}),
    ("port.create.end", {"port": None}),
    ("port.create.end", {"port": {"id": {"$ne": 1}}}),
    ("port.create.end", {"port": {"id": "x" * 10_000}}),
    ("port.create.end", {"ports": "all"}),
    ("port.delete.end", {"port_id": ["a"]}),
    ("compute.instance.create.end", {"instance_id": None}),
    ("instance.create.end", {"nova_object.data": "text"}),
    ("router.interface.create", {"router_interface": []}),
    ("identity.project.created", {"resource_info": 5.5}),
    ("floatingip.create.end", {"floatingip": {"id": "\n"}}),
]


@pytest.mark.parametrize(("event_type", "payload"), HOSTILE)
def test_a_payload_that_names_nothing_is_kept_as_failed_and_marks_nothing(
    environment: str, exchange: Exchange, event_type: str, payload: Any
):
    with listening(environment):
        sent = exchange.send(event_type, payload)
        wait_for(lambda: EventStore().find({"id": sent}), 10)

    message = EventStore().get(environment, sent)
    assert (message["state"], message["outcome"]) == ("failed", "the payload names nothing")
    assert keys_of(environment) == set()


def test_keys_with_dollars_dots_and_html_are_stored_as_they_are(
    environment: str, exchange: Exchange
):
    payload = {"port": PORT | {"$where": 1, "a.b": 2, "name": "<script>alert(1)</script>"}}
    with listening(environment):
        sent = exchange.send("port.create.end", payload, _context_user_name="<b>x</b>")
        wait_for(lambda: EventStore().find({"id": sent}), 10)

    assert EventStore().get(environment, sent)["context"]["user"] == "<b>x</b>"
    assert keys_of(environment) == {"port:aaaa"}


def test_a_type_nobody_handles_is_counted_by_name_and_not_stored(
    environment: str, exchange: Exchange
):
    with listening(environment):
        exchange.send("scheduler.select_destinations.end", {"request_spec": {}}, "nova")
        exchange.send("$set.x", {}, "nova")
        wait_for(lambda: counted(environment).get("$set.x"), 10)

    assert counted(environment)["scheduler.select_destinations.end"] == {"unmapped": 1}
    assert EventStore().find({}) == []


def test_a_message_without_an_id_gets_one_that_its_copy_has_too(
    environment: str, exchange: Exchange
):
    with listening(environment):
        for _ in range(2):
            exchange.send("port.create.end", {"port": PORT}, message_id=None)
        wait_for(lambda: counted(environment).get("port.create.end", {}).get("duplicate"), 10)

    assert len(EventStore().find({})) == 1


@pytest.mark.parametrize("moment", ["1970-01-01 00:00:00", "2999-01-01", "yesterday", None, 7])
def test_times_of_other_clocks_do_no_harm(environment: str, exchange: Exchange, moment: Any):
    with listening(environment):
        sent = exchange.send("port.create.end", {"port": PORT}, timestamp=moment)
        wait_for(lambda: EventStore().find({"id": sent}), 10)

    assert keys_of(environment) == {"port:aaaa"}


def test_another_reader_of_the_default_queue_misses_nothing(environment: str, exchange: Exchange):
    exchange.channel.queue_declare("notifications.info", auto_delete=False)
    exchange.channel.queue_bind("notifications.info", "neutron", "notifications.info")
    with listening(environment):
        for number in range(20):
            exchange.send("port.create.end", {"port": PORT | {"id": f"p{number}"}})
        wait_for(lambda: len(EventStore().find({})) == 20, 10)

    found = exchange.channel.queue_declare("notifications.info", passive=True)
    exchange.channel.queue_delete("notifications.info")
    assert found.message_count == 20


def test_messages_of_a_time_without_listener_wait_in_the_queue(
    environment: str, exchange: Exchange
):
    with listening(environment):
        pass
    for number in range(10):
        exchange.send("port.create.end", {"port": PORT | {"id": f"p{number}"}})

    with listening(environment):
        wait_for(lambda: len(EventStore().find({})) == 10, 10)
