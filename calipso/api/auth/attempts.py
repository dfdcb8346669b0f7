"""Wrong passwords are counted: for a name from an address, for the name, for the address.

In Redis, so that all processes of the API count together; without it each counts by itself. A try
counts before the password is looked at, so that many at once are no way around.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from calipso.api.errors import TooManyRequests
from calipso.errors import ConfigError
from calipso.settings import Settings, settings
from calipso.utils.store_addresses import redis_url

log = logging.getLogger(__name__)

#: How many times the limit of one name from one address a name, or an address, may use up.
WIDER = 10

#: Seconds Redis is left alone after it failed: a login must not wait for it each time.
PAUSE = 15.0

#: Counters of this process are cleared when there are more: memory is bounded.
MOST = 10_000

#: KEYS: counters. ARGV: seconds of the window, then the limit of each. Says how long to wait, when
#: a limit is reached.
_REFUSE = """
for index, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[index + 1]) then
    return math.max(1, redis.call('PTTL', key))
  end
end
"""

#: Else counts.
_BEGIN = (
    _REFUSE
    + """
for _, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[1]) end
end
return 0
"""
)

#: Else forgets the first counter.
_AGAIN = (
    _REFUSE
    + """
redis.call('DEL', KEYS[1])
return 0
"""
)

#: KEYS: counters; the first is forgotten when ARGV[1] is 1, the others go back by one.
_END = """
for index, key in ipairs(KEYS) do
  if index == 1 and ARGV[1] == '1' then
    redis.call('DEL', key)
  elseif tonumber(redis.call('GET', key) or '0') > 0 then
    redis.call('DECR', key)
  end
end
return 0
"""


class Attempt:
    """One try to log in; count it with `begin`, then say how it ended. Or it is one `again`."""

    def __init__(self, name: str, address: str, config: Settings | None = None) -> None:
        config = config or settings()
        most = config.login_attempts
        near = network(address)
        words = [f"{name}\n{near}", name, near]
        prefix = f"calipso:login:{config.mongo_database}"
        self.keys = [
            f"{prefix}:{kind}:{hashlib.sha256(word.encode(errors='replace')).hexdigest()[:32]}"
            for kind, word in zip(("both", "name", "address"), words, strict=True)
        ]
        self.limits = [most, most * WIDER, most * WIDER]
        self.window = config.login_window
        self._config = config

    def begin(self) -> None:
        """Count it. Raises TooManyRequests when there were too many."""
        wait = self._in_redis(_BEGIN, [self.window, *self.limits])
        if wait is None:
            wait = _HERE.begin(self.keys, self.limits, self.window)
        self._refuse(wait)

    def again(self) -> None:
        """What was right a moment ago is no try, and forgets wrong ones as a right one does.

        Raises TooManyRequests all the same: else guesses would be free as long as somebody is in.
        """
        wait = self._in_redis(_AGAIN, [self.window, *self.limits])
        if wait is None:
            wait = _HERE.again(self.keys, self.limits)
        self._refuse(wait)

    def _refuse(self, wait: int) -> None:
        if wait:
            seconds = math.ceil(wait / 1000)
            raise TooManyRequests(
                "too many wrong passwords",
                hint=f"Try again in {seconds} seconds.",
                retry_after=seconds,
            )

    def succeeded(self) -> None:
        """The password was right: what this name got wrong from this address is forgotten."""
        self._end(forget=True)

    def did_not_count(self) -> None:
        """It could not be told whether the password was right."""
        self._end(forget=False)

    def _end(self, *, forget: bool) -> None:
        if self._in_redis(_END, [int(forget)]) is None:
            _HERE.end(self.keys, forget=forget)

    def _in_redis(self, script: str, arguments: Sequence[int]) -> int | None:
        """What a script answers; None when there is no Redis, or it does not answer."""
        try:
            client = _client(redis_url(self._config))
            if client is None or _HERE.paused():
                return None
            found = client.eval(script, len(self.keys), *self.keys, *map(str, arguments))
            return int(cast(Any, found))
        except (RedisError, OSError) as error:
            _HERE.pause()
            log.warning("logins are counted in this process only: Redis: %s", error)
        except ConfigError:
            pass
        return None


class _Here:
    """Counters of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._again = 0.0

    def paused(self) -> bool:
        return time.monotonic() < self._again

    def pause(self) -> None:
        self._again = time.monotonic() + PAUSE

    def begin(self, keys: Sequence[str], limits: Sequence[int], window: int) -> int:
        """Milliseconds to wait, or 0 when it was counted."""
        now = time.monotonic()
        with self._lock:
            if len(self._counts) > MOST:
                self._counts.clear()
            wait = self._wait(keys, limits, now)
            for key in keys if not wait else ():
                count, until = self._counts.get(key, (0, 0.0))
                self._counts[key] = (count + 1, until) if until > now else (1, now + window)
        return wait

    def again(self, keys: Sequence[str], limits: Sequence[int]) -> int:
        """Milliseconds to wait, or 0 when the first was forgotten."""
        with self._lock:
            wait = self._wait(keys, limits, time.monotonic())
            if not wait:
                self._counts.pop(keys[0], None)
        return wait

    def _wait(self, keys: Sequence[str], limits: Sequence[int], now: float) -> int:
        for key, limit in zip(keys, limits, strict=True):
            count, until = self._counts.get(key, (0, 0.0))
            if until > now and count >= limit:
                return max(1, int((until - now) * 1000))
        return 0

    def end(self, keys: Sequence[str], *, forget: bool) -> None:
        with self._lock:
            for position, key in enumerate(keys):
                count, until = self._counts.get(key, (0, 0.0))
                if position == 0 and forget:
                    self._counts.pop(key, None)
                elif count:
                    self._counts[key] = (count - 1, until)


_HERE = _Here()


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis | None:
    try:
        return redis.Redis.from_url(
            url, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        )
    except ValueError:
        return None


def network(address: str) -> str:
    """What counts as one address: of IPv6 the 64 bits that one customer has for all of his."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
