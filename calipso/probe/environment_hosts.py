"""The hosts of an environment test: connect, sudo, and what a scan asks of a host of its role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from calipso.errors import CliAccessError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.model.documents import Document
from calipso.model.drivers import commands_of
from calipso.model.environment import CliSection, Environment
from calipso.model.hosts import is_proxy
from calipso.probe.steps import Step, attempt
from calipso.settings import settings
from calipso.sources.cli import bundle, commands
from calipso.sources.cli.commands import Answer
from calipso.sources.cli.connections import HostConnections
from calipso.sources.cli.container import wrap
from calipso.sources.cli.problems import failed_command, no_answer
from calipso.sources.cli.ssh import SshConnection

Answers = dict[str, Answer]

#: Tools without which a scan of a host lacks only details.
OPTIONAL = {
    commands.LLDP.name: "switch ports",
    commands.NICS.name: "speed and driver of NICs",
}


class HostTest:
    """Tests gateway and hosts of one environment."""

    def __init__(
        self, environment: Environment, hosts: dict[str, Document], bounds: Bounds | None = None
    ) -> None:
        self.environment = environment
        self.section = environment.section(CliSection)
        self.hosts = hosts
        self.config = settings()
        self.connections = HostConnections(
            environment, lambda name: hosts.get(name, {}), bounds=bounds
        )

    def answer(self, name: str, command: commands.Command) -> Answer:
        """What a host says to one command. Raises CliAccessError."""
        return self._ask(name, self.connections.get(name), [command])[command.name]

    def close(self) -> None:
        """End all connections."""
        self.connections.close()

    def steps(self) -> Iterator[Step]:
        """The gateway, then each host when it is done; one bad host does not delay the others."""
        if not self.section.direct:
            name = f"SSH gateway {self.section.host}"
            gateway = attempt(name, self.connections.gateway, _logged_in).step
            yield gateway
            if not gateway.ok:
                return
        with ThreadPoolExecutor(self.config.hosts_at_once, thread_name_prefix="test") as pool:
            futures = {pool.submit(self._host_steps, name): name for name in sorted(self.hosts)}
            for future in as_completed(futures):
                error = future.exception()
                if error is None:
                    yield from future.result()
                else:
                    message = f"unexpected {type(error).__name__}: {error}"
                    hint = "This is a defect of calipso."
                    yield Step(f"{futures[future]}: SSH", ok=False, message=message, hint=hint)

    def _host_steps(self, name: str) -> list[Step]:
        if is_proxy(self.hosts[name]):
            kinds = ", ".join(self.hosts[name]["host_type"])
            message = f"{kinds}: stands for hypervisors elsewhere; a scan does not log in to it"
            return [Step(f"{name}: SSH", ok=True, message=message)]
        tried = attempt(f"{name}: SSH", lambda: self.connections.get(name), self._connected(name))
        if tried.result is None:
            return [tried.step]
        connection, wanted = tried.result, self._wanted(self.hosts[name])
        asked = attempt(
            f"{name}: {self._sudo_word(connection)}",
            lambda: self._ask(name, connection, wanted),
            lambda _: "commands run",
        )
        if asked.result is None:
            return [tried.step, asked.step]
        return [tried.step, asked.step, _tools(name, wanted, asked.result)]

    def _connected(self, name: str) -> Callable[[SshConnection], str]:
        roles = ", ".join(self.hosts[name].get("host_type") or ["of unknown role"])
        return lambda connection: f"{_logged_in(connection)}; {roles}"

    def _sudo_word(self, connection: SshConnection) -> str:
        if connection.account.user == "root":
            return "shell as root"
        return "sudo" if self.connections.sudo_for(connection) else "shell without sudo"

    def _wanted(self, host: Document) -> list[commands.Command]:
        """What a scan asks of a host of this role; all hosts are asked everything optional."""
        roles, agents = host.get("host_type") or [], host.get("network_agents") or {}
        wanted = [commands.OS_RELEASE, commands.LINKS, commands.NICS, commands.LLDP]
        if "Network" in roles or agents:
            wanted.append(commands.NAMESPACE_LINKS)
        if "Compute" in roles:
            wanted.append(commands.DOMAINS)
        drivers = commands_of(agents, self.environment.mechanism_drivers)
        return wanted + [commands.BY_NAME[name] for name in sorted(drivers)]

    def _ask(self, name: str, connection: SshConnection, wanted: list[commands.Command]) -> Answers:
        """Ask as a scan does. Raises CliAccessError when no command could be run at all."""
        place = (self.environment.distribution, self.environment.distribution_version)
        limit = max(1, int(self.config.command_timeout))
        script = bundle.compose(
            bundle.Question(command.name, wrap(command.text, command.tool, *place), limit)
            for command in wanted
        )
        line = script.command_line(sudo=self.connections.sudo_for(connection))
        said = connection.execute(line, self.config.host_timeout)
        sections = bundle.parse_output(script, said.out, said.err)
        if not sections:
            raise no_answer(name, connection.account.user, said)
        lost = ErrorKind.TIMEOUT if said.timed_out else ErrorKind.TRUNCATED
        answers = {}
        for command in wanted:
            found = sections.get(command.name) or bundle.Section(None, "", "")
            broken = "" if found.exit is not None else str(lost)
            answers[command.name] = Answer(found.exit, found.out, found.err, broken)
        return answers


def _tools(name: str, wanted: list[commands.Command], answers: Answers) -> Step:
    """How the commands went; their time is that of the step before, which ran them all."""
    good, notes, errors = [], [], list[CliAccessError]()
    for command in wanted:
        answer = answers[command.name]
        error = failed_command(name, command, answer)
        if command.name in OPTIONAL and (error or "not found" in answer.err):
            notes.append(f"no {command.tool}: {OPTIONAL[command.name]} stay unknown")
        elif error:
            errors.append(error)
        else:
            good.append(command.tool)
    if errors:
        message = "; ".join(error.message.removeprefix(f"{name}: ") for error in errors)
        hint = " ".join(dict.fromkeys(error.hint for error in errors if error.hint))
        return Step(f"{name}: tools", ok=False, message=message, hint=hint)
    message = "; ".join([", ".join(dict.fromkeys(good)), *notes])
    return Step(f"{name}: tools", ok=True, message=message)


def _logged_in(connection: SshConnection) -> str:
    return f"logged in as {connection.account!r}"
