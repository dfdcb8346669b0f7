"""AuditStore: the collection `audit`, who changed what and when. No values, only their names."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from calipso.stores.store import Store


@dataclass(frozen=True)
class Entry:
    """One change, or one that was refused."""

    user: str  # of Calipso; of the machine when `source` is cli
    operation: str  # "PATCH /users/<name>", "user passwd"
    target: str = ""  # on which thing: the values of the path, or the argument
    environment: str = ""
    fields: list[str] = field(default_factory=list)  # what was given, by name
    status: int = 200  # as HTTP says it; of a command 200
    source: str = "api"  # api, cli
    method: str = ""  # how the user logged in: credentials, token, service, basic
    token: str = ""  # key of the token, never the token
    address: str = ""
    request_id: str = ""


class AuditStore(Store):
    """Adds entries; nothing changes them, age removes them."""

    NAME = "audit"

    def add(self, entry: Entry) -> None:
        """Store an entry, at this moment."""
        self.ensure_indexes()
        self.collection.insert_one(asdict(entry) | {"time": datetime.now(UTC)})

    def add_command(
        self, operation: str, target: str, fields: Iterable[str] = (), *, environment: str = ""
    ) -> None:
        """A change by the command line: the user is that of the machine."""
        self.add(Entry(_who(), operation, target, environment, [*fields], source="cli"))


def _who() -> str:
    """Read from the system, not from variables such as USER, which anybody may set."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container's user without a name
        return f"uid {number}"
