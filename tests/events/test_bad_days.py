"""Bad days of the listener: each has a defined outcome, and nothing is lost."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, NotAllowed, PreconditionFailed

from calipso.cli.stack.process import identify, spawn, stop
from calipso.discover.events.event_intake import Intake
from calipso.errors import StoreError
from calipso.settings import settings
from calipso.sources.amqp import consumer as consumer_module
from calipso.sources.amqp.brokers import brokers_of
from calipso.sources.amqp.consumer import Consumer
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore
from calipso.stores.scans.listener_store import ListenerStore
from tests.events.conftest import (
    Exchange,
    add_environment,
    amqp_section,
    listening,
    state_of,
)
from tests.faults.rabbit import Rabbit
from tests.scan.conftest import ENVIRONMENT
from tests.workers.conftest import wait_for


@pytest.fixture
def environment(home: Path, broker: Rabbit, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(consumer_module, "ASK_AGAIN", 0.5)
    monkeypatch.setattr(consumer_module, "DEPTH_EVERY", 0.5)
    monkeypatch.setattr(consumer_module, "LONGEST_PAUSE", 0.5)
    return add_environment(ENVIRONMENT, amqp_section(broker))


def port(number: int) -> dict[str, Any]:
    return {"port": {"id": f"p{number}", "network_id": "n"}}


def gaps(environment: str) -> dict[str, int]:
    return ListenerStore().get(environment).get("gaps", {})


def queue_of(environment: str) -> str:
    return f"calipso.{environment}.{ListenerStore().installation()}"


def test_without_exchanges_it_waits_and_begins_when_one_is_there(environment: str, broker: Rabbit):
    with listening(environment, running=False) as listener:
        wait_for(lambda: state_of(listener)["state"] == "waiting", 20)
        wait_for(lambda: "no exchange" in state_of(listener).get("reason", ""), 20)
        exchange = Exchange(broker, ("neutron",))
        try:
            wait_for(lambda: state_of(listener)["state"] == "running", 20)
            assert "no exchange nova, keystone yet" in state_of(listener)["reason"]
            sent = exchange.send("port.create.end", port(1))
            wait_for(lambda: EventStore().find({"id": sent}), 10)
        finally:
            exchange.close()


def test_an_exchange_that_comes_later_is_bound_and_the_lists_are_compared(
    environment: str, broker: Rabbit
):
    first = Exchange(broker, ("neutron",))
    with listening(environment):
        later = Exchange(broker, ("nova",))
        wait_for(lambda: gaps(environment).get("new_exchange"), 20)
        sent = later.send("compute.instance.update", {"instance_id": "i"}, "nova")
        wait_for(lambda: EventStore().find({"id": sent}), 10)
        later.close()
    first.close()


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("kind", ["topic", "fanout"])
def test_an_exchange_that_is_declared_otherwise_is_bound_as_it_is(
    environment: str, broker: Rabbit, durable: bool, kind: str
):
    made = Exchange(broker, ())
    made.channel.exchange_declare("neutron", kind, durable=durable, auto_delete=False)
    made.names = ("neutron",)
    with listening(environment):
        sent = made.send("port.create.end", port(1))
        wait_for(lambda: EventStore().find({"id": sent}), 10)
    made.close()


def test_a_queue_of_another_version_is_used_as_it_is(environment: str, exchange: Exchange):
    queue = queue_of(environment)
    exchange.channel.queue_declare(queue, durable=True, auto_delete=False)
    with listening(environment):
        sent = exchange.send("port.create.end", port(1))
        wait_for(lambda: EventStore().find({"id": sent}), 10)
    exchange.channel.queue_delete(queue)


def test_a_queue_that_is_deleted_is_made_again(environment: str, exchange: Exchange):
    with listening(environment):
        before = gaps(environment).get("new_queue", 0)
        exchange.channel.queue_delete(queue_of(environment))
        wait_for(lambda: gaps(environment).get("new_queue", 0) > before, 20)
        sent = exchange.send("port.create.end", port(1))
        wait_for(lambda: EventStore().find({"id": sent}), 10)


def test_a_queue_that_overflows_has_the_lists_compared(
    environment: str, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CALIPSO_EVENT_QUEUE_LENGTH", "100")
    settings.cache_clear()
    with listening(environment):
        pass
    for number in range(150):
        exchange.send("port.create.end", port(number))
    with listening(environment):
        wait_for(lambda: len(EventStore().find({})) == 100, 20)

    assert gaps(environment)["overflow"] == 1
    assert "reconcile" in {key["scope"] for key in EventKeys().of(environment)}


def test_messages_stay_with_the_broker_while_the_store_is_away(
    environment: str, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    away = threading.Event()
    take = Intake.take

    def fails(self: Intake, bodies: Any) -> None:
        if away.is_set():
            raise StoreError("no primary")
        take(self, bodies)

    monkeypatch.setattr(Intake, "take", fails)
    with listening(environment) as listener:
        away.set()
        sent = [exchange.send("port.create.end", port(number)) for number in range(30)]
        wait_for(lambda: "the store" in state_of(listener).get("reason", ""), 20)
        assert EventStore().find({}) == []
        away.clear()
        wait_for(lambda: len(EventStore().find({})) == 30, 20)

    assert {message["id"] for message in EventStore().find({})} == set(sent)


def test_a_message_that_breaks_the_intake_takes_no_other_with_it(
    environment: str, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    take = Intake.take

    def breaks(self: Intake, bodies: Any) -> None:
        if any(b"poison" in body.content for body in bodies):
            raise ValueError("poison")
        take(self, bodies)

    monkeypatch.setattr(Intake, "take", breaks)
    with listening(environment) as listener:
        for number in range(10):
            exchange.send("port.create.end", port(number), note="poison" if number == 4 else "")
        wait_for(lambda: len(EventStore().find({})) == 9, 20)
        assert state_of(listener)["state"] == "running"


def test_two_listeners_of_one_queue_are_not_two(environment: str, exchange: Exchange):
    with listening(environment), listening(environment, running=False) as second:
        wait_for(lambda: "another listener" in str(second.store.get(environment)), 20)


@pytest.mark.long
@pytest.mark.slow
def test_a_broker_that_restarts_is_heard_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(consumer_module, "LONGEST_PAUSE", 0.5)
    with Rabbit(tmp_path / "own") as rabbit:
        process = spawn(rabbit.command, tmp_path / "one.log", environment=rabbit.env)
        rabbit.wait()
        first = Exchange(rabbit, ("neutron",))
        name = add_environment(ENVIRONMENT, amqp_section(rabbit))
        with listening(name) as listener:
            end(process)
            wait_for(lambda: state_of(listener)["state"] == "waiting", 30)
            process = spawn(rabbit.command, tmp_path / "two.log", environment=rabbit.env)
            rabbit.wait()
            again = Exchange(rabbit, ("neutron",))
            wait_for(lambda: state_of(listener)["state"] == "running", 60)
            sent = again.send("port.create.end", port(1))
            wait_for(lambda: EventStore().find({"id": sent}), 20)
        assert gaps(name)["reconnect"] >= 1
        again.connection.release()
        end(process)
        first.connection.release()


def end(process: Any) -> None:
    identity = identify(process.pid)
    if identity:
        stop(identity, 15.0)
    process.wait(30)


CHANNEL = (50, 10)


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (AccessRefused("ACCESS_REFUSED", CHANNEL), "error", "configure and write"),
        (AccessRefused("Login was refused"), "error", "refused for guest"),
        (NotAllowed("access to vhost refused"), "error", "is not open to it"),
        (PreconditionFailed("durable queues only", CHANNEL), "error", "refuses the queue"),
        (TimeoutError(), "waiting", "no answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "waiting", "Connection refused"),
        (ValueError("frame"), "error", "no RabbitMQ"),
        (RuntimeError("a defect"), "error", "see the log"),
    ],
)
def test_what_a_broker_refuses_is_a_state_with_a_reason(
    environment: str, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str, said: str
):
    (broker,) = brokers_of(EnvironmentStore().get(environment))
    over = threading.Event()
    found = Consumer(broker, "q", ["nova"], lambda _: None, lambda _: None, over)

    def refused(*_: Any) -> None:
        over.set()
        raise error

    monkeypatch.setattr(consumer_module, "connect", refused)
    found.run()

    assert found.state.state == state
    assert said in found.state.reason


def test_several_brokers_and_servers_are_those_of_the_section(home: Path):
    section = {"name": "AMQP", "host": "mq1", "port": 5672, "user": "u", "pwd": "p"}
    section |= {"failover": ["mq2", "mq3:5673", "[2001:db8::1]:5674"], "vhost": "nova"}
    section |= {"more": {"cell1": {"host": "mq9", "pwd": "other", "failover": []}}}
    name = add_environment(ENVIRONMENT, section)

    main, cell = brokers_of(EnvironmentStore().get(name))

    assert main.servers[1:] == (("mq2", 5672), ("mq3", 5673), ("2001:db8::1", 5674))
    assert (cell.url, cell.pwd, cell.vhost) == ("amqp://mq9:5672/nova", "other", "nova")
    assert "other" not in repr(EnvironmentStore().masked(name))
    assert "other" not in repr(EnvironmentStore().collection.find_one())
