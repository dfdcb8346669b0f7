"""Queues for the tasks of an environment, for workers that reach only a part of a cloud."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    create_model,
    field_validator,
    model_validator,
)

from calipso.model.sources import BY_NAME, GRAPH_QUEUES, asks_hosts

#: Queues for other work than reading a cloud: their workers have other pools and time limits.
OTHER_QUEUES = frozenset({"scan", "events", *GRAPH_QUEUES})

_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PATTERN = re.compile(r"[A-Za-z0-9_.*?\[\]!:-]{1,253}")


def _check_queue(value: str) -> str:
    if not _QUEUE.fullmatch(value):
        raise ValueError("expected 1-64 letters, digits, dots, dashes or underscores")
    if value in OTHER_QUEUES:
        raise ValueError(f"queue {value} is for other work; take another name, as cli-{value}")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class HostQueue(_Strict):
    """Hosts whose tasks have a queue of their own."""

    hosts: Annotated[list[str], Field(min_length=1)]
    queue: str

    @field_validator("hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("hosts")
    @classmethod
    def _patterns(cls, value: list[str]) -> list[str]:
        for pattern in value:
            if not _PATTERN.fullmatch(pattern):
                raise ValueError(f"{pattern[:60]!r}: expected a host name; *, ? and [...] match")
        return value

    @field_validator("queue")
    @classmethod
    def _queue(cls, value: str) -> str:
        return _check_queue(value)

    def matches(self, host: str) -> bool:
        """True when the pattern matches a host's name. Upper and lower case are equal."""
        return any(fnmatchcase(host.lower(), pattern.lower()) for pattern in self.hosts)


if TYPE_CHECKING:
    _OfSources = _Strict
else:
    #: A field for each source, with its usual queue as the default.
    _OfSources = create_model(
        "_OfSources",
        __base__=_Strict,
        **{name: (str, source.queue) for name, source in BY_NAME.items()},
    )


class Queues(_OfSources):
    """The queue of each source, and queues of certain hosts for `cli`. The first match counts."""

    hosts: list[HostQueue] = Field(default_factory=list)

    @field_validator(*BY_NAME)
    @classmethod
    def _queue(cls, value: str) -> str:
        return _check_queue(value)

    @model_validator(mode="after")
    def _reachable(self) -> Queues:
        seen: set[str] = set()
        for number, entry in enumerate(self.hosts):
            if "*" in seen:
                raise ValueError(f"hosts.{number} is never used: `*` before it matches every host")
            double = sorted(seen & set(entry.hosts))
            if double:
                raise ValueError(f"hosts.{number}: {double[0]} is matched by an entry before it")
            seen |= set(entry.hosts)
        return self

    def of(self, source: str, host: str = "") -> str:
        """Return the queue for tasks of a source; if the source asks hosts, the queue of
        this host.
        """
        if asks_hosts(source) and host:
            for entry in self.hosts:
                if entry.matches(host):
                    return entry.queue
        if source not in BY_NAME:
            return source
        named, declared = str(getattr(self, source)), BY_NAME[source]
        if declared.queue_of and named == declared.queue:
            return self.of(declared.queue_of)
        return named

    def all_of(self, source: str) -> list[str]:
        """Return every queue for tasks of a source."""
        more = [entry.queue for entry in self.hosts] if asks_hosts(source) else []
        return list(dict.fromkeys((self.of(source), *more)))

    def names(self) -> list[str]:
        """Return all queues that a scan of the inventory needs workers for."""
        return list(dict.fromkeys(queue for name in BY_NAME for queue in self.all_of(name)))
