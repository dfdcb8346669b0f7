"""Names under other names: projects, users, instances, hosts, switches, ..."""

from __future__ import annotations

import re
from collections import Counter

#: Names every OpenStack has; they reveal nothing, and some are compared with.
USUAL = frozenset(
    {"", "admin", "service", "demo", "default", "Default", "internal", "nova", "neutron", "none"}
    | {"glance", "cinder", "keystone", "placement", "heat", "swift", "RegionOne", "localhost"}
    | {"member", "reader", "novav3", "compute", "network", "identity", "image", "-", "invisible"}
)


class NameMap:
    """Invented names by kind: `host-1`, `instance-7`. A name keeps its first replacement."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}
        self._count: Counter[str] = Counter()

    def replace(self, kind: str, name: str) -> str:
        """The replacement of a name, invented at first sight."""
        if name in USUAL:
            return name
        if name not in self._new:
            self._count[kind] += 1
            self._new[name] = f"{kind}-{self._count[kind]}"
        return self._new[name]

    def host(self, name: str, role: str = "host") -> str:
        """The replacement of a host's name; short and full name get the same stem."""
        first, dot, domain = name.partition(".")
        if first == "localhost" or not first:
            return name
        if first not in self._new:
            self._count[role] += 1
            self._new[first] = f"{role}-{self._count[role]}"
        return self._new[first] + (".example.com" if dot and domain else "")

    def known(self, name: str) -> str | None:
        """The replacement of a name that was replaced before."""
        return self._new.get(name)

    def names(self) -> list[str]:
        """All names replaced so far."""
        return list(self._new)

    def within(self, text: str, names: list[str]) -> str:
        """The text with these names replaced where they stand as whole words."""
        if not names:
            return text
        longest_first = sorted(names, key=len, reverse=True)
        pattern = "|".join(re.escape(name) for name in longest_first)
        rule = re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])")
        return rule.sub(lambda found: self._new[found[0]], text)
