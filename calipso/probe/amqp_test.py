"""Test of the notifications of a cloud: the broker, its exchanges, and whether anybody sends.

Nothing is changed in the cloud. A service that sends notifications makes a queue named as their
routing key; where no such queue is, no service has sent any since the broker started.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from calipso.discover.events.events_metadata import load_events
from calipso.errors import AccessError, ConfigError, ErrorKind
from calipso.model.environment import Environment
from calipso.probe.steps import Step, attempt
from calipso.sources.amqp.brokers import Broker, brokers_of
from calipso.sources.amqp.connection import (
    FAILURES,
    connect,
    exchange_exists,
    failure,
    queue_exists,
    try_binding,
)
from calipso.stores.scans.listener_store import ListenerStore
from calipso.utils.clock import now

#: Levels whose default queues a sender makes.
LEVELS = ("info", "error")
#: Hours without a message after which notifications look switched off.
QUIET_HOURS = 24.0

HINT = (
    "docs/events.md, Switch notifications on, has the lines for kolla-ansible, OpenStack-Ansible "
    "and others. In short: [oslo_messaging_notifications] driver = messagingv2 in nova.conf, "
    "neutron.conf and keystone.conf; services read it when they start."
)


def amqp_steps(environment: Environment) -> Iterator[Step]:
    """Every step as it ends; none for an environment without a section AMQP."""
    try:
        brokers = brokers_of(environment)
    except ConfigError:
        return
    for broker in brokers:
        step = attempt(f"AMQP {broker.url}", partial(_tried, broker), str).step
        yield step
        if step.ok:
            yield _told(environment, broker)


def _tried(broker: Broker) -> str:
    """Connect, look at the exchanges, bind. Raises AccessError."""
    wanted = broker.exchanges or tuple(load_events().exchanges)
    try:
        with connect(broker) as connection:
            there = [name for name in wanted if exchange_exists(connection, name)]
            try_binding(connection, there, broker.topics)
    except FAILURES as error:
        raise failure(broker, error) from error
    if not there:
        raise AccessError(
            f"no exchange {', '.join(wanted)}: is this the broker of the services?",
            kind=ErrorKind.NOT_FOUND,
            hint="Check host and vhost of section AMQP; each Nova cell may have its own (`more`).",
        )
    missing = [name for name in wanted if name not in there]
    return f"exchanges {', '.join(there)}" + (f"; no {', '.join(missing)}" if missing else "")


def _told(environment: Environment, broker: Broker) -> Step:
    """Does any service send? An environment that does not listen needs none."""
    last = max((ListenerStore().get(environment.name).get("last") or {}).values(), default=None)
    quiet = _hours_since(last)
    if quiet is not None and quiet < QUIET_HOURS:
        return Step("AMQP notifications", ok=True, message=f"the last one {quiet:.1f} hours ago")
    queues = [f"{topic}.{level}" for topic in broker.topics for level in LEVELS]
    try:
        with connect(broker) as connection:
            found = [name for name in queues if queue_exists(connection, name)]
    except FAILURES as error:
        told = failure(broker, error)
        return Step("AMQP notifications", ok=False, message=told.message, hint=told.hint)
    if quiet is not None:
        message = f"no message for {quiet:.0f} hours: notifications look switched off"
    elif found:
        return Step("AMQP notifications", ok=True, message=f"services send: {', '.join(found)}")
    else:
        message = "no service has sent any to this broker: notifications look switched off"
    return Step("AMQP notifications", ok=not environment.listen, message=message, hint=HINT)


def _hours_since(moment: datetime | None) -> float | None:
    return None if moment is None else (now() - moment).total_seconds() / 3600
