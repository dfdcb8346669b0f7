"""The embedded MongoDB of a stack that is down, for one command."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from calipso.cli.output import say
from calipso.cli.stack.process import identify, spawn, stop
from calipso.cli.stack.programs import free_port, mongo_program
from calipso.cli.stack.rundir import RunDir, read_json
from calipso.cli.stack.store_passwords import (
    START_SECONDS,
    STOP_SECONDS,
    mongo_command,
    mongo_login,
)
from calipso.errors import ConfigError, StoreError
from calipso.settings import settings
from calipso.stores.mongo.mongo_access import close_clients
from calipso.stores.ping import ping_mongo
from calipso.utils.store_addresses import mongo_url


@contextmanager
def reachable_mongo() -> Iterator[None]:
    """MongoDB answers inside: the one that runs, otherwise the embedded one, only for this time.

    Raises ConfigError when there is none, and StoreError when it does not start.
    """
    config = settings()
    try:
        mongo_url(config)
    except ConfigError:
        run = RunDir(config.data_dir())
        if not (run.home / "mongo").is_dir():
            raise
    else:
        yield
        return
    held = run.lock()
    if held is None:
        raise StoreError("the stack is just starting", hint="Try again when `calipso up` is done.")
    with held, _running(run) as url:
        config.mongo_url = url
        try:
            yield
        finally:
            close_clients()
            config.mongo_url = None


@contextmanager
def _running(run: RunDir) -> Iterator[str]:
    program = mongo_program()
    written = read_json(run.home / "mongo.version").get("version")
    if written not in (None, program.version):
        raise StoreError(
            f"the data were written by version {written} of the embedded MongoDB, which "
            f"{program.version} cannot read",
            hint="`calipso up` sets them aside and begins with an empty store.",
        )
    say("starting the embedded MongoDB for this command")
    port = free_port()
    command = mongo_command(program, run.home, port)
    child = spawn(command, run.log_file("mongo"), environment=program.environment(os.environ))
    url, deadline = mongo_login(run.home, port), time.monotonic() + START_SECONDS
    try:
        while True:
            try:
                ping_mongo(url)
            except StoreError:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                break
        yield url
    finally:
        if identity := identify(child.pid):
            stop(identity, STOP_SECONDS)
        child.wait()
