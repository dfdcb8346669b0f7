"""May this machine work here? Asked when a worker starts, of its clock each minute.

A worker on another machine needs the key file of the one where environments are added, and a
clock that agrees: leases and heartbeats are times. Without the key it would end scans as failed;
with a clock that is far off the others would take each of its tasks for lost.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis

from calipso.errors import CalipsoError, ConfigError, InstallationError, StoreError
from calipso.settings import Settings, settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.mongo.driver import StoreFailure
from calipso.utils.store_addresses import redis_url

log = logging.getLogger(__name__)

#: Seconds by which clocks may differ before a warning.
TOLD = 2.0


def check_machine(config: Settings | None = None) -> None:
    """Log what is doubtful. Raises ConfigError when a worker here would do harm.

    A store that does not answer now says nothing about the machine: tasks wait for it.
    """
    config = config or settings()
    try:
        check_key(EnvironmentStore())
    except (StoreError, StoreFailure) as error:
        log.warning("key file not tried, MongoDB does not answer: %s", str(error)[:200])
    compare_clocks(config)


def compare_clocks(config: Settings | None = None) -> None:
    """Raises ConfigError when the clock of this machine is far from that of Redis."""
    config = config or settings()
    try:
        with redis.Redis.from_url(redis_url(config), socket_timeout=5) as client:
            check_clock(difference(client), config.worker_lost_after)
    except (redis.RedisError, OSError, ValueError) as error:
        log.warning("clock not compared, Redis does not answer: %s", str(error)[:200])


def check_key(store: EnvironmentStore) -> None:
    """Raises ConfigError when the key file opens the secrets of no environment there is.

    StoreError or StoreFailure when MongoDB does not answer.
    """
    opened, failed = 0, None
    for name in store.names():
        try:
            store.get(name)
            opened += 1
        except StoreError:
            raise
        except CalipsoError as error:
            log.warning("environment %s: %s", name, error.message, extra={"hint": error.hint})
            if isinstance(error, InstallationError):  # others are faults of that environment
                failed = error
    if failed is not None and not opened:
        raise ConfigError(
            f"this worker can read no environment: {failed.message}", hint=failed.hint
        )


def difference(client: redis.Redis, clock: Callable[[], float] = time.time) -> float:
    """Seconds by which this machine's clock is ahead of that of Redis, at least.

    Zero where the time lies between question and answer: a slow answer is no wrong clock.
    """
    before = clock()
    seconds, millionths = client.time()
    after, there = clock(), seconds + millionths / 1_000_000
    return min(after - there, 0.0) or max(before - there, 0.0)


def check_clock(ahead: float, worker_lost_after: float) -> None:
    """Raises ConfigError when heartbeats of this machine would look as old as a lost worker's."""
    where = "ahead of" if ahead > 0 else "behind"
    if abs(ahead) > worker_lost_after / 2:
        raise ConfigError(
            f"the clock of this machine is {abs(ahead):.1f} s {where} that of Redis",
            hint="Let both keep time by NTP (chrony or systemd-timesyncd).",
        )
    if abs(ahead) > TOLD:
        log.warning("the clock of this machine is %.1f s %s that of Redis", abs(ahead), where)
