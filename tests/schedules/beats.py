"""Two beats as child processes, killed at random and started again."""

from __future__ import annotations

import random
import time
from typing import Any

from celery.beat import PersistentScheduler

from tests.workers.conftest import Cluster

NUMBER = 2


class HastyScheduler(PersistentScheduler):
    """Beat as it is, but it asks for schedules every second: a test has no minutes."""

    def setup_schedule(self) -> None:
        self.app.conf.beat_schedule["schedules"]["schedule"] = 1.0
        super().setup_schedule()


class Beats:
    """Keeps two beats running on a cluster, and kills them."""

    def __init__(self, cluster: Cluster, chance: random.Random, *, hasty: bool = False) -> None:
        self.cluster = cluster
        self.chance = chance
        self.hasty = hasty
        self.kills = 0
        self.pids = [self._start(number) for number in range(NUMBER)]

    def harass(self, until: float, shortest: float, longest: float) -> None:
        """Until that time, kill -9 one of them now and then; another one takes its place."""
        while (wait := self.chance.uniform(shortest, longest)) < until - time.time():
            time.sleep(wait)
            number = self.chance.randrange(NUMBER)
            self.cluster.kill(self.pids[number])
            self.kills += 1
            self.pids[number] = self._start(number)
        time.sleep(max(0.0, until - time.time()))

    def _start(self, number: int) -> int:
        options: list[Any] = ["beat", "--pidfile=", "-s", self.cluster.folder / f"beat-{number}"]
        if self.hasty:
            options += ["-S", f"{__name__}:{HastyScheduler.__name__}"]
        return self.cluster._start(f"beat-{number}", [str(option) for option in options])
