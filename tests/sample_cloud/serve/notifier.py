"""Sends the notifications of a sample cloud to a real RabbitMQ, as oslo.messaging does."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from ..cloud import Item
from ..generate.notifications import Notice, notices_of

EXCHANGES = ("nova", "neutron", "keystone")


class Notifier:
    """One connection to a broker; thread safe."""

    def __init__(self, url: str) -> None:
        from kombu import Connection

        self._connection = Connection(url)
        self._lock = threading.Lock()
        self._channel: Any = None
        self.sent = 0

    def tell(self, operation: str, done: Item) -> None:
        """Send what a real cloud would send for a change."""
        request = f"req-{uuid.uuid4()}"
        for notice in notices_of(operation, done):
            self.send(notice, request)

    def send(self, notice: Notice, request: str) -> None:
        """Send one notification; its context has a token, as in older releases."""
        from amqp import Message

        inner = json.dumps(_message(notice, request))
        body = json.dumps({"oslo.version": "2.0", "oslo.message": inner})
        message = Message(body, content_type="application/json", content_encoding="utf-8")
        key = f"{notice.topic}.info"
        with self._lock:
            self._opened().basic_publish(message, exchange=notice.exchange, routing_key=key)
            self.sent += 1

    def _opened(self) -> Any:
        if self._channel is None or not self._channel.is_open:
            self._connection.ensure_connection(max_retries=3)
            self._channel = self._connection.channel()
            for name in EXCHANGES:
                self._channel.exchange_declare(name, "topic", durable=False, auto_delete=False)
        return self._channel


def _message(notice: Notice, request: str) -> Item:
    return {
        "event_type": notice.event_type,
        "message_id": str(uuid.uuid4()),
        "priority": "INFO",
        "publisher_id": f"{notice.exchange}.sample",
        "timestamp": str(datetime.now(UTC).replace(tzinfo=None)),
        "payload": notice.payload,
        "_context_request_id": request,
        "_context_user_name": "sample-user",
        "_context_project_name": "sample",
        "_context_auth_token": "sample-live-token",
    }
