"""Whose data directory is it, and which other stacks run on this machine?"""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from calipso.errors import ConfigError

SUPERVISOR = "calipso.cli.stack.supervisor"
HOME_FLAG = "--home"


def others(home: Path) -> list[tuple[int, str]]:
    """Process id and data directory of each supervisor that runs for another data directory."""
    return sorted(
        (pid, words[words.index(HOME_FLAG) + 1])
        for pid, words in _command_lines()
        if SUPERVISOR in words and HOME_FLAG in words[:-1]
        if words[words.index(HOME_FLAG) + 1] != str(home)
    )


def other_stacks(home: Path) -> list[str]:
    """A sentence for each other stack of this machine, so that nobody starts two by accident."""
    from calipso.cli.output import clean  # the supervisor imports this module and prints nothing

    return [
        f"another Calipso runs with the data directory {clean(where)} (pid {pid}); it has data, "
        f"users and ports of its own: `CALIPSO_HOME={clean(shlex.quote(where))} calipso status`"
        for pid, where in others(home)
    ]


def check_owner(home: Path, user: int | None = None) -> None:
    """Raises ConfigError for a data directory of another user.

    That holds for root, too: the owner could not read what root leaves there.
    """
    mine = os.geteuid() if user is None else user
    owner = home.stat().st_uid
    if owner != mine:
        raise ConfigError(
            f"the data directory {home} belongs to {_name(owner)}, and you are {_name(mine)}",
            hint=f"Run the command as {_name(owner)}, or set CALIPSO_HOME to a directory of yours.",
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            raw = process.joinpath("cmdline").read_bytes()
            yield int(process.name), raw.decode(errors="replace").split("\0")
