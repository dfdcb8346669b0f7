"""Stores with fixed ports, workers and beat: supervised, and killed on request."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from calipso.cli.stack.embedded import mongo_address, redis_address
from calipso.cli.stack.process import identify, kill_group_of, spawn, stop
from calipso.cli.stack.programs import free_port, mongo_program, redis_program
from calipso.errors import StoreError
from calipso.stores.ping import ping_mongo, ping_redis
from tests.faults.rabbit import Rabbit

ROOT = Path(__file__).resolve().parents[2]

#: Seconds to start again what died.
PAUSE = 0.3

#: Short times, so that a campaign is: each is a setting with a longer default.
TIMES = {
    "CALIPSO_WORKER_LOST_AFTER": "6",
    "CALIPSO_WATCHDOG_INTERVAL": "3",
    "CALIPSO_SSH_CONNECT_TIMEOUT": "3",
    "CALIPSO_COMMAND_TIMEOUT": "3",
    "CALIPSO_API_TIMEOUT": "4",
    "CALIPSO_DB_TIMEOUT": "4",
    "CALIPSO_HOST_TIMEOUT": "12",
}


class Child:
    """A process that is started again whenever it died, until it is let go."""

    def __init__(self, name: str, command: list[str], log: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.env = env
        self.deaths = 0
        self._kept = True
        self._begin()
        self._keeper = threading.Thread(target=self._keep, name=f"keep {name}", daemon=True)
        self._keeper.start()

    @property
    def pid(self) -> int:
        """The process of the moment."""
        return self.process.pid

    def kill(self) -> None:
        """kill -9 of the process and all it started."""
        kill_group_of(self.pid)

    def pause(self, seconds: float) -> None:
        """Let the process and all it started stand still."""
        pid = self.pid
        try:
            os.killpg(pid, signal.SIGSTOP)
            time.sleep(seconds)
        finally:
            if pid == self.pid:  # not one that took the number of a dead one
                os.killpg(pid, signal.SIGCONT)

    def pool(self) -> list[int]:
        """The processes it started."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        try:
            return [int(word) for word in path.read_text().split()]
        except OSError:
            return []

    def end(self, seconds: float = 5.0) -> None:
        """Stop it for good."""
        self._kept = False
        self._keeper.join(5)
        identity = identify(self.pid)
        if identity:
            stop(identity, seconds)
        self.process.wait(10)

    def _begin(self) -> None:
        # not tied: the tie is to the thread that starts, and the keeper starts the later ones
        self.process = spawn(self.command, self.log, environment=self.env, cwd=ROOT, tied=False)

    def _keep(self) -> None:
        while self._kept:
            if self.process.poll() is not None:
                kill_group_of(self.pid)  # pool children of a parent that is gone
                self.deaths += 1
                time.sleep(PAUSE)
                if self._kept:
                    self._begin()
            time.sleep(0.05)


class Stack:
    """Everything a scan needs but its cloud, in a folder."""

    def __init__(self, folder: Path, broker: str = "redis") -> None:
        self.folder = folder
        self.faults = folder / "faults"
        self.faults.mkdir(parents=True)
        self.children: dict[str, Child] = {}
        self._open = ExitStack()
        self._broker = broker
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> Stack:
        """The stores are up, and the settings of this process point at them."""
        try:
            self._stores(self._broker)
            changed = TIMES | self.addresses | {"CALIPSO_HOME": str(self.folder / "home")}
            self._before = {name: os.environ.get(name) for name in changed}
            os.environ.update(changed)
            self.env = dict(os.environ)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for child in reversed(list(self.children.values())):
            child.end()
        self._open.close()

    def workers(self) -> None:
        """Two workers of threads for the sources, one of processes for the graph, and beat."""
        for name in ("sources", "sources-2"):
            self._worker(name, "scan,events,api,db,cli", "threads", 8)
        self._worker("graph", "links,cliques", "prefork", 2)
        beat = ["beat", "-s", str(self.folder / "schedule"), "--pidfile="]
        self._start("beat", self._celery(*beat), self.env)

    def kill_pool_child(self, rng: random.Random) -> bool:
        """kill -9 of one process of the graph worker's pool."""
        found = self.children["graph"].pool()
        if not found:
            return False
        try:
            os.kill(rng.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def wait_for_stores(self, seconds: float = 60) -> None:
        """Wait until both stores answer."""
        for name, ping in (("CALIPSO_MONGO_URL", ping_mongo), ("CALIPSO_REDIS_URL", ping_redis)):
            wait(lambda name=name, ping=ping: _answers(ping, self.addresses[name]), seconds)

    # -- parts -------------------------------------------------------------------------

    def _stores(self, broker: str) -> None:
        mongo, redis = free_port(), free_port()
        self.addresses = {
            "CALIPSO_MONGO_URL": mongo_address(mongo),
            "CALIPSO_REDIS_URL": redis_address(redis),
            "CALIPSO_MONGO_DATABASE": "faults",
        }
        for name, program, port in (
            ("mongo", mongo_program(), mongo),
            ("redis", redis_program(), redis),
        ):
            data = self.folder / name
            data.mkdir()
            self._start(name, program.command(data, port), program.environment(os.environ))
        if broker == "rabbitmq":
            rabbit = self._open.enter_context(Rabbit(self.folder / "rabbit"))
            self.addresses["CALIPSO_BROKER_URL"] = rabbit.url
            self._start("rabbitmq", rabbit.command, rabbit.env)
            rabbit.wait()
        self.wait_for_stores()

    def _worker(self, name: str, queues: str, pool: str, number: int) -> None:
        words = ["worker", "-Q", queues, "-P", pool, "-c", str(number), "-n", f"{name}@%h"]
        words += ["--without-gossip", "--without-mingle", "--include", "tests.faults.hooks"]
        env = self.env | {"FAULTS_DIR": str(self.faults)}
        self._start(name, self._celery(*words), env)

    def _celery(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "workers.program", *words]

    def _start(self, name: str, command: list[str], env: Mapping[str, str]) -> None:
        self.children[name] = Child(name, command, self.folder / f"{name}.log", env)


def wait(condition: Callable[[], object], seconds: float, what: str = "") -> object:
    """Wait until the condition gives something. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"{what or 'nothing'} after {seconds} s")


def _answers(ping: Callable[[str], str], url: str) -> bool:
    try:
        ping(url)
    except StoreError:
        return False
    return True
