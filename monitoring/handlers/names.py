"""Names of checks: the names of the original, made of type and id, and read again.

`<type>_<id>`, `vnic_<vnic type>_<id>`, `otep_<id>_<port>`, `link_<link type>_<from>_<to>`. A
character that not every system takes is written with its number: `:` is `---..58..---`, `/` is
`---..47..---`. A name is made for people: the key that travels beside it wins.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from calipso.model.types import LINK_TYPES, OBJECT_TYPES

#: What Sensu Go, Icinga and Nagios all take.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]")
_CODED = re.compile(r"---\.\.(\d{1,7})\.\.---")
#: Names that are longer end in a hash.
LONGEST = 200


def encoded(text: str) -> str:
    """Return a text with the number of each special character in its place."""
    return "".join(c if _PLAIN.fullmatch(c) else f"---..{ord(c)}..---" for c in text)


def decoded(text: str) -> str:
    """Return the text that `encoded` made this of. A number that is no character stays."""
    return _CODED.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    number = int(found[1])
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else found[0]


def check_name(item: Mapping[str, Any]) -> str:
    """Return the name of the check of an object or link."""
    if item.get("link_type"):
        parts = ["link", item["link_type"], item["source_id"], item["target_id"]]
    elif item["type"] == "vnic" and item.get("vnic_type"):
        parts = ["vnic", item["vnic_type"], item["id"]]
    else:
        parts = [item["type"], item["id"]]
    name = "_".join(encoded(str(part)) for part in parts)
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: LONGEST - 11]}-{digest}"


def object_candidates(name: str) -> list[tuple[str, str]]:
    """Return what (type, id) a name may mean, the longest type first."""
    found = []
    for kind in _longest(OBJECT_TYPES):
        if not name.startswith(f"{kind}_"):
            continue
        rest = name[len(kind) + 1 :]
        found.append((kind, decoded(rest)))
        if kind == "vnic":
            sorts = ("instance_vnic_", "vservice_vnic_")
            found += [(kind, decoded(rest[len(s) :])) for s in sorts if rest.startswith(s)]
        if kind == "otep" and "_" in rest:
            found.append((kind, decoded(rest.rpartition("_")[0])))
    return list(dict.fromkeys(found))


def link_candidates(name: str) -> list[tuple[str, str, str]]:
    """Return what (link type, source id, target id) a name may mean: ids may hold `_`."""
    if not name.startswith("link_"):
        return []
    rest = name[len("link_") :]
    for kind in _longest(LINK_TYPES):
        if rest.startswith(f"{kind}_"):
            ends = rest[len(kind) + 1 :]
            cuts = [at for at, character in enumerate(ends) if character == "_"]
            return [(kind, decoded(ends[:at]), decoded(ends[at + 1 :])) for at in cuts[:50]]
    return []


def _longest(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))
