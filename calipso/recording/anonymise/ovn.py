"""Names in the databases of OVN: of hosts, networks, routers and ports, wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from calipso.model.ovn_tables import NB_TABLES
from calipso.recording.anonymise.names import NameMap

#: Key in a map, or column -> kind of the name under it.
NAMES = {
    "neutron:network_name": "net",
    "neutron:router_name": "router",
    "neutron:port_name": "port",
    "name2": "net",
}
HOSTS = frozenset({"hostname", "requested-chassis"})
#: What people wrote, or what only they need.
EMPTIED = frozenset({"domain_name", "neutron:availability_zone_hints", "neutron:description"})

_MADE = re.compile(r"(neutron-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OvnAnonymiser:
    """Replaces names; ids and addresses are left to `text`, as in every answer."""

    def __init__(self, names: NameMap, text: Callable[[str], str]) -> None:
        self._names, self._text = names, text

    def answer(self, output: str) -> str:
        """What a controller or a host printed: lines of JSON between others. Tables that Calipso
        does not read are left out: they may hold anything, such as names in DNS.
        """
        lines = []
        for line in output.splitlines():
            if line[:1] not in ("{", "["):
                lines.append(self._text(line))
                continue
            try:
                value = json.loads(line)
            except ValueError:
                continue  # an answer that broke off: nobody knows what it holds
            if isinstance(value, dict) and not _is_read(value):
                continue
            lines.append(json.dumps(self.value(_without_others(value)), separators=(",", ":")))
        return "\n".join(lines) + "\n"

    def value(self, value: Any, key: str = "") -> Any:
        """A value, in the notation of OVSDB or as it was read; `key` is what it stands under."""
        if isinstance(value, dict):
            if "headings" in value:
                return value | {"data": [self._row(value, row) for row in value["data"]]}
            return {name: self.value(item, str(name)) for name, item in value.items()}
        if isinstance(value, list):
            if len(value) == 2 and value[0] == "map" and isinstance(value[1], list):
                return ["map", [[self.value(k), self.value(v, str(k))] for k, v in value[1]]]
            return [self.value(item, key) for item in value]
        return self._named(key, value) if isinstance(value, str) else value

    def _row(self, table: dict[str, Any], row: list[Any]) -> list[Any]:
        return [
            self.value(cell, str(name)) for name, cell in zip(table["headings"], row, strict=False)
        ]

    def _named(self, key: str, value: str) -> str:
        if key in EMPTIED or not value:
            return ""
        if key in HOSTS:
            return ",".join(self._names.host(name) for name in value.split(","))
        if key in NAMES and not _MADE.fullmatch(value):
            return self._names.replace(NAMES[key], value)
        if key == "neutron:device_owner" and value.startswith("compute:"):
            return f"compute:{self._names.replace('zone', value.partition(':')[2])}"
        return self._text(value)


def _is_read(table: dict[str, Any]) -> bool:
    """True for a table that is read, and for one without a title, which a host printed."""
    title = str(table.get("caption", "")).removesuffix(" table")
    return title in ("", "Database") or title in NB_TABLES


def _without_others(value: Any) -> Any:
    """A table of the northbound database with the columns that are read."""
    title = str(value.get("caption", "")).removesuffix(" table") if isinstance(value, dict) else ""
    if title not in NB_TABLES:
        return value
    wanted = {"_uuid", *NB_TABLES[title]}
    places = [at for at, name in enumerate(value["headings"]) if name in wanted]
    return value | {
        "headings": [value["headings"][at] for at in places],
        "data": [[row[at] for at in places] for row in value["data"]],
    }
