"""Templates of configuration: those of the collection, otherwise those of this module.

A template has `side`, `type` (a file), `order`, `config`, and may have `condition`: environment
field -> accepted values. Those of one file are merged in ascending order. `{x}` in keys and values
is filled; what has no value stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from calipso.model.documents import Document

_PLACE = re.compile(r"\{(\w+)\}")

DEFAULTS: tuple[Document, ...] = (
    {
        "side": "server",
        "type": "handlers.json",
        "order": 1,
        "config": {
            "handlers": {
                "osdna-monitor": {
                    "type": "pipe",
                    "command": "calipso monitoring handle sensu-core --env {env_name}",
                    "timeout": 20,
                    "filters": ["state_change_only"],
                }
            }
        },
    },
    {
        "side": "server",
        "type": "filters.json",
        "order": 1,
        "config": {
            "filters": {
                "state_change_only": {
                    "negate": False,
                    "attributes": {
                        "occurrences": "eval: value == 1 || ':::action:::' == 'resolve'"
                    },
                }
            }
        },
    },
    {
        "side": "client",
        "type": "client.json",
        "order": 1,
        "config": {
            "client": {
                "name": "{client_name}",
                "address": "{client_ip}",
                "environment": "{env_name}",
                "subscriptions": [],
            }
        },
    },
    {
        "side": "client",
        "type": "rabbitmq.json",
        "order": 1,
        "config": {
            "rabbitmq": {
                "host": "{server_ip}",
                "port": "{rabbitmq_port}",
                "user": "{rabbitmq_user}",
                "vhost": "/sensu",
            }
        },
    },
    {
        "side": "client",
        "type": "transport.json",
        "order": 1,
        "config": {"transport": {"name": "rabbitmq", "reconnect_on_error": True}},
    },
)


def filled(
    templates: Iterable[Mapping[str, Any]], side: str, values: Mapping[str, Any]
) -> dict[str, Document]:
    """Return the configuration of each file of a side."""
    found: dict[str, Document] = {}
    mine = [one for one in templates if one.get("side") == side and _fits(one, values)]
    for one in sorted(mine, key=lambda item: (str(item["type"]), int(item.get("order") or 0))):
        if not str(one["type"]).startswith("client_check_"):  # checks come from the registry
            name = str(one["type"])
            found[name] = merge(found.get(name, {}), fill(one.get("config") or {}, values))
    return found


def _fits(template: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    for name, accepted in (template.get("condition") or {}).items():
        wanted = accepted if isinstance(accepted, list) else [accepted]
        have = values.get(name)
        if not set(have if isinstance(have, list) else [have]) & set(wanted):
            return False
    return True


def fill(value: Any, values: Mapping[str, Any]) -> Any:
    """Return a value with its places filled, also in keys. A text that is one place only gets the
    value as it is.
    """
    if isinstance(value, Mapping):
        return {str(fill(str(key), values)): fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), value)


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> Document:
    """Return two configurations as one: maps are merged, lists are joined, else the new wins."""
    found = dict(old)
    for key, value in new.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[key] = merge(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            found[key] = [*before, *(item for item in value if item not in before)]
        else:
            found[key] = value
    return found


def in_force(stored: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the templates to use: a stored file of a side replaces ours."""
    given = {(one.get("side"), one.get("type")) for one in stored}
    ours = [one for one in DEFAULTS if (one["side"], one["type"]) not in given]
    return [*ours, *stored]
