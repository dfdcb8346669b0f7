"""What the supervisor runs: the stores that are not given by URL, the workers and beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from calipso.cli.stack.ports import Port
from calipso.cli.stack.programs import (
    FEW_HEAPS,
    Program,
    mongo_program,
    python,
    redis_program,
)
from calipso.cli.stack.rundir import RunDir, claim_data
from calipso.cli.stack.store_passwords import (
    mongo_command,
    mongo_login,
    redis_command,
    redis_login,
)
from calipso.model import sources
from calipso.settings import Settings
from calipso.stores.ping import ping_mongo, ping_redis
from calipso.utils.masking import mask_url

SOURCE_QUEUES = ",".join(sources.SOURCE_QUEUES)
GRAPH_QUEUES = ",".join(sources.GRAPH_QUEUES)
PORTS = {"mongo": 27317, "redis": 6479}  # not the usual ports, which other servers use

STORE_GRACE = 30.0  # MongoDB with gigabytes of data needs seconds to write them
WORKER_GRACE = 20.0  # then its tasks are cut off; they run again at the next start

#: How a store is started in a data directory on a port, and its URL there.
Ways = tuple[Callable[[Program, Path, int], list[str]], Callable[[Path, int], str]]


@dataclass
class Service:
    """One program to keep running."""

    name: str
    command: Callable[[], list[str]]
    grace: float = WORKER_GRACE
    store: bool = False

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The environment of its process, from that of the supervisor."""
        return dict(given)


@dataclass
class Store(Service):
    """A server with an address that may change at a start: an embedded store, or Flower."""

    program: Program | None = None
    key: str = ""  # its key in stores.json
    address: str = ""
    port: Port | None = None
    notices: list[str] = field(default_factory=list)
    ping: Callable[[str, float], str] = ping_mongo

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The same, with the variables of its program."""
        return self.program.environment(given) if self.program else dict(given)


def stores(settings: Settings, run: RunDir) -> list[Store]:
    """The embedded stores that are needed: one for each URL that is not given."""
    wanted: list[Store] = []
    if not settings.mongo_url:
        wanted.append(
            _store("mongo", mongo_program(), (mongo_command, mongo_login), ping_mongo, run)
        )
    if not settings.redis_url:
        wanted.append(
            _store("redis", redis_program(), (redis_command, redis_login), ping_redis, run)
        )
    return wanted


def given_stores(settings: Settings) -> dict[str, str]:
    """Return name and masked address of the stores with a given URL."""
    given = {
        "mongo": settings.mongo_url,
        "redis": settings.redis_url,
        "broker": settings.broker_url,
    }
    return {name: mask_url(url) for name, url in given.items() if url}


def _store(
    name: str,
    program: Program,
    ways: Ways,
    ping: Callable[[str, float], str],
    run: RunDir,
) -> Store:
    """A store with a password; `ways`: how it is started, and its URL."""
    start, login = ways
    store = Store(name, list, STORE_GRACE, True, program, f"{name}_url", ping=ping)

    def command() -> list[str]:
        """Return the arguments, made at each start, because another program may now hold
        the port.
        """
        notice = claim_data(run.home / name, program.name, program.version)
        store.notices += [text for text in (notice,) if text and text not in store.notices]
        number = port.take()
        store.address = login(run.home, number)
        return start(program, run.home, number)

    port = store.port = Port(run, name, PORTS[name])
    store.command = command
    return store


def workers(settings: Settings, sources: int) -> list[Service]:
    """Celery: `sources` workers of threads that wait for the cloud, one that computes, beat."""
    names = ["sources", *(f"sources-{number}" for number in range(2, sources + 1))]
    services = [
        _worker(name, SOURCE_QUEUES, "threads", settings.threads, settings) for name in names
    ]
    services.append(_worker("graph", GRAPH_QUEUES, "prefork", settings.processes, settings))
    services.append(Service("beat", lambda: beat_command(settings)))
    services.append(Service("events", events_command))
    return services


def _worker(name: str, queues: str, pool: str, size: int, settings: Settings) -> Service:
    return Service(name, lambda: worker_command(name, queues, pool, size, settings))


def worker_command(name: str, queues: str, pool: str, size: int, settings: Settings) -> list[str]:
    """A Celery worker called `name` for these queues, with so many threads or processes."""
    # no mingle, no gossip: workers know each other through MongoDB, and mingle costs a second
    arguments = [
        *("-Q", queues, "-P", pool, "-c", str(size), "-n", f"{name}@%h"),
        *("--without-mingle", "--without-gossip"),
    ]
    if pool == "prefork" and settings.worker_max_memory:
        arguments.append(f"--max-memory-per-child={settings.worker_max_memory * 1000}")  # in kB
    return _celery("worker", settings, *arguments)


def beat_command(settings: Settings) -> list[str]:
    """Celery's beat; what it remembers between two starts is in the data directory."""
    folder = settings.data_dir() / "run"
    folder.mkdir(exist_ok=True, mode=0o700)
    return _celery("beat", settings, f"--schedule={folder / 'beat-schedule'}", "--pidfile=")


def events_command() -> list[str]:
    """The manager of the listeners of events."""
    return python("calipso", "events", "run")


def _celery(kind: str, settings: Settings, *arguments: str) -> list[str]:
    level = settings.log_level.upper()
    return python("workers.program", kind, *arguments, "--loglevel", level)


def flower_command(*arguments: str) -> list[str]:
    """Flower, which knows our tasks."""
    return python("workers.program", "flower", *arguments)


def child_environment(settings: Settings, environment: dict[str, str]) -> dict[str, str]:
    """Environment of the children: ours, with paths that hold from any directory."""
    result = {**FEW_HEAPS, **environment}
    result["PYTHONUNBUFFERED"] = "1"  # a log shows a line at once
    result["CALIPSO_HOME"] = str(settings.data_dir())
    if settings.config_dir:
        result["CALIPSO_CONFIG_DIR"] = str(Path(settings.config_dir).absolute())
    return result
