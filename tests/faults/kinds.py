"""The kinds of faults: what each does, and whether it may cost data for a while."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.hooks import MESSAGES, POINTS, STILL, arm
from tests.faults.stack import Stack
from tests.sample_cloud.running import RunningCloud

#: Seconds a fault of a source waits for a question at most, and then lasts.
PATIENCE = 4.0
MOMENT = (0.3, 2.0)
#: Seconds a process stands still: a store answers nobody, a worker is given up and then goes on.
PAUSE = (4.0, 8.0)
WORKER_PAUSE = (8.0, 12.0)
#: Seconds in which a worker that was given up may do what it was about to.
AFTERMATH = 2.0
WORKERS = ("sources", "sources-2", "graph")


@dataclass(frozen=True)
class Kind:
    """A kind of fault."""

    name: str
    text: str
    act: Callable[[Scene], bool | None]  # whether it met the scan; None: if it came in time
    source: bool = False  # what is read may be incomplete; see the coverage report
    armed: bool = False  # waits for its point from the beginning
    second: bool = False  # lasts until a second scan of the environment, waiting by then, has run

    @property
    def point(self) -> str:
        """Where it strikes, for one that waits for a point."""
        return self.name.partition("-")[2] if self.armed else ""


@dataclass
class Scene:
    """What a fault may touch."""

    stack: Stack
    cloud: RunningCloud
    rng: random.Random
    hosts: list[str]  # names of its compute hosts
    hit: list[str] = field(default_factory=list)  # faults of the cloud that a question met


def kill_pool_child(scene: Scene) -> bool | None:
    return scene.stack.kill_pool_child(scene.rng) and None


def kill_worker(scene: Scene) -> None:
    scene.stack.children[scene.rng.choice(WORKERS)].kill()


def kill_all_workers(scene: Scene) -> None:
    for name in WORKERS:
        scene.stack.children[name].kill()


def pause_worker(scene: Scene) -> None:
    scene.stack.children[scene.rng.choice(WORKERS)].pause(scene.rng.uniform(*WORKER_PAUSE))
    time.sleep(AFTERMATH)


def pause(name: str) -> Callable[[Scene], None]:
    return lambda scene: scene.stack.children[name].pause(scene.rng.uniform(*PAUSE))


def kill(name: str) -> Callable[[Scene], None]:
    return lambda scene: scene.stack.children[name].kill()


def at_point(point: str) -> Callable[[Scene], None]:
    """Die at a named point, at one of the first times that it is passed."""
    often = point in (*MESSAGES, "saved", "done", "counted", "claimed", "planned")
    often = often or point in ("unpublished", "published", "links")
    return lambda scene: arm(scene.stack.faults, point, scene.rng.randrange(6) if often else 0)


def for_a_moment(*faults: str) -> Callable[[Scene], None]:
    """One of the cloud's faults, taken away again after a moment. `{host}` is any compute host."""

    def act(scene: Scene) -> bool:
        host = scene.rng.choice(scene.hosts)
        text = scene.rng.choice(faults).format(host=host)
        key = text.partition("=")[0]

        def struck() -> int:
            return int(scene.cloud.control()["struck"].get(key, 0))

        before, end = struck(), time.monotonic() + PATIENCE
        scene.cloud.fault(text)
        while struck() == before and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(scene.rng.uniform(*MOMENT))
        scene.cloud.clear(text)
        met = struck() > before
        if met:
            scene.hit.append(text)
        return met

    return act


API = ("/compute", "/network", "/v3/projects")

KINDS = {
    kind.name: kind
    for kind in [
        Kind("pool-child", "kill -9 of a process of a pool", kill_pool_child),
        Kind("worker", "kill -9 of a worker", kill_worker),
        Kind("all-workers", "kill -9 of all workers", kill_all_workers),
        Kind("beat", "kill -9 of beat", kill("beat")),
        Kind("redis", "kill -9 of Redis, started again", kill("redis")),
        Kind("mongo", "kill -9 of MongoDB, started again", kill("mongo")),
        Kind("worker-pause", "a worker stands still until it is given up", pause_worker),
        Kind("redis-pause", "Redis stands still for a moment", pause("redis")),
        Kind("mongo-pause", "MongoDB stands still for a moment", pause("mongo")),
        *(
            Kind(f"at-{name}", f"kill -9 where {text}", at_point(name), armed=True)
            for name, text in POINTS.items()
        ),
        *(
            Kind(f"still-{name}", text, at_point(name), armed=True, second=True)
            for name, text in STILL.items()
        ),
        *(
            Kind(f"message-{name}", text, at_point(name), armed=True)
            for name, text in MESSAGES.items()
        ),
        Kind(
            "api-errors",
            "the API answers 500 or 503 for a moment",
            for_a_moment(*(f"http-{code}:{path}" for code in (500, 503) for path in API)),
            source=True,
        ),
        Kind(
            "api-cut",
            "answers of the API break off for a moment",
            for_a_moment(*(f"http-truncate:{path}" for path in API)),
            source=True,
        ),
        Kind(
            "api-restart",
            "the API ends all connections for a moment",
            for_a_moment("http-drop:/"),
            source=True,
        ),
        Kind(
            "api-slow",
            "the API answers late",
            for_a_moment(*(f"http-slow:{path}=2" for path in API)),
            source=True,
        ),
        Kind(
            "sshd",
            "one host is dead, silent or hangs up for a moment",
            for_a_moment("dead-host:{host}", "hanging-host:{host}", "closed-channel:{host}"),
            source=True,
        ),
        Kind(
            "commands",
            "answers of a host come late or broken off",
            for_a_moment("truncated-command:domains@{host}", "slow-command:links@{host}=2"),
            source=True,
        ),
        Kind(
            "twice",
            "answers of API, database or a host come twice",
            for_a_moment(
                "http-twice:/compute",
                "http-twice:/network",
                "mysql-twice:*",
                "doubled-command:links@{host}",
                "doubled-command:domains@{host}",
            ),
            source=True,
        ),
        Kind("database", "MySQL hangs up for a moment", for_a_moment("mysql-drop:*"), source=True),
    ]
}
#: Only with a broker of its own.
RABBIT = Kind("rabbitmq", "kill -9 of RabbitMQ, started again", kill("rabbitmq"))


def kinds(broker: str) -> dict[str, Kind]:
    """The kinds a campaign with this broker has."""
    return KINDS | ({RABBIT.name: RABBIT} if broker == "rabbitmq" else {})
