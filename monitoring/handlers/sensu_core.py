"""Events of Sensu Core 1.x: what its handlers get on standard input.

{id, action, timestamp, occurrences, client: {name, address, environment}, check: {name, status,
output, executed, interval, history, ...}}; a custom attribute `calipso` of the check has the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitoring.handlers.event import (
    INTERVALS,
    BadPayload,
    CheckEvent,
    Reference,
    mapping,
    moment,
    seconds,
    text_of,
    value_of,
)


def normalise(payload: Mapping[str, Any], received: datetime) -> list[CheckEvent]:
    """Return the event of a payload. Raises BadPayload."""
    client = mapping(payload.get("client"), "client")
    check = mapping(payload.get("check"), "check")
    if not check.get("name"):
        raise BadPayload("check.name is missing")
    key = check.get("calipso")
    key = key if isinstance(key, Mapping) else {}
    about = Reference(
        environment=text_of(key.get("environment") or client.get("environment"), 64),
        type=text_of(key.get("type"), 64),
        id=text_of(key.get("id"), 1024),
        link=text_of(key.get("link"), 64),
        name=text_of(check["name"], 1024),
    )
    flapping = {"flapping": True}.get(str(payload.get("action")))
    return [
        CheckEvent(
            about,
            value_of(check.get("status")),
            text_of(check.get("output")),
            moment(check.get("executed") or payload.get("timestamp"), received),
            "sensu",
            ttl=INTERVALS * seconds(check.get("interval"), 60.0),
            host=text_of(client.get("name"), 253),
            flapping=flapping,
        )
    ]
