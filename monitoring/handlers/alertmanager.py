"""Webhooks of Alertmanager, version 4. Each alert has a slot of its own on its object.

Labels `calipso_env`, `calipso_type`, `calipso_id` have the key. Without them `instance`, `device`
and `port_id` are searched. A resolved alert frees only its own slot. Resolved messages can be lost,
so a slot is old after twice the time after which Alertmanager repeats an alert.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from calipso.model.monitoring import Value
from monitoring.handlers.event import (
    BadPayload,
    CheckEvent,
    Reference,
    mapping,
    text_of,
)

SOURCE = "alertmanager"
SEVERITIES = {
    "critical": Value.ERROR,
    "error": Value.ERROR,
    "page": Value.ERROR,
    "warning": Value.WARNING,
}
#: Twice the default of `repeat_interval`, which is 4 hours.
TTL = 8 * 3600.0
MOST = 1000


def normalise(payload: Mapping[str, Any], received: datetime) -> list[CheckEvent]:
    """Return the events of a webhook. Raises BadPayload."""
    alerts = payload.get("alerts")
    if not isinstance(alerts, list):
        raise BadPayload("alerts: expected a list")
    if len(alerts) > MOST:
        raise BadPayload(f"alerts: {len(alerts)} of them, at most {MOST} are taken at once")
    found = [_event(mapping(alert, "alerts[]"), received) for alert in alerts]
    return [*found, *_cut(payload, received)]


def _event(alert: Mapping[str, Any], received: datetime) -> CheckEvent:
    labels = mapping(alert.get("labels") or {}, "labels")
    notes = mapping(alert.get("annotations") or {}, "annotations")
    resolved = alert.get("status") == "resolved"
    value = SEVERITIES.get(str(labels.get("severity") or "warning").lower())
    text = notes.get("summary") or notes.get("description") or labels.get("alertname") or "alert"
    return CheckEvent(
        _about(labels),
        Value.OK if resolved or value is None else value,
        text_of(f"{labels.get('alertname', 'alert')}: {text}"),
        # a firing alert is repeated with its first time, and clocks differ
        received,
        SOURCE,
        ttl=TTL,
        host=text_of(labels.get("instance"), 253),
        slot=_slot(alert, labels),
        note=value is None,
        forget=resolved,
    )


def _about(labels: Mapping[str, Any]) -> Reference:
    fields = [
        (name, text_of(labels[label], 253))
        for label, name in (("port_id", "port_id"), ("device", "device"), ("instance", "host"))
        if labels.get(label)
    ]
    return Reference(
        environment=text_of(labels.get("calipso_env"), 64),
        type=text_of(labels.get("calipso_type"), 64),
        id=text_of(labels.get("calipso_id"), 1024),
        link=text_of(labels.get("calipso_link"), 64),
        fields=tuple(fields),
    )


def _slot(alert: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    """The fingerprint of the alert, as a name; of one without a fingerprint, its labels."""
    given = str(alert.get("fingerprint") or "")
    if given.isalnum() and given.isascii() and len(given) <= 32:
        return given
    text = "\0".join(f"{key}={labels[key]}" for key in sorted(labels))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def _cut(payload: Mapping[str, Any], received: datetime) -> Iterator[CheckEvent]:
    number = payload.get("truncatedAlerts")
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        return
    labels = payload.get("commonLabels")
    labels = labels if isinstance(labels, Mapping) else {}
    text = f"Alertmanager has cut its list: {number} alerts are missing (max_alerts)"
    about = Reference(environment=text_of(labels.get("calipso_env"), 64))
    yield CheckEvent(about, Value.WARNING, text, received, SOURCE, note=True)
