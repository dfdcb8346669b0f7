"""The neutral form of results: for programs of your own, and for event handlers of Nagios.

{environment, name | type and id | link, status 0-3, output, executed, ttl?, source, host?}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitoring.handlers.event import (
    TTL,
    CheckEvent,
    Reference,
    moment,
    seconds,
    text_of,
    value_of,
)

SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def normalise(payload: Mapping[str, Any], received: datetime) -> list[CheckEvent]:
    """Return the event of one item. Raises BadPayload."""
    source = str(payload.get("source") or "other").lower()
    about = Reference(
        environment=text_of(payload.get("environment"), 64),
        type=text_of(payload.get("type"), 64),
        id=text_of(payload.get("id"), 1024),
        link=text_of(payload.get("link"), 64),
        name=text_of(payload.get("name"), 1024),
    )
    return [
        CheckEvent(
            about,
            value_of(payload.get("status")),
            text_of(payload.get("output")),
            moment(payload.get("executed"), received),
            source if SOURCE.fullmatch(source) and source != "calipso" else "other",
            ttl=seconds(payload.get("ttl"), TTL),
            host=text_of(payload.get("host"), 253),
        )
    ]
