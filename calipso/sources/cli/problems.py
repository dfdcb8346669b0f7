"""Errors of hosts and commands without an answer: kind, message and remedy."""

from __future__ import annotations

import re

from calipso.errors import CliAccessError, ErrorKind
from calipso.sources.cli.bundle import TIMED_OUT
from calipso.sources.cli.commands import Answer, Command
from calipso.sources.cli.ssh import Executed

#: Shells, `timeout` and container engines say this of a program that is not there.
_NOT_FOUND = (126, 127)

#: A line of sudo itself; a path may end with the same letters, as in `nosudo: Permission denied`.
_OF_SUDO = re.compile(r"(?:^|\s)sudo:")


def no_answer(host: str, user: str, said: Executed) -> CliAccessError:
    """The script never began: sudo, the login shell or the connection kept it from running."""
    words = _first_line(said.err) or _first_line(said.out)
    refusal = next((line.strip() for line in said.err.splitlines() if _OF_SUDO.search(line)), "")
    if refusal:
        return CliAccessError(
            f"{host}: {refusal[:200]}",
            kind=ErrorKind.SUDO,
            hint=f"Let {user} run `sudo -n sh` there without a password, or log in as root.",
            host=host,
        )
    if said.timed_out:
        return CliAccessError(
            f"{host}: logged in, but the shell did not start in the time allowed",
            kind=ErrorKind.TIMEOUT,
            hint=f"Log in as {user}: does the login shell wait for something?",
            host=host,
        )
    kind = ErrorKind.TRUNCATED if said.status is None else ErrorKind.COMMAND_FAILED
    return CliAccessError(
        f"{host}: no command could be run: {words or 'the connection closed'}",
        kind=kind,
        hint=f"Can {user} run `sh -c true` there by SSH?",
        host=host,
        exit_status=said.status,
    )


def no_session(host: str, why: str, seconds: float) -> CliAccessError:
    """The error for a reached limit: no SSH session came free in the time allowed."""
    return CliAccessError(
        f"{host}: no SSH session came free within {seconds:g} s: {why}",
        kind=ErrorKind.TIMEOUT,
        hint="CALIPSO_SSH_HOST_SESSIONS and CALIPSO_SSH_GATEWAY_SESSIONS limit them over all "
        "workers, CALIPSO_SLOT_WAIT is the patience. Does the host answer slowly?",
        retryable=True,
        host=host,
    )


def failed_command(host: str, command: Command, answer: Answer) -> CliAccessError | None:
    """The error of a failed command; None for a good answer. The exit status decides."""
    if answer.exit == 0:
        return None
    kind, what, hint = _kind(command, answer)
    return CliAccessError(
        f"{host}: {command.name}: {what}",
        kind=kind,
        hint=hint,
        host=host,
        command=command.text,
        exit_status=answer.exit,
    )


def _kind(command: Command, answer: Answer) -> tuple[ErrorKind, str, str]:
    tool = command.tool or "the command"
    words = _first_line(answer.err) or _first_line(answer.out)
    if answer.exit in TIMED_OUT or answer.lost == ErrorKind.TIMEOUT:
        hint = f"Does `{tool}` answer there? CALIPSO_COMMAND_TIMEOUT allows more."
        return ErrorKind.TIMEOUT, f"{tool} did not answer in the time allowed", hint
    if answer.exit is None:
        hint = "Scan again; when it stays, look at the host's sshd log."
        return ErrorKind.TRUNCATED, "the answer broke off", hint
    if answer.exit in _NOT_FOUND:
        what = f"{tool} exited with {answer.exit}: {words or 'not found'}"
        return ErrorKind.COMMAND_NOT_FOUND, what, command.hint or f"Install {tool} there."
    what = f"{tool} exited with {answer.exit}: {words or 'nothing said'}"
    return ErrorKind.COMMAND_FAILED, what, command.hint


def _first_line(text: str) -> str:
    return next((line.strip()[:200] for line in text.splitlines() if line.strip()), "")
