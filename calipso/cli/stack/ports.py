"""Which port a server listens on, and what to say when it is not the wanted one."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.cli.stack.programs import free_port
from calipso.cli.stack.rundir import RunDir, read_json, write_json


class Port:
    """The port of one server.

    The wanted port comes first. While another program holds it, the server uses the port that
    replaced it last time. A server that is started again within one stack keeps its port: its
    clients know it.
    """

    def __init__(self, run: RunDir, name: str, wanted: int, following: Iterable[int] = ()) -> None:
        self.run_dir = run
        self.name = name
        self.wanted = wanted
        self.following = list(following)
        self.number = 0

    def take(self) -> int:
        """Choose the port for a start, and remember it. Raises StoreError when none is free."""
        ports = read_json(self.run_dir.ports_file)
        last = int(ports.get(self.name, self.wanted))
        kept = [self.number] if self.number else []
        self.number = free_port([*kept, self.wanted, last, *self.following])
        write_json(self.run_dir.ports_file, ports | {self.name: self.number})
        return self.number

    def notice(self) -> str:
        """Return a message if the port is not the wanted one, otherwise an empty text."""
        if self.number in (0, self.wanted):
            return ""
        return (
            f"{self.name}: port {self.wanted} was taken by another program, so it listens on "
            f"{self.number}; a later `calipso up` takes {self.wanted} back when it is free"
        )
