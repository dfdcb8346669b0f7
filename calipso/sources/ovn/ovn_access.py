"""OvnAccess: base of the fetchers that read OVN's databases, and the `ovn` source of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from calipso.errors import AccessError, ErrorKind, OvnAccessError, ParseError
from calipso.hostparse.ovn import DATABASES, Databases, parse_databases
from calipso.model.ovn_section import OvnSection
from calipso.model.ovn_tables import NORTHBOUND
from calipso.sources.fetcher import Fetcher
from calipso.sources.ovn.by_network import check_connected, read_by_network
from calipso.sources.ovn.script import HINT, NAME, databases

#: Asks a host: name, text and tool of a command, and the host; the answer has `exit`, `out`, `err`.
Ask = Callable[[str, str, str, str], Any]

#: Hosts that are tried where the section names none.
MOST_HOSTS = 5


class OvnAccess(Fetcher):
    """Reads both databases once a scan and process, by SSH on a controller or by TCP or SSL."""

    source_name: ClassVar[str] = "ovn"
    sources: ClassVar[tuple[str, ...]] = ("cli",)
    batch_size: ClassVar[int | None] = None

    def databases(self) -> Databases:
        """Both databases as this scan has read them. Raises OvnAccessError, the same one to each
        caller of a scan.
        """

        def make() -> Databases | OvnAccessError:
            try:
                return self.read(self._by_ssh, self._candidates())
            except OvnAccessError as error:
                return error

        found = self.context.shared("ovn:databases", make)
        if isinstance(found, OvnAccessError):
            raise found
        return found

    def read(self, ask: Ask, hosts: Iterable[str]) -> Databases:
        """Ask for both databases, as the environment says; `ask` and `hosts` are for SSH.

        Raises OvnAccessError.
        """
        section = ovn_section(self.context.environment.configuration)
        if section.by_network():
            found = read_by_network(section, self.context.count, self.context.bounds)
            self._record(found)
            return found
        return self._first_host(section, ask, section.hosts or list(hosts)[:MOST_HOSTS])

    # -- by SSH ------------------------------------------------------------------------

    def _first_host(self, section: OvnSection, ask: Ask, hosts: list[str]) -> Databases:
        errors: list[OvnAccessError] = []
        text, tool = databases(section)
        for host in hosts:
            self.context.count("ovn_requests")
            try:
                return self._of_host(ask, host, text, tool)
            except OvnAccessError as error:
                errors.append(error)
        if not errors:
            raise OvnAccessError(
                "OVN: no host is known whose databases could be asked",
                kind=ErrorKind.NOT_FOUND,
                hint=HINT,
            )
        first = errors[0]
        message = "OVN: " + "; ".join(error.message for error in errors)
        raise OvnAccessError(message, kind=first.kind, hint=first.hint, server=first.server)

    def _of_host(self, ask: Ask, host: str, text: str, tool: str) -> Databases:
        try:
            answer = ask(NAME, text, tool, host)
            if answer.exit != 0:
                raise _failed(host, answer)
            found = parse_databases(answer.out)
        except ParseError as error:
            raise _error(host, ErrorKind.UNEXPECTED_OUTPUT, error.message) from None
        except OvnAccessError:
            raise
        except AccessError as error:
            raise OvnAccessError(
                error.message, kind=error.kind, hint=error.hint, server=host
            ) from error
        for server, name in ((found.nb_server, "nb"), (found.sb_server, "sb")):
            try:
                check_connected(server, DATABASES[name])
            except OvnAccessError as error:
                error.server = host
                error.message = f"{host}: {error.message}"
                raise
        return found

    def _by_ssh(self, name: str, text: str, tool: str, host: str) -> Any:
        return self.source("cli").ask_named(name, text, tool, host)

    def _candidates(self) -> list[str]:
        """Hosts that may have the databases: controllers, then network nodes, by name."""
        hosts = self.inv.find(self.env, "host", ["id", "host_type"])
        return candidates({str(host["id"]): host for host in hosts})

    def _record(self, found: Databases) -> None:
        if self.context.recorder is not None:
            self.context.recorder.ovn(found)


def candidates(hosts: dict[str, dict[str, Any]]) -> list[str]:
    """Names of hosts that may have the databases: controllers first, then network nodes."""
    order = {"Controller": 0, "Network": 1}

    def rank(name: str) -> tuple[int, str]:
        kinds = hosts[name].get("host_type") or ()
        return min((order[kind] for kind in kinds if kind in order), default=9), name

    return [name for name in sorted(hosts, key=rank) if rank(name)[0] < 9]


def ovn_section(sections: Iterable[Any]) -> OvnSection:
    """The section of an environment, or one with the defaults."""
    return next((item for item in sections if isinstance(item, OvnSection)), OvnSection())


def _failed(host: str, answer: Any) -> OvnAccessError:
    said = next((line.strip() for line in answer.err.splitlines() if line.strip()), "")
    if answer.exit is None or answer.exit in (124, 137):
        return _error(host, ErrorKind.TIMEOUT, "the databases did not answer in the time allowed")
    if answer.exit in (126, 127):
        return _error(host, ErrorKind.COMMAND_NOT_FOUND, said or "ovsdb-client: not found")
    kind = ErrorKind.COMMAND_FAILED
    if "Permission denied" in said:
        kind = ErrorKind.FORBIDDEN
    elif "no socket" in said:
        kind = ErrorKind.NOT_FOUND
    what = said or f"{NORTHBOUND}: ovsdb-client exited with {answer.exit} and said nothing"
    return _error(host, kind, what[:300])


def _error(host: str, kind: ErrorKind, what: str) -> OvnAccessError:
    return OvnAccessError(f"{host}: {what}", kind=kind, hint=HINT, server=host)
