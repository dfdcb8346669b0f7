"""How workers and beat come back to a broker that was away: soon, and at a steady pace."""

from __future__ import annotations

from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection

#: Options of `broker_transport_options` that say how long to pause between two attempts.
PACE = ("interval_start", "interval_step", "interval_max")


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
