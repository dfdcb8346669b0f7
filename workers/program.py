"""Start a Celery worker, beat or Flower: `python -P -m workers.program worker -Q cli ...`.

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

import workers.app as app_module
from workers.app import app

COMMANDS: dict[str, click.Command] = {"worker": worker, "beat": beat}
FLOWER = "flower"


def main(arguments: list[str]) -> int:
    """Run the command that the first argument names, until it ends; returns its exit code."""
    kind, *options = arguments or [""]
    if kind == FLOWER:
        return _flower(options)
    if kind not in COMMANDS:
        sys.stderr.write(f"error: {kind!r} is not one of {', '.join((*COMMANDS, FLOWER))}\n")
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


def _flower(options: list[str]) -> int:
    """Flower needs all of Celery's program around it, which finds our app imported already."""
    from celery.bin.celery import celery

    words = ["-A", app_module.__name__, FLOWER, *options]
    result: object = celery.main(words, prog_name="celery", auto_envvar_prefix="CELERY")
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
