"""`calipso worker` and `calipso beat`: in the foreground, as systemd and containers start them."""

from __future__ import annotations

import os
import re
import sys
from enum import StrEnum
from typing import Annotated

import typer

from calipso.cli.stack.services import (
    GRAPH_QUEUES,
    beat_command,
    child_environment,
    worker_command,
)
from calipso.errors import CalipsoError
from calipso.model.queues import OTHER_QUEUES, Queues
from calipso.model.sources import QUEUES
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.utils.metadata_parser import nearest

COMPUTING = frozenset(GRAPH_QUEUES.split(","))


class Pool(StrEnum):
    """How a worker does several tasks at once."""

    THREADS = "threads"
    PREFORK = "prefork"


def worker(
    queues: Annotated[
        str,
        typer.Option("-Q", "--queues", metavar="QUEUE,...", help="Take tasks from these queues."),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "-n",
            "--name",
            help="Name of the worker on this machine. Default: `sources`, or `graph` if it "
            "computes. Two workers of one machine need two names.",
        ),
    ] = None,
    pool: Annotated[
        Pool | None,
        typer.Option(
            "--pool",
            help="threads for queues that wait (scan, api, db, cli, those of environments), "
            "prefork for queues that compute (links, cliques). Default: as the queues need.",
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "-c",
            "--concurrency",
            min=1,
            help="Tasks at once. Default: the setting `threads` or `processes`.",
        ),
    ] = None,
) -> None:
    """Run one worker in the foreground until SIGTERM. It then ends its running tasks.

    A scan needs a worker for each of the queues scan, api, db, cli, links and cliques.

    Example: calipso worker --queues scan,events,api,db,cli
    """
    words = [word.strip() for word in queues.split(",")]
    for word in words:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", word):
            raise typer.BadParameter(f"{word!r} is not the name of a queue", param_hint="--queues")
    _known_queues(words)
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        raise typer.BadParameter(f"{name!r} is not a valid name", param_hint="--name")
    config = settings()
    computes = set(words) <= COMPUTING
    chosen = pool or (Pool.PREFORK if computes else Pool.THREADS)
    size = concurrency or (config.processes if chosen is Pool.PREFORK else config.threads)
    called = name or ("graph" if computes else "sources")
    _become(worker_command(called, ",".join(words), chosen.value, size, config))


def _known_queues(words: list[str]) -> None:
    """Raises BadParameter for a queue to which no scan and no environment sends tasks.

    Without a store the queues of environments are unknown; then every name is accepted.
    """
    unknown = [word for word in words if word not in {*QUEUES, *OTHER_QUEUES}]
    if not unknown:
        return
    try:
        documents = EnvironmentStore().list()
    except CalipsoError:
        return
    known = {*QUEUES, *OTHER_QUEUES}
    for document in documents:
        known.update(Queues.model_validate(document.get("queues") or {}).names())
    for word in unknown:
        if word not in known:
            raise typer.BadParameter(
                f"no task goes to a queue {word}{nearest(word, known)}. There are: "
                f"{', '.join(sorted(known))}. A queue of an environment is a field of it: "
                "calipso env show ENV -c queues",
                param_hint="--queues",
            )


def beat() -> None:
    """Run beat in the foreground. It starts timed work: watchdog, schedules, housekeeping.

    One beat is enough for all workers; two do no harm.
    """
    _become(beat_command(settings()))


def _become(command: list[str]) -> None:
    """Replace this process by the program, so that signals reach it and systemd supervises it."""
    os.umask(0o077)
    environment = child_environment(settings(), dict(os.environ))
    sys.stdout.flush()
    os.execve(command[0], command, environment)  # noqa: S606 - made by us
