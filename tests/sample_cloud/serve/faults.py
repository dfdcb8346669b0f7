"""Faults on request: what the sample cloud does wrong, and to whom.

A fault is written `kind:target`, `kind:target=value` or with `#times` at the end, which makes it
happen that many times and then go away: `http-500:/network/v2.0/ports#2`. Targets of HTTP
faults are prefixes of a path, of host faults names of hosts, of command faults
`command` or `command@host`. `*` is every target.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

#: kind -> what it does (also the text of `--help` and of the documentation).
KINDS = {
    "http-500": "a path answers 500",
    "http-503": "a path answers 503",
    "http-401": "a path answers 401, as if the token were no longer valid",
    "http-hang": "a path is accepted and never answered",
    "http-slow": "a path answers after =SECONDS",
    "http-truncate": "a path's answer breaks off: the connection ends in the middle of the body",
    "http-garbage": "a path's answer is complete HTTP, but its JSON is cut short",
    "http-drop": "a path's connection ends without an answer, as when the service restarts",
    "http-twice": "a path's lists hold each item twice, as when it moves from page to page",
    "wrong-password": "api, db or ssh refuse the right password",
    "mysql-drop": "the database ends the connection at a query of a table",
    "mysql-slow": "a query of a table is answered after =SECONDS",
    "mysql-twice": "a query of a table gives each row twice",
    "dead-host": "connections to a host are refused",
    "blackhole-host": "connections to a host are not answered at all",
    "hanging-host": "a host accepts connections and never says a word",
    "hanging-command": "a command never ends",
    "slow-command": "a command ends after =SECONDS",
    "garbage-command": "a command prints bytes that mean nothing",
    "truncated-command": "a command's output ends in the middle, with exit status 0",
    "doubled-command": "a command's output comes twice, with exit status 0",
    "failing-command": "a command ends with exit status =STATUS (1)",
    "missing-tool": "a program is not installed (tool or tool@host)",
    "sudo-password": "sudo on a host asks for a password",
    "closed-channel": "a host closes the channel in the middle of its output",
    "device-down": "monitoring sees a device down (device@host)",
    "device-gone": "monitoring does not see a device (device@host)",
    "no-process": "monitoring does not see a program run (program@host)",
    "domain-stopped": "monitoring sees a domain that does not run (UUID or UUID@host)",
    "no-ping": "a peer of a tunnel does not answer a host (address@host)",
    "noisy-stderr": "a host prints a banner to stderr before each answer",
}


@dataclass
class Fault:
    """One fault; `times` counts down, None is for ever."""

    kind: str
    target: str
    value: str = ""
    times: int | None = None

    def text(self) -> str:
        times = "" if self.times is None else f"#{self.times}"
        return f"{self.kind}:{self.target}{'=' if self.value else ''}{self.value}{times}"


def parse_fault(text: str) -> Fault:
    """A fault from its text. Raises ValueError."""
    kind, found, target = text.partition(":")
    if kind not in KINDS or not found or not target:
        raise ValueError(f"fault {text!r}: expected kind:target, kind one of {', '.join(KINDS)}")
    target, _, times = target.partition("#")
    target, _, value = target.partition("=")
    if times and not times.isdigit():
        raise ValueError(f"fault {text!r}: expected a number after #")
    return Fault(kind, target, value, int(times) if times else None)


class Faults:
    """The faults in force. Thread safe; may change at any time."""

    def __init__(self, texts: list[str] | None = None) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = [parse_fault(text) for text in texts or []]
        #: How often each fault met somebody, by `kind:target`.
        self.struck: Counter[str] = Counter()

    def add(self, text: str) -> None:
        fault = parse_fault(text)
        with self._lock:
            self._faults.append(fault)

    def clear(self, text: str = "*") -> None:
        """Remove one fault, all of a kind, or all."""
        with self._lock:
            self._faults = [
                fault
                for fault in self._faults
                if text not in ("*", fault.kind, fault.text(), f"{fault.kind}:{fault.target}")
            ]

    def show(self) -> list[str]:
        with self._lock:
            return [fault.text() for fault in self._faults]

    def at_path(self, kind: str, path: str) -> Fault | None:
        """A fault of this kind whose target begins the path."""
        return self._take(kind, lambda target: path.startswith(target))

    def at(self, kind: str, *names: str) -> Fault | None:
        """A fault of this kind whose target is one of the names."""
        return self._take(kind, lambda target: target in names)

    def at_command(self, kind: str, host: str, *names: str) -> Fault | None:
        """A fault of this kind on a command (or tool) of a host."""
        targets = {name for each in names for name in (each, f"{each}@{host}")} | {f"*@{host}"}
        return self._take(kind, lambda target: target in targets)

    def _take(self, kind: str, matches: Callable[[str], bool]) -> Fault | None:
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.kind != kind or not (fault.target == "*" or matches(fault.target)):
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                self.struck[f"{fault.kind}:{fault.target}"] += 1
                return fault
        return None


def seconds(fault: Fault) -> float:
    """The value of a fault as seconds; 5 when it has none."""
    try:
        return float(fault.value or 5)
    except ValueError:
        return 5.0
