"""The supervisor: starts the stores, then the workers, and starts a dead process again.

`calipso up` starts it detached: `python -m calipso.cli.stack.supervisor`. It ends on SIGTERM:
workers first, while their stores still answer, then the stores.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any

from calipso.cli.stack.api import api
from calipso.cli.stack.child import Child
from calipso.cli.stack.flower import flower
from calipso.cli.stack.leftovers import end_leftovers
from calipso.cli.stack.rundir import RunDir, write_json
from calipso.cli.stack.services import Store, child_environment, given_stores, stores, workers
from calipso.errors import CalipsoError
from calipso.settings import Settings, load_settings
from calipso.stores.migrations.migrator import Migrator
from calipso.stores.mongo.mongo_access import MongoAccess, close_clients
from calipso.utils.log import setup_logging

ALREADY_UP = 75  # EX_TEMPFAIL: another supervisor holds the lock
TICK = 0.1
DISK_LOOK_SECONDS = 10.0

log = logging.getLogger("calipso.stack")


class Supervisor:
    """Keeps the children of one data directory running until it gets a signal to stop."""

    def __init__(
        self,
        settings: Settings,
        run: RunDir,
        *,
        sources: int,
        with_workers: bool,
        with_flower: bool = False,
    ):
        self.settings = settings
        self.run_dir = run
        self.sources = sources
        self.with_workers = with_workers
        self.with_flower = with_flower
        self.environment = child_environment(settings, dict(os.environ))
        self.stores: list[Child] = []
        self.workers: list[Child] = []
        self.problem = ""
        self.stopping = False
        self._published: dict[str, str] | None = None
        self._written: dict[str, Any] = {}
        self._looked_at_disk = 0.0
        self._upgrade: threading.Thread | None = None
        self._refused = ""  # the reason why the database cannot be used
        self._started = datetime.now(UTC)

    def run(self) -> int:
        """Start everything and keep it running; returns the exit code."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        end_leftovers(self.run_dir)
        try:
            self._prepare()
        except CalipsoError as error:
            self.problem = error.message + (f" ({error.hint})" if error.hint else "")
            self._write_state("failed")
            return 1
        try:
            while not self.stopping:
                self._tick()
                time.sleep(TICK)
        finally:
            self._end()
        return 1 if self._refused else 0

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _prepare(self) -> None:
        for service in stores(self.settings, self.run_dir):
            if service.program and service.program.warning:
                service.notices.append(f"{service.program.warning}. {service.program.hint}")
            self.stores.append(Child(service, self.run_dir, self.environment))
        if self.with_workers:
            for worker in (*workers(self.settings, self.sources), api(self.settings, self.run_dir)):
                self.workers.append(Child(worker, self.run_dir, self.environment))
        if self.with_flower:
            dashboard = flower(self.settings, self.run_dir)
            self.workers.append(Child(dashboard, self.run_dir, self.environment))

    def _tick(self) -> None:
        for child in self.stores:
            child.look()
        self._publish()
        word = "starting"
        if self._published is not None:
            word = "up" if self._schema_fits() else "upgrading"
        if word == "up":
            for child in self.workers:
                child.look()
        self._look_at_disk()
        if self._refused:
            self.problem, self.stopping = self._refused, True
        self._write_state(word)

    def _schema_fits(self) -> bool:
        """Bring an embedded database to our schema once, before another program uses it.

        It runs in a thread, so that a long migration does not delay the restart of a dead store. It
        never upgrades a database with a given URL; `calipso up` has checked that one.
        """
        if self.settings.mongo_url or not self.with_workers:
            return True
        if self._upgrade is None:
            self._upgrade = threading.Thread(target=self._upgrade_schema, daemon=True)
            self._upgrade.start()
        return not self._upgrade.is_alive() and not self._refused

    def _upgrade_schema(self) -> None:
        try:
            Migrator(MongoAccess(self.settings).db).ready(upgrade=True)
        except Exception as error:
            log.exception("the database is not upgraded")
            hint = error.hint if isinstance(error, CalipsoError) else "The log says more."
            self._refused = f"{error} ({hint})"
        finally:
            close_clients()

    def _publish(self) -> None:
        """Write the addresses of the stores for other programs, once all of them answer.

        A store that comes back on another port: the workers hold its old address, so they
        are started again.
        """
        if not all(child.state == "up" for child in self.stores):
            return
        found = {
            child.service.key: child.service.address
            for child in self.stores
            if isinstance(child.service, Store)
        }
        if found == self._published:
            return
        try:
            write_json(self.run_dir.stores_file, dict(found))
        except OSError as error:
            log.warning("cannot write %s: %s", self.run_dir.stores_file, error)
            return
        if self._published is not None:
            log.warning("a store has a new address, the workers start again")
            for child in self.workers:
                child.ask_to_stop()
        self._published = found

    def _look_at_disk(self) -> None:
        if time.monotonic() - self._looked_at_disk < DISK_LOOK_SECONDS:
            return
        self._looked_at_disk = time.monotonic()
        problem = self.run_dir.disk_problem()
        if problem and problem != self.problem:
            log.error("%s", problem)
        self.problem = problem

    def _end(self) -> None:
        """Workers together, then stores together."""
        self._write_state("stopping")
        for group in (self.workers, self.stores):
            for child in reversed(group):
                child.ask_to_stop()
            for child in reversed(group):
                child.wait_for_end()
            self._write_state("stopping")
            if group is self.workers:
                self.run_dir.stores_file.unlink(missing_ok=True)
        self._write_state("stopped")

    def _write_state(self, word: str) -> None:
        children = [*self.stores, *self.workers]
        state = {
            "state": word,
            "pid": os.getpid(),
            "since": self._started.isoformat(),
            "with_workers": self.with_workers,
            "problem": self.problem,
            "given": given_stores(self.settings),
            "notices": [text for child in self.stores for text in child.notices()],
            "children": [child.as_document() for child in children],
        }
        if state == self._written:
            return
        try:
            write_json(self.run_dir.state_file, state)
        except OSError as error:  # a full disk must not end the supervisor
            log.warning("cannot write %s: %s", self.run_dir.state_file, error)
        else:
            self._written = state


def main() -> int:
    """Entry point of the detached process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", choices=["stores"])
    parser.add_argument("--flower", action="store_true")
    arguments = parser.parse_args()
    os.umask(0o077)
    settings = load_settings()
    setup_logging(config=settings)
    run = RunDir(settings.data_dir())
    held = run.lock()
    if held is None:
        return ALREADY_UP
    with held:
        supervisor = Supervisor(
            settings,
            run,
            sources=arguments.workers,
            with_workers=arguments.only != "stores",
            with_flower=arguments.flower,
        )
        return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
