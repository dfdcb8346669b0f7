"""How workers and beat come back to a broker that was away: soon, and at a steady pace.

And how they notice that it was: over a connection of before its restart, the first message goes
nowhere and nobody says so. RabbitMQ therefore confirms each message (`confirm_publish`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection

#: Options of `broker_transport_options` that say how long to pause between two attempts.
PACE = ("interval_start", "interval_step", "interval_max")
#: Seconds RabbitMQ may take to confirm a message; one that is out of memory or disk confirms none.
CONFIRM_SECONDS = 30.0


class PacedConnection(Connection):
    """Tries to connect at the pace of `broker_transport_options`.

    Celery's consumer and beat give kombu no pace, and kombu's own adds two seconds to each pause,
    up to 30: after a restart of RabbitMQ, workers stood idle for longer than the restart took.
    """

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        """As kombu's, with the pace of the settings for what the caller does not say."""
        options = self.transport_options or {}
        pace = {name: options[name] for name in PACE if name in options}
        return super().ensure_connection(*args, **(pace | kwargs))


class PacedAMQP(AMQP):
    """Celery's view of a broker, with connections that keep the pace."""

    Connection = PacedConnection
    BrokerConnection = PacedConnection

    @functools.cached_property
    def send_task_message(self) -> Callable[..., Any]:
        """Send a task; a message that is not confirmed in time counts as not sent."""
        return functools.partial(super().send_task_message, confirm_timeout=CONFIRM_SECONDS)
