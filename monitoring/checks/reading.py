"""Reading facts on the host itself, for a check that runs as a program."""

import subprocess
from typing import Dict

try:
    from .commands import COMMANDS
    from .facts import Said
except ImportError:  # run as a program
    from commands import COMMANDS  # type: ignore[import-not-found,no-redef]
    from facts import Said  # type: ignore[import-not-found,no-redef]

#: Seconds that one command may take.
COMMAND_SECONDS = 30


def gather(sudo: bool = False) -> Dict[str, Said]:
    """Return the answers of this host to all commands."""
    return {name: _said(text, sudo) for name, (text, _) in COMMANDS.items()}


def _said(text: str, sudo: bool) -> Said:
    script = 'export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"\n' + text
    command = (["sudo", "-n"] if sudo else []) + ["sh", "-c", script]
    process = subprocess.Popen(  # noqa: S603 - texts of `commands`, without data in them
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    try:
        out, err = process.communicate(timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Said(None, "", "no answer in {} s".format(COMMAND_SECONDS))
    return Said(process.returncode, out, err)
