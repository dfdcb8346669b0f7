"""Results of Nagios: lines of its command file, or what an event handler posts.

`[epoch] PROCESS_SERVICE_CHECK_RESULT;host;service;code;output`, or an object with `host`,
`service`, `code` or `state`, `output`, `time`, and the variables `calipso_env`, `calipso_type`,
`calipso_id`, `calipso_link` of the service (`$_SERVICECALIPSO_ID$`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from calipso.model.monitoring import Value
from monitoring.handlers.event import (
    BadPayload,
    CheckEvent,
    Reference,
    moment,
    text_of,
    value_of,
)

_LINE = re.compile(r"\[(\d{1,11})\] PROCESS_SERVICE_CHECK_RESULT;([^;]*);([^;]*);(\d);(.*)", re.S)
WORDS = {
    "OK": Value.OK,
    "UP": Value.OK,
    "WARNING": Value.WARNING,
    "CRITICAL": Value.ERROR,
    "DOWN": Value.ERROR,
}
#: Nagios checks every five minutes by default.
TTL = 900.0


def normalise(payload: Mapping[str, Any], received: datetime) -> list[CheckEvent]:
    """Return the event of a payload. Raises BadPayload."""
    line = payload.get("line")
    if isinstance(line, str):
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise BadPayload("line: expected [epoch] PROCESS_SERVICE_CHECK_RESULT;host;...")
        time, host, service, code, output = found.groups()
        payload = {"time": time, "host": host, "service": service, "code": code, "output": output}
    name = payload.get("service") or payload.get("host")
    if not name:
        raise BadPayload("service is missing")
    state = str(payload.get("state") or "").upper()
    value = WORDS.get(state, Value.UNKNOWN) if state else value_of(payload.get("code"))
    return [
        CheckEvent(
            Reference(
                environment=_variable(payload, "calipso_env", 64),
                type=_variable(payload, "calipso_type", 64),
                id=_variable(payload, "calipso_id", 1024),
                link=_variable(payload, "calipso_link", 64),
                name=text_of(name, 1024),
            ),
            value,
            text_of(payload.get("output")),
            moment(payload.get("time"), received),
            "nagios",
            ttl=TTL,
            host=text_of(payload.get("host"), 253),
            hard=str(payload.get("state_type") or "HARD").upper() != "SOFT",
        )
    ]


def _variable(payload: Mapping[str, Any], name: str, most: int) -> str:
    """A variable; a macro that Nagios did not know stays as it is written, and counts as none."""
    found = text_of(payload.get(name), most)
    return "" if found.startswith("$") else found
