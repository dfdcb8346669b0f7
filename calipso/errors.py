"""Every exception Calipso raises.

    CalipsoError                 .hint: what to do next
    ├── ConfigError              a file or a setting is wrong
    │   ├── Conflict             what is stored already, or runs, forbids it
    │   ├── InstallationError    what is installed on this machine lacks something: a key file
    │   └── MetadataError        scanners.json, link_finders.json, clique_types.json, ...
    ├── AccessError              a source refused or did not answer      .retryable, .kind
    │   ├── ApiAccessError       status, URL, request id
    │   ├── DbAccessError        server, schema
    │   │   └── CellsAway        .rows: of the cells of Nova that can be read
    │   ├── CliAccessError       host, command, exit status
    │   ├── AciAccessError       url: what the APIC was asked
    │   ├── OvnAccessError       server: which database of OVN
    │   └── PartialAnswer        .found: the part that a source did give
    ├── ParseError               a source said something unexpected; first lines kept
    ├── NotFound                 no such object, environment, scan
    ├── Superseded               others have done by now what a worker was doing
    ├── StoreError               MongoDB or Redis is not there, or is full
    │   ├── NotQueued            .scan_id: recorded, and starts when the broker is back
    │   └── NoWorker             nobody would do what was asked for
    └── AuthError                who you are
        └── Forbidden            what you may not do

A message names what failed, on which thing; the hint says what to do. Neither holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    """The reason why a source gave no answer, as coverage reports name it.

    `reported` is no failure: the source answered, and says that something in the cloud is wrong.
    """

    LOGIN_FAILED = "login_failed"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    HOST_KEY = "host_key"
    SUDO = "sudo"
    COMMAND_NOT_FOUND = "command_not_found"
    COMMAND_FAILED = "command_failed"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    SERVER_ERROR = "server_error"
    TRUNCATED = "truncated"
    UNEXPECTED_OUTPUT = "unexpected_output"
    SCHEMA = "schema"
    SKIPPED_HOST = "skipped_host"
    WORKER_LOST = "worker_lost"
    UNSUPPORTED = "unsupported"
    REPORTED = "reported"
    BUG = "bug"


class CalipsoError(Exception):
    """Base of all our errors. `hint` is the remedy: the next step for a person."""

    def __init__(self, message: str, *, hint: str = "", kind: ErrorKind | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind or ErrorKind.BUG


class ConfigError(CalipsoError):
    """A file, a setting or an environment document is wrong."""


class Conflict(ConfigError):
    """Stored data or running work forbids the request."""


class InstallationError(ConfigError):
    """This machine lacks something, such as a key file or the address of a store."""


class MetadataError(ConfigError):
    """A metadata file is wrong; `problems` lists everything found in it."""

    def __init__(self, path: str, problems: list[str], *, hint: str = "") -> None:
        super().__init__("\n".join(problems) or f"{path}: not valid", hint=hint)
        self.path = path
        self.problems = problems


class AccessError(CalipsoError):
    """A source refused or did not answer."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        hint: str = "",
        retryable: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, kind=kind)
        self.retryable = retryable


class ApiAccessError(AccessError):
    """An OpenStack API refused or did not answer."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        hint: str = "",
        retryable: bool = False,
        status: int | None = None,
        url: str = "",
        request_id: str = "",
        once_more: bool = False,
    ) -> None:
        """`once_more`: worth a second attempt; `retryable`: worth several."""
        super().__init__(message, kind=kind, hint=hint, retryable=retryable)
        self.once_more = once_more
        self.status = status
        self.url = url
        self.request_id = request_id


class DbAccessError(AccessError):
    """A MySQL server refused, went away, or lacks a schema."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        hint: str = "",
        retryable: bool = False,
        server: str = "",
        schema: str = "",
    ) -> None:
        super().__init__(message, kind=kind, hint=hint, retryable=retryable)
        self.server = server
        self.schema = schema


class CellsAway(DbAccessError):
    """Some of Nova's cells cannot be read: `rows` are those of the others, `errors` say which."""

    def __init__(self, errors: Sequence[DbAccessError], rows: list[dict[str, Any]]) -> None:
        first = errors[0]
        super().__init__(
            "; ".join(error.message for error in errors),
            kind=first.kind,
            hint=first.hint,
            retryable=first.retryable,
            server=first.server,
            schema=first.schema,
        )
        self.errors = list(errors)
        self.rows = rows


class CliAccessError(AccessError):
    """A host could not be reached, or a command on it failed."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        hint: str = "",
        retryable: bool = False,
        host: str = "",
        command: str = "",
        exit_status: int | None = None,
    ) -> None:
        super().__init__(message, kind=kind, hint=hint, retryable=retryable)
        self.host = host
        self.command = command
        self.exit_status = exit_status


class AciAccessError(AccessError):
    """The APIC of a Cisco ACI fabric gave no answer that can be used."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        hint: str = "",
        retryable: bool = False,
        url: str = "",
    ) -> None:
        super().__init__(message, kind=kind, hint=hint, retryable=retryable)
        self.url = url


class OvnAccessError(AccessError):
    """No database server of OVN gave an answer that can be used."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        hint: str = "",
        retryable: bool = False,
        server: str = "",
    ) -> None:
        super().__init__(message, kind=kind, hint=hint, retryable=retryable)
        self.server = server


class PartialAnswer(AccessError):
    """A source gave a part only. `found` is stored; a missing object proves nothing.


    `unread` are the `_id`s of the objects that could not be read, where the fetcher knows them:
    these stay, the others are removed when they are not in `found`. Without it, all objects that
    the fetch found before stay. `warning`: the scan does not end with errors because of it.
    """

    def __init__(
        self,
        errors: Sequence[CalipsoError],
        found: list[dict[str, Any]],
        *,
        unread: Iterable[Any] | None = None,
        warning: bool = False,
    ) -> None:
        first = errors[0]
        message = "; ".join(error.message for error in errors)
        retryable = isinstance(first, AccessError) and first.retryable
        super().__init__(message, kind=first.kind, hint=first.hint, retryable=retryable)
        self.errors = list(errors)
        self.found = found
        self.unread = None if unread is None else list(unread)
        self.warning = warning


class ParseError(CalipsoError):
    """The output of a source has an unknown form. `sample` keeps its first lines."""

    def __init__(self, message: str, *, sample: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint, kind=ErrorKind.UNEXPECTED_OUTPUT)
        self.sample = "\n".join(sample.splitlines()[:5])[:500]


class NotFound(CalipsoError):
    """No such object, environment or scan."""


class Superseded(CalipsoError):
    """Raised in a worker that counts as lost: another worker took over its task or scan."""


class StoreError(CalipsoError):
    """MongoDB or Redis is not reachable, or refuses to write."""


class NotQueued(StoreError):
    """A scan is recorded, but the broker does not answer. The scan starts when it does."""

    def __init__(self, message: str, *, scan_id: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.scan_id = scan_id


class NoWorker(StoreError):
    """No worker serves the queue that the request needs."""


class AuthError(CalipsoError):
    """The caller is unknown: no token, a wrong token, or an expired one."""


class Forbidden(AuthError):
    """The caller is known and may not do this."""
