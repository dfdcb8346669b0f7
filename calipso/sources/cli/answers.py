"""Answers of hosts for one scan: each host is asked once, by one worker, everything together."""

from __future__ import annotations

import logging
import math
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from calipso.errors import CliAccessError, ErrorKind
from calipso.limits import standstill
from calipso.model.drivers import DRIVERS, commands_of
from calipso.settings import settings
from calipso.sources.cli import bundle
from calipso.sources.cli.commands import COMMANDS, Answer, Command, as_command
from calipso.sources.cli.connections import HostConnections
from calipso.sources.cli.container import wrap
from calipso.sources.cli.problems import no_answer
from calipso.stores.scans.answers import AnswerStore, StoredAnswer
from calipso.utils.log import log_context

if TYPE_CHECKING:
    from calipso.sources.context import ScanContext

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Parsed answers kept to the end of the scan, those of the first hosts: each level of the scan
#: comes back to every host. A host has about twelve, 1 MB with 50 guests.
KEPT_PARSED = 1500
#: Parsed answers of the other hosts, kept while a host is worked on.
MOST_PARSED = 128


class _Host:
    """State of one host: nothing yet, its answers, or why it is skipped."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answers: dict[str, StoredAnswer] | None = None
        self.error: CliAccessError | None = None
        self.again = math.inf  # when a host that failed may be asked again
        self.told = False

    def known(self) -> bool:
        """True when it need not be asked now."""
        failed = self.error is not None and time.monotonic() < self.again
        return self.answers is not None or failed


class HostAnswers:
    """Shared by all CLI fetchers of a scan in one process."""

    def __init__(self, context: ScanContext) -> None:
        self._context = context
        self._config = settings()
        self._distribution = (
            context.environment.distribution,
            context.environment.distribution_version,
        )
        self.connections = HostConnections(
            context.environment,
            self._host_document,
            context.count,
            self._config,
            context.bounds,
        )
        self._given = [as_command(item) for item in context.cli_commands]
        self._store = AnswerStore(
            context.inv, context.environment.name, context.scan_id, self._config
        )
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}
        self._kept: dict[tuple[str, str, Any], Any] = {}
        self._parsed: OrderedDict[tuple[str, str, Any], Any] = OrderedDict()

    def get(self, host: str, command: Command) -> Answer:
        """The answer of a command. Raises CliAccessError when the host gave none at all."""
        state = self._state(host)
        self._ensure(host, state)
        if state.error is not None:
            raise self._skipped(host, state)
        answers = state.answers or {}
        if command.name not in answers:
            with state.lock:  # a plug-in's own command: one more round trip, kept like the rest
                if command.name not in answers:
                    answers |= self._ask(host, [command])
        stored = answers[command.name]
        return Answer(
            stored.exit,
            zlib.decompress(stored.out).decode(),
            zlib.decompress(stored.err).decode(),
            stored.lost,
        )

    def parsed(self, host: str, name: str, parser: Any, make: Callable[[], T]) -> T:
        """What `make` returned for this host, answer and parser; kept at least while it is in
        use."""
        key = (host, name, parser)
        if key in self._kept:  # nothing is ever taken out of it
            known: T = self._kept[key]
            return known
        with self._lock:
            if key in self._parsed:
                self._parsed.move_to_end(key)
                kept: T = self._parsed[key]
                return kept
        value = make()
        with self._lock:
            if len(self._kept) < KEPT_PARSED:
                self._kept[key] = value
                return value
            self._parsed[key] = value
            while len(self._parsed) > MOST_PARSED:
                self._parsed.popitem(last=False)
        return value

    def prefetch(self, hosts: Iterable[str]) -> None:
        """Ask several hosts at the same time. A failure is raised when its answer is needed."""
        todo = [host for host in dict.fromkeys(hosts) if not self._known(host)]
        if len(todo) < 2:
            return
        with ThreadPoolExecutor(self._config.hosts_at_once, thread_name_prefix="ssh") as pool:
            asked = [  # in the context of this thread, so that their log lines name the scan
                pool.submit(copy_context().run, self._ensure, host, self._state(host))
                for host in todo
            ]
            for future in asked:
                future.exception()

    def close(self) -> None:
        """End all connections."""
        self.connections.close()

    # -- one host ----------------------------------------------------------------------

    def _state(self, host: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(host, _Host())

    def _known(self, host: str) -> bool:
        return self._state(host).known()

    def _host_document(self, host: str) -> dict[str, Any]:
        found = self._context.inv.get_by_id(self._context.environment.name, host, "host")
        return found or {}

    def _ensure(self, host: str, state: _Host) -> None:
        """Ask the host, or use the answers that another worker has stored."""
        with state.lock, log_context(host=host):
            if state.known():
                return
            state.error, state.again, state.told = None, math.inf, False
            claimed = self._store.claim(host)
            if not claimed.mine:
                state.answers, state.error, state.told = claimed.answers, claimed.error, True
                self._record(host, state.answers or {}, self._given or COMMANDS)
                return
            with claimed:
                try:
                    state.answers = self._ask_steadily(host, self._commands_for(host))
                except CliAccessError as error:
                    state.error = error
                    if error.retryable:  # it says nothing about the host: others may try
                        state.again = time.monotonic() + self._config.slot_wait
                    else:
                        claimed.fail(error)
                else:
                    claimed.publish(state.answers)
            self.connections.release(host)

    def in_bundle(self, host: str, command: Command) -> bool:
        """True when the command goes to this host with all others: its drivers need it."""
        return command.name in {wanted.name for wanted in self._commands_for(host)}

    def _commands_for(self, host: str) -> list[Command]:
        """The commands for this host: those of a driver only if Neutron has its agent there.

        A host without known agents gets all commands.
        """
        agents = self._host_document(host).get("network_agents")
        if self._given or not agents:
            return self._given or list(COMMANDS)
        drivers = self._context.environment.mechanism_drivers
        others = {c for d in DRIVERS for c in d.commands} - commands_of(agents, drivers)
        return [command for command in COMMANDS if command.name not in others]

    def _ask_steadily(self, host: str, commands: list[Command]) -> dict[str, StoredAnswer]:
        """Ask once more if this process stood still: then the delay is not the host's fault."""
        began = standstill.begin()
        try:
            answers = self._ask(host, commands)
        except CliAccessError:
            if not standstill.stood_still(began):
                raise
        else:
            late = any(answer.lost == ErrorKind.TIMEOUT for answer in answers.values())
            if not (late and standstill.stood_still(began)):
                return answers
        log.warning("%s: this process stood still: the host is asked again", host)
        return self._ask(host, commands)

    def _ask(self, host: str, commands: list[Command]) -> dict[str, StoredAnswer]:
        connection, began = self.connections.get(host), time.monotonic()
        limit = max(1, int(self._config.command_timeout))
        script = bundle.compose(
            bundle.Question(f"q{number}", wrap(c.text, c.tool, *self._distribution), limit)
            for number, c in enumerate(commands)
        )
        line = script.command_line(sudo=self.connections.sudo_for(connection))
        said = connection.execute(line, self._config.host_timeout)
        self._context.count("ssh_round_trips")
        self._context.count("ssh_commands", len(commands))
        told: dict[str, Any] = {"bytes": len(said.out), "exit": said.status}
        told |= {"commands": len(commands), "seconds": round(time.monotonic() - began, 3)}
        log.debug("%s answered", host, extra=told)
        sections = bundle.parse_output(script, said.out, said.err)
        if not sections:
            raise no_answer(host, connection.account.user, said)
        lost = ErrorKind.TIMEOUT if said.timed_out else ErrorKind.TRUNCATED
        answers = {
            command.name: _stored(sections.get(question.name), lost)
            for command, question in zip(commands, script.questions, strict=True)
        }
        self._record(host, answers, commands)
        return answers

    def _skipped(self, host: str, state: _Host) -> CliAccessError:
        """Return the cause to the first caller; to the others, that the host is skipped."""
        with state.lock:
            first, state.told = not state.told, True
        error = state.error
        if error is None or first:
            return error or CliAccessError(host, kind=ErrorKind.BUG)
        return CliAccessError(
            f"{host}: skipped for the rest of this scan ({error.message})",
            kind=ErrorKind.SKIPPED_HOST,
            hint=error.hint,
            host=host,
        )

    def _record(
        self, host: str, answers: dict[str, StoredAnswer], commands: Iterable[Command]
    ) -> None:
        recorder = self._context.recorder
        if recorder is None:
            return
        texts = {command.name: command.text for command in commands}
        for name, answer in answers.items():
            out, err = zlib.decompress(answer.out).decode(), zlib.decompress(answer.err).decode()
            recorder.cli(host, name, texts.get(name, name), answer.exit, out, err)


def _stored(section: bundle.Section | None, lost: ErrorKind) -> StoredAnswer:
    if section is None:
        return StoredAnswer(None, zlib.compress(b""), zlib.compress(b""), str(lost))
    return StoredAnswer(
        section.exit,
        zlib.compress(section.out.encode(), 1),
        zlib.compress(section.err.encode(), 1),
        "" if section.exit is not None else str(lost),
    )
