"""Attempts to log in are counted: for a name from an address, for the name, for the address.

The library `limits` counts, in fixed windows. The counters are in Redis, so that all processes of
the API count together. While Redis does not answer, each process counts by itself.

An attempt counts before the password is checked: parallel guesses cannot get past the limit.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from calipso.api.errors import TooManyRequests
from calipso.errors import ConfigError
from calipso.settings import Settings, settings
from calipso.utils.store_addresses import redis_url

log = logging.getLogger(__name__)

#: The limit of a name, and that of an address, is this many times the limit of one name from one
#: address.
WIDER = 10

#: Seconds without a request to Redis after it failed: not every login may wait for it.
PAUSE = 15.0

#: The counters of this process are cleared when there are more: memory is bounded.
MOST = 10_000

#: A limit and what it counts.
Counter = tuple[RateLimitItemPerSecond, str]


class Attempt:
    """One attempt to log in.

    Call `begin` before the password is checked, then `succeeded` or `did_not_count`; a wrong
    password stays counted. Call only `again` for a login that was right a moment ago.
    """

    def __init__(self, name: str, address: str, config: Settings | None = None) -> None:
        self._config = config or settings()
        most, window = self._config.login_attempts, self._config.login_window
        near = network(address)
        words = {"both": f"{name}\n{near}", "name": name, "address": near}
        self.counters: list[Counter] = [
            (
                RateLimitItemPerSecond(most if kind == "both" else most * WIDER, window, kind),
                hashlib.sha256(word.encode(errors="replace")).hexdigest()[:32],
            )
            for kind, word in words.items()
        ]

    def begin(self) -> None:
        """Count it. Raises TooManyRequests, and counts nothing, when a limit is reached."""
        self._refuse(self._count(lambda limiter: _begin(limiter, self.counters)))

    def again(self) -> None:
        """Forget wrong passwords, as a right one does, without counting this attempt.

        Raises TooManyRequests when a limit is reached. Otherwise a user who is logged in would
        make guesses from the same address free.
        """
        self._refuse(self._count(lambda limiter: _again(limiter, self.counters)))

    def _refuse(self, wait: float) -> None:
        if wait:
            seconds = math.ceil(wait)
            raise TooManyRequests(
                "too many wrong passwords",
                hint=f"Try again in {seconds} seconds.",
                retry_after=seconds,
            )

    def succeeded(self) -> None:
        """The password was right: wrong ones of this name from this address are forgotten."""
        self._count(lambda limiter: _end(limiter, self.counters, forget=True))

    def did_not_count(self) -> None:
        """The password could not be checked: the attempt does not count."""
        self._count(lambda limiter: _end(limiter, self.counters, forget=False))

    def _count(self, change: Callable[[FixedWindowRateLimiter], float]) -> float:
        """What `change` returns: on the counters in Redis, else on those of this process."""
        return counted(change, self._config)


def counted(
    change: Callable[[FixedWindowRateLimiter], float], config: Settings | None = None
) -> float:
    """What `change` returns: on the counters in Redis, else on those of this process."""
    config = config or settings()
    try:
        limiter = _in_redis(redis_url(config), config.mongo_database)
        if limiter is not None and not _HERE.paused():
            return change(limiter)
    except (RedisError, OSError) as error:
        _HERE.pause()
        log.warning("this process counts by itself, Redis failed: %s", error)
    except ConfigError:
        pass  # there is no Redis
    return _HERE.change(change)


class _Here:
    """Counters of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limiter: FixedWindowRateLimiter | None = None
        self._again = 0.0

    def paused(self) -> bool:
        """True while Redis should not be asked."""
        return time.monotonic() < self._again

    def pause(self) -> None:
        """Redis failed."""
        self._again = time.monotonic() + PAUSE

    def change(self, change: Callable[[FixedWindowRateLimiter], float]) -> float:
        """What `change` returns. One change at a time: the storage itself can lose one."""
        with self._lock:
            if self._limiter is None:  # not earlier: its thread would not survive a fork
                self._storage = MemoryStorage()
                self._limiter = FixedWindowRateLimiter(self._storage)
            if len(self._storage.storage) > MOST:
                self._storage.reset()
            return change(self._limiter)


_HERE = _Here()


@lru_cache(maxsize=4)
def _in_redis(url: str, database: str) -> FixedWindowRateLimiter | None:
    """Counters of one installation in Redis. None when the URL is not one of Redis."""
    try:
        storage = RedisStorage(
            url,
            key_prefix=f"calipso:login:{database}",
            socket_connect_timeout=1,
            socket_timeout=1,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type] # given on to the client
        )
    except ValueError:
        return None
    return FixedWindowRateLimiter(storage)


def _begin(limiter: FixedWindowRateLimiter, counters: Sequence[Counter]) -> float:
    """Count in all counters. Returns 0, or the seconds to wait when a limit is reached."""
    for position, (limit, key) in enumerate(counters):
        if not limiter.hit(limit, key):
            _give_back(limiter, counters[: position + 1])
            return _seconds(limiter, limit, key)
    return 0


def _again(limiter: FixedWindowRateLimiter, counters: Sequence[Counter]) -> float:
    """Clear the first counter. Returns 0, or the seconds to wait when a limit is reached."""
    for limit, key in counters:
        if not limiter.test(limit, key):
            return _seconds(limiter, limit, key)
    limiter.clear(*counters[0])
    return 0


def _end(limiter: FixedWindowRateLimiter, counters: Sequence[Counter], *, forget: bool) -> float:
    """Take one attempt out of the counters; `forget` clears the first of them."""
    if forget:
        limiter.clear(*counters[0])
    _give_back(limiter, counters[1:] if forget else counters)
    return 0


def _give_back(limiter: FixedWindowRateLimiter, counters: Sequence[Counter]) -> None:
    for limit, key in counters:
        full = limiter.get_window_stats(limit, key).remaining >= limit.amount
        if not full:  # a window that ended meanwhile has nothing to give back
            limiter.hit(limit, key, cost=-1)


def _seconds(limiter: FixedWindowRateLimiter, limit: RateLimitItemPerSecond, key: str) -> float:
    return max(1.0, limiter.get_window_stats(limit, key).reset_time - time.time())


def network(address: str) -> str:
    """What counts as one address: for IPv6 the /64 network, which one customer has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
