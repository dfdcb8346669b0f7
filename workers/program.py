"""Start a Celery worker or beat: `python -m workers.program worker -Q cli ...`.

It takes the options of `celery -A workers.app worker` and `... beat`. Celery's own program first
imports all of its commands and those of Flower, with a shell and its colours: a third of the time
that a worker takes to start.
"""

from __future__ import annotations

import sys

import click
from celery.bin.base import CLIContext
from celery.bin.beat import beat
from celery.bin.worker import worker

from workers.app import app

COMMANDS: dict[str, click.Command] = {"worker": worker, "beat": beat}


def main(arguments: list[str]) -> int:
    """Run the command that the first argument names, until it ends; returns its exit code."""
    kind, *options = arguments or [""]
    if kind not in COMMANDS:
        sys.stderr.write(f"error: {kind!r} is none of {', '.join(COMMANDS)}\n")
        return 2
    context = CLIContext(app=app, no_color=False, workdir=None, quiet=False)
    result: object = COMMANDS[kind].main(
        options,
        prog_name=f"celery {kind}",
        auto_envvar_prefix=f"CELERY_{kind.upper()}",  # as Celery's program names it
        obj=context,
        standalone_mode=True,
    )
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
