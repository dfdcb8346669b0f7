"""Lines of the event stream of Icinga 2: CheckResult, StateChange, Flapping.

A line names only host and service. The service variables `calipso_*` that our rendered files set
are looked up by the reader of the stream, and given here as `vars`; otherwise the name counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitoring.handlers.event import (
    TTL,
    BadPayload,
    CheckEvent,
    Reference,
    mapping,
    moment,
    seconds,
    text_of,
    value_of,
)

TYPES = ("CheckResult", "StateChange")
SOFT = 0


def normalise(payload: Mapping[str, Any], received: datetime) -> list[CheckEvent]:
    """Return the event of a line; none for types that carry no result. Raises BadPayload."""
    if payload.get("type") not in TYPES:
        return []
    result = mapping(payload.get("check_result"), "check_result")
    name = payload.get("service") or payload.get("host")
    if not name:
        raise BadPayload("service is missing")
    keys = payload.get("vars")
    keys = keys if isinstance(keys, Mapping) else {}
    after = result.get("vars_after")
    after = after if isinstance(after, Mapping) else {}
    status = result.get("exit_status") if "exit_status" in result else result.get("state")
    if not payload.get("service"):  # a host is up or down
        status = 2 if result.get("state") else 0
    return [
        CheckEvent(
            Reference(
                environment=text_of(keys.get("calipso_env"), 64),
                type=text_of(keys.get("calipso_type"), 64),
                id=text_of(keys.get("calipso_id"), 1024),
                link=text_of(keys.get("calipso_link"), 64),
                name=text_of(name, 1024),
            ),
            value_of(status),
            text_of(result.get("output")),
            moment(result.get("execution_end") or payload.get("timestamp"), received),
            "icinga2",
            ttl=seconds(result.get("ttl"), TTL),
            host=text_of(payload.get("host"), 253),
            hard=after.get("state_type", payload.get("state_type", 1)) != SOFT,
        )
    ]
