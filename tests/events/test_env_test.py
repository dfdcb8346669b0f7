"""`env test` says whether the notifications of a cloud can be heard, and whether anybody sends."""

from __future__ import annotations

import time
from typing import Any

import pytest

from calipso.model.environment import parse_environment
from calipso.probe.amqp_test import amqp_steps
from calipso.probe.steps import Step
from calipso.stores.scans.listener_store import ListenerStore
from calipso.utils.clock import now
from tests.events.conftest import Exchange, amqp_section
from tests.faults.rabbit import Rabbit
from tests.scan.conftest import ENVIRONMENT


def steps(broker: Rabbit, *, listen: bool = True, **more: Any) -> list[Step]:
    sections = [*ENVIRONMENT["configuration"], amqp_section(broker, **more)]
    document = ENVIRONMENT | {"configuration": sections, "listen": listen}
    return list(amqp_steps(parse_environment(document)))


def test_a_cloud_that_sends_nothing_is_told_with_the_remedy_in_seconds(
    inv, broker: Rabbit, exchange: Exchange
):
    began = time.monotonic()
    login, sent = steps(broker)

    assert time.monotonic() - began < 10
    assert login.ok
    assert not sent.ok
    assert "look switched off" in sent.message
    assert "driver = messagingv2" in sent.hint


def test_an_environment_that_does_not_listen_needs_no_notifications(
    inv, broker: Rabbit, exchange: Exchange
):
    assert [step.ok for step in steps(broker, listen=False)] == [True, True]


def test_the_queue_that_a_sender_makes_is_evidence(inv, broker: Rabbit, exchange: Exchange):
    exchange.channel.queue_declare("notifications.info", auto_delete=False)
    try:
        assert [step.ok for step in steps(broker)] == [True, True]
    finally:
        exchange.channel.queue_delete("notifications.info")


@pytest.mark.parametrize(("hours", "ok"), [(1, True), (30, False)])
def test_the_last_message_that_was_heard_counts(
    inv, broker: Rabbit, exchange: Exchange, hours: int, ok: bool
):
    from datetime import timedelta

    ListenerStore().count("toy", {}, {"nova": now() - timedelta(hours=hours)})

    assert steps(broker)[-1].ok is ok


def test_a_broker_of_somebody_else_has_no_such_exchanges(inv, broker: Rabbit):
    (step,) = steps(broker)

    assert not step.ok
    assert "no exchange nova, neutron, keystone" in step.message


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pwd": "wrong"}, "refused for guest"),
        ({"vhost": "nowhere"}, "virtual host nowhere is not open"),
        ({"port": 1}, "refused"),
    ],
)
def test_what_keeps_the_listener_out_is_said(
    inv, broker: Rabbit, exchange: Exchange, fields: dict[str, Any], said: str
):
    (step,) = steps(broker, **fields)

    assert not step.ok
    assert said in step.message.lower() or said in step.message
    assert step.hint
