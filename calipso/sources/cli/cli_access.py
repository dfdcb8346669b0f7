"""CliAccess: base of the fetchers that ask hosts, and the `cli` source of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from calipso.errors import CalipsoError, ErrorKind, NotFound, ParseError
from calipso.hostparse.iplink import Devices, parse_devices
from calipso.hostparse.ovsdb import Bridge, parse_ovs
from calipso.hostparse.routes import Route
from calipso.model.hosts import is_proxy
from calipso.model.scan import Problem
from calipso.sources.cli.answers import HostAnswers
from calipso.sources.cli.commands import LINKS, OVS, Answer, Command, as_command
from calipso.sources.cli.problems import failed_command
from calipso.sources.cli.wiring import read_routes, read_wiring
from calipso.sources.fetcher import Fetcher, Outcome
from calipso.topology.wiring import Wiring
from calipso.utils.json_text import loads
from calipso.utils.log import log_context

T = TypeVar("T")


class CliAccess(Fetcher):
    """Asks hosts. A question is a command of `commands`, or any text (a round trip of its own)."""

    source_name: ClassVar[str] = "cli"
    batch_size: ClassVar[int | None] = 8

    def ask(self, command: Command | str, host: str) -> Answer:
        """The answer whatever its exit status. Raises CliAccessError when the host is silent."""
        return self._answers().get(host, as_command(command))

    def ask_named(self, name: str, text: str, tool: str, host: str) -> Answer:
        """The answer to a command of another source; `name` is its file name in recordings."""
        return self.ask(Command(name, text, tool), host)

    def run(self, command: Command | str, host: str) -> str:
        """What a command printed. Raises CliAccessError when it failed."""
        command = as_command(command)
        answer = self.ask(command, host)
        error = failed_command(host, command, answer)
        if error is not None:
            raise error
        return answer.out

    def run_json(self, command: Command | str, host: str) -> Any:
        """What a command printed, as JSON. Raises CliAccessError or ParseError."""
        text = self.run(command, host)
        try:
            return loads(text)
        except ValueError as error:
            name = as_command(command).name
            raise ParseError(f"{host}: {name}: not JSON ({error})", sample=text) from None

    def parsed(self, command: Command, host: str, parser: Callable[[str], T]) -> T:
        """`parser` applied to what a command printed; done once while the host is worked on."""

        def make() -> T:
            try:
                return parser(self.run(command, host))
            except ParseError as error:
                error.message = f"{host}: {error.message}"
                error.args = (error.message,)
                error.hint = error.hint or f"Run `{command.tool}` on {host} and look."
                raise

        return self._answers().parsed(host, command.name, parser, make)

    def devices(self, host: str) -> Devices:
        """The network devices of a host, by name. A device that cannot be read is reported."""
        found = self.parsed(LINKS, host, parse_devices)
        for broken in found.broken:
            hint = "The rest of the answer is used. Update iproute2 there, or remove the device."
            self.tell_once(host, f"{host}: {broken.why}", hint)
        return found

    def wiring(self, host: str, *, switch: bool = True) -> Wiring:
        """How the host is wired: one graph, made once while the host is worked on.

        `switch`: with Open vSwitch. Raises CliAccessError or ParseError when its devices cannot be
        read.
        """
        answers = self._answers()

        def make() -> Wiring:
            # a host whose drivers have no Open vSwitch is not asked for it: one round trip is
            # enough
            return read_wiring(self, host, switch=switch and answers.in_bundle(host, OVS))

        return answers.parsed(host, f"wiring:{switch}", Wiring, make)

    def routes(self, host: str) -> list[Route]:
        """Routes of the host's main table. Raises CliAccessError or ParseError."""
        return read_routes(self, host)

    def tell_once(
        self, host: str, message: str, hint: str, kind: str = ErrorKind.UNEXPECTED_OUTPUT
    ) -> None:
        """Report a part of a host that cannot be read, once per scan and process."""
        told: set[tuple[str, str]] = self.context.shared("cli:told", set)
        if (host, message) in told:
            return
        told.add((host, message))
        self.context.problem(
            Problem(
                kind=str(kind), message=message, hint=hint, source="cli", host=host, warning=True
            )
        )

    def bridges(self, host: str) -> dict[str, Bridge]:
        """The Open vSwitch bridges of a host, by name."""
        return self.parsed(OVS, host, parse_ovs)

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        """As the base class does, after all hosts concerned were asked at the same time.

        Lines that are logged in the block name the host. On a host that only stands for hypervisors
        elsewhere there is nothing to read, and it is not asked.
        """
        hosts: dict[str, str] = {}
        for parent_id in parent_ids:
            try:
                hosts[parent_id] = self.host_of(parent_id)
            except (CalipsoError, KeyError):
                continue  # raised again, and reported, when its turn comes
        proxies = {host for host in set(hosts.values()) if self._is_proxy(host)}
        self._answers().prefetch(host for host in hosts.values() if host not in proxies)
        for parent_id in parent_ids:
            if hosts.get(parent_id) in proxies:
                yield parent_id, []
                continue
            with log_context(host=hosts.get(parent_id, "")):
                found = list(super().get_many([parent_id]))
            yield from found

    def _is_proxy(self, host: str) -> bool:
        try:
            return is_proxy(self.context.host(host))
        except NotFound:
            return False

    def _answers(self) -> HostAnswers:
        return self.context.shared("cli:answers", lambda: HostAnswers(self.context))
