"""Shared by the fetchers of one scan in one process: environment, inventory, connections."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from calipso.errors import ErrorKind, NotFound
from calipso.limits.calls import Bounds
from calipso.model.environment import Environment
from calipso.model.scan import Problem
from calipso.sources.registry import access_class
from calipso.stores.inventory.inventory_mgr import InventoryMgr

T = TypeVar("T")


def not_in_inventory(environment: str, what: str) -> NotFound:
    """The error for a parent or host that should be stored and is not."""
    return NotFound(
        f"{environment}: {what} is not in the inventory",
        hint=f"Scan the whole environment: calipso scan run {environment}",
        kind=ErrorKind.NOT_FOUND,
    )


@dataclass
class Tally:
    """Problems and requests of one task."""

    context: ScanContext
    problems: list[Problem] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)


#: Of the task this thread runs; threads that a task starts with its context count for it.
_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


class ScanContext:
    """One scan in one process. Thread safe; `close` ends its connections."""

    def __init__(
        self,
        environment: Environment,
        inv: InventoryMgr,
        scan_id: str,
        *,
        fetchers_package: str = "calipso.discover.fetchers",
        cli_commands: Iterable[Any] = (),
        bounds: Bounds | None = None,
    ) -> None:
        self.environment = environment
        self.inv = inv
        self.scan_id = scan_id
        self.fetchers_package = fetchers_package
        self.cli_commands = list(cli_commands)
        self.recorder: Any = None
        #: ends each call that leaves the process, and bounds the memory of its answers
        self.bounds = bounds or Bounds()
        self._apart = Tally(self)
        self._shared: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._key_locks: dict[str, threading.Lock] = {}
        self._parents = threading.local()
        self._hosts: dict[str, dict[str, Any]] = {}

    # -- what fetchers use -------------------------------------------------------------

    def shared(self, key: str, make: Callable[[], T]) -> T:
        """The one object of this key for the whole scan in this process, made at first use."""
        with self._lock:
            lock = self._key_locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._shared:
                self._shared[key] = make()
            made: T = self._shared[key]
            return made

    def source(self, name: str) -> Any:
        """The access object of a source: `api` -> ApiAccess, bound to this scan.

        A source that Calipso does not declare is looked for in the package of the fetchers.
        """

        def make() -> Any:
            access = access_class(name, self.fetchers_package)()
            access.bind(self)
            return access

        return self.shared(f"source:{name}", make)

    def count(self, what: str, number: int = 1) -> None:
        """Count requests: `api_calls`, `sql_queries`, `ssh_sessions`, `ssh_commands`, ..."""
        with self._lock:
            self._tally().counters[what] += number

    def problem(self, problem: Problem) -> None:
        """Report something that could not be read although the fetch goes on."""
        with self._lock:
            self._tally().problems.append(problem)

    def parent(self, parent_id: str) -> dict[str, Any] | None:
        """The parent object of the running task, or of the inventory."""
        loaded: dict[str, Any] = getattr(self._parents, "loaded", {})
        return loaded.get(parent_id) or self.inv.get_by_id(self.environment.name, parent_id)

    def host(self, name: str) -> dict[str, Any]:
        """The stored host object. Raises NotFound."""
        found = self._hosts.get(name) or self.inv.get_by_id(
            self.environment.name, name, object_type="host"
        )
        if found is None:
            raise not_in_inventory(self.environment.name, f"host {name}")
        self._hosts[name] = found
        return found

    # -- what the engine uses ----------------------------------------------------------

    def set_parents(self, parents: Iterable[dict[str, Any]]) -> None:
        """Preload the parents of the task that this thread runs."""
        self._parents.loaded = {parent["id"]: parent for parent in parents}

    def begin_task(self) -> None:
        """What this thread counts and reports from now on belongs to a new task."""
        _tally.set(Tally(self))
        self.bounds.begin_task()

    def drain(self) -> tuple[list[Problem], Counter[str]]:
        """Problems and counters of the task that this thread has run, or of no task."""
        self.bounds.end_task()
        with self._lock:
            found = self._tally()
            if found is self._apart:
                self._apart = Tally(self)
            else:
                _tally.set(None)
            return found.problems, found.counters

    @property
    def problems(self) -> list[Problem]:
        """What the task of this thread has reported so far."""
        return self._tally().problems

    @property
    def counters(self) -> Counter[str]:
        """What was counted so far for the task of this thread."""
        return self._tally().counters

    def _tally(self) -> Tally:
        found = _tally.get()
        return found if found is not None and found.context is self else self._apart

    def close(self) -> None:
        """End what still waits for an answer, and close everything shared that has a `close`."""
        self.bounds.end("the scan or test that asked has ended")
        with self._lock:
            items, self._shared = list(self._shared.values()), {}
        for item in items:
            close = getattr(item, "close", None)
            if callable(close):
                close()
