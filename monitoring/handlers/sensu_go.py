"""Events of Sensu Go: plain, or wrapped as `{type: "Event", api_version, spec}`.

Labels `calipso_env`, `calipso_type`, `calipso_id` or `calipso_link` of check or entity have the
key. An event without a check (metrics only) says nothing.
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
    if payload.get("type") == "Event" and "spec" in payload:
        payload = mapping(payload["spec"], "spec")
    if payload.get("check") is None:
        return []
    check, entity = mapping(payload["check"], "check"), mapping(payload.get("entity"), "entity")
    about, labels = _labels(check), _labels(entity)
    name = _metadata(check).get("name")
    if not name:
        raise BadPayload("check.metadata.name is missing")
    labels = {**labels, **about}
    ttl = seconds(check.get("ttl"), INTERVALS * seconds(check.get("interval"), 60.0))
    return [
        CheckEvent(
            Reference(
                environment=text_of(labels.get("calipso_env"), 64),
                type=text_of(labels.get("calipso_type"), 64),
                id=text_of(labels.get("calipso_id"), 1024),
                link=text_of(labels.get("calipso_link"), 64),
                name=text_of(name, 1024),
            ),
            value_of(check.get("status")),
            text_of(check.get("output")),
            moment(check.get("executed") or payload.get("timestamp"), received),
            "sensu_go",
            ttl=ttl,
            host=text_of(_metadata(entity).get("name"), 253),
            flapping=True if check.get("state") == "flapping" else None,
        )
    ]


def _metadata(part: Mapping[str, Any]) -> Mapping[str, Any]:
    found = part.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _labels(part: Mapping[str, Any]) -> dict[str, Any]:
    found = _metadata(part).get("labels")
    return dict(found) if isinstance(found, Mapping) else {}
