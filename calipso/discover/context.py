"""What the fetchers of one scan share in one process: environment, inventory, connections."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from calipso.errors import ErrorKind, NotFound
from calipso.model.environment import Environment
from calipso.model.scan import Problem
from calipso.utils.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import load_class

T = TypeVar("T")


def not_in_inventory(environment: str, what: str) -> NotFound:
    """The error for a parent or host that should be stored and is not."""
    return NotFound(
        f"{environment}: {what} is not in the inventory",
        hint=f"Scan the whole environment: calipso scan run {environment}",
        kind=ErrorKind.NOT_FOUND,
    )


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
    ) -> None:
        self.environment = environment
        self.inv = inv
        self.scan_id = scan_id
        self.fetchers_package = fetchers_package
        self.cli_commands = list(cli_commands)
        self.counters: Counter[str] = Counter()
        self.recorder: Any = None
        self._problems: list[Problem] = []
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
        """The access object of a source: `api` -> ApiAccess, bound to this scan."""

        def make() -> Any:
            access = load_class(f"{name.capitalize()}Access", self.fetchers_package)()
            access.bind(self)
            return access

        return self.shared(f"source:{name}", make)

    def count(self, what: str, number: int = 1) -> None:
        """Count requests: `api_calls`, `sql_queries`, `ssh_sessions`, `ssh_commands`, ..."""
        with self._lock:
            self.counters[what] += number

    def problem(self, problem: Problem) -> None:
        """Tell about something that could not be read although the fetch goes on."""
        with self._lock:
            self._problems.append(problem)

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

    def drain(self) -> tuple[list[Problem], Counter[str]]:
        """Problems and counters since the last call."""
        with self._lock:
            problems, counters = self._problems, self.counters
            self._problems, self.counters = [], Counter()
            return problems, counters

    def close(self) -> None:
        """Close everything shared that has a `close`."""
        with self._lock:
            items, self._shared = list(self._shared.values()), {}
        for item in items:
            close = getattr(item, "close", None)
            if callable(close):
                close()
