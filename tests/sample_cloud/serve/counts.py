"""What clients asked for: the counters the control address shows."""

from __future__ import annotations

import threading
from collections import Counter


class Counts:
    """Thread-safe counters of requests, queries, sessions and commands."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter()
        self._paths: Counter[str] = Counter()
        self._tables: Counter[str] = Counter()
        self._sessions: Counter[str] = Counter()
        self._commands: Counter[str] = Counter()

    def api_call(self, path: str) -> None:
        self._add("api_calls", self._paths, path)

    def sql_query(self, tables: str) -> None:
        self._add("sql_queries", self._tables, tables)

    def ssh_session(self, host: str) -> None:
        self._add("ssh_sessions", self._sessions, host)

    def ssh_exec(self) -> None:
        with self._lock:
            self._totals["ssh_execs"] += 1

    def ssh_command(self, host: str) -> None:
        self._add("ssh_commands", self._commands, host)

    def reset(self) -> None:
        """Start again from nothing."""
        with self._lock:
            for counter in self._all():
                counter.clear()

    def show(self) -> dict[str, object]:
        """Totals, and what they are made of."""
        with self._lock:
            names = ("api_calls", "sql_queries", "ssh_sessions", "ssh_execs", "ssh_commands")
            shown: dict[str, object] = {name: self._totals[name] for name in names}
            return shown | {
                "api_paths": dict(self._paths),
                "sql_tables": dict(self._tables),
                "sessions_per_host": dict(self._sessions),
                "commands_per_host": dict(self._commands),
            }

    def _add(self, total: str, counter: Counter[str], key: str) -> None:
        with self._lock:
            self._totals[total] += 1
            counter[key] += 1

    def _all(self) -> tuple[Counter[str], ...]:
        return (self._totals, self._paths, self._tables, self._sessions, self._commands)
