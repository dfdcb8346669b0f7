"""AuditStore: the collection `audit`: who changed what, and when.

It has names of values, no values.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from calipso.stores.store import Store


@dataclass(frozen=True)
class Entry:
    """A change, or a change that was refused."""

    user: str  # user of Calipso; user of the machine when `source` is cli
    operation: str  # "PATCH /users/<name>", "user passwd"
    target: str = ""  # the changed object: the values of the path, or the argument
    environment: str = ""
    fields: list[str] = field(default_factory=list)  # names of the given values
    status: int = 200  # status code of HTTP; 200 for a command
    source: str = "api"  # api, cli
    method: str = ""  # how the user logged in: credentials, token, service, basic
    token: str = ""  # key of the token, never the token
    address: str = ""
    request_id: str = ""


class AuditStore(Store):
    """Adds entries. Nothing changes an entry; retention removes old ones."""

    NAME = "audit"

    def add(self, entry: Entry) -> None:
        """Store an entry with the present time."""
        self.ensure_indexes()
        self.collection.insert_one(asdict(entry) | {"time": datetime.now(UTC)})

    def add_command(
        self, operation: str, target: str, fields: Iterable[str] = (), *, environment: str = ""
    ) -> None:
        """Store a change by the command line, with the user of the machine."""
        self.add(Entry(who(), operation, target, environment, [*fields], source="cli"))


def who() -> str:
    """Return the user from the system, not from variables such as USER, which anybody may set."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # the user of a container may have no name
        return f"uid {number}"
