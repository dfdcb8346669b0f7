"""LimitStore: who holds the slots of a limit and who waits for one, in Redis.

Each limit has three sorted sets: `held` (holder, end of its lease), `line` (waiting process, since
when) and `seen` (waiting process, until when it counts as alive). Each step is one script, so that
two processes never take the same slot. Times are those of the Redis server.
"""

from __future__ import annotations

import logging
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

PREFIX = "calipso:limit"

#: Seconds that a waiting process listens for its turn before it looks itself. When a holder was
#: killed, the next in line gets the slot at most this long after the lease has ended.
LISTEN = 1.0
#: Seconds after which a waiting process that does not look any more counts as gone.
BELIEVED = 10.0

_COMMON = """
local held, line, seen = KEYS[1], KEYS[2], KEYS[3]
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local function tidy()
  redis.call('ZREMRANGEBYSCORE', held, '-inf', now)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now)) do
    redis.call('ZREM', line, gone)
    redis.call('ZREM', seen, gone)
  end
end
local function grant(most, lease, me, wake)
  while redis.call('ZCARD', held) < most do
    local first = redis.call('ZRANGE', line, 0, 0)[1]
    if not first then return end
    redis.call('ZREM', line, first)
    redis.call('ZREM', seen, first)
    redis.call('ZADD', held, now + lease, first)
    if first ~= me then
      redis.call('LPUSH', wake .. first, 1)
      redis.call('EXPIRE', wake .. first, math.ceil(lease))
    end
  end
end
local function keep(lease)
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, math.ceil(lease) + 60) end
end
"""

#: ARGV: token, most, lease, wake prefix, seconds to believe. 1: it has a slot; 0: it is in line.
_ENTER = """
local me, most, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
tidy()
if not redis.call('ZSCORE', held, me) then
  if redis.call('ZCARD', line) == 0 and redis.call('ZCARD', held) < most then
    redis.call('ZADD', held, now + lease, me)
  else
    redis.call('ZADD', line, 'NX', now, me)
    redis.call('ZADD', seen, now + tonumber(ARGV[5]), me)
    grant(most, lease, me, ARGV[4])
  end
end
keep(lease)
return redis.call('ZSCORE', held, me) and 1 or 0
"""

#: ARGV: token, most, lease, wake prefix.
_LEAVE = """
for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end
redis.call('DEL', ARGV[4] .. ARGV[1])
tidy()
grant(tonumber(ARGV[2]), tonumber(ARGV[3]), '', ARGV[4])
return 1
"""

#: ARGV: lease, tokens. A held slot counts even if its lease has ended in between, because its
#: session still exists. Returns how many processes wait.
_RENEW = """
for index = 2, #ARGV do redis.call('ZADD', held, now + tonumber(ARGV[1]), ARGV[index]) end
tidy()
keep(tonumber(ARGV[1]))
return redis.call('ZCARD', line)
"""


class LimitStore:
    """The slots of all limits in one Redis. Methods raise RedisError or OSError."""

    def __init__(self, client: redis.Redis, lease: float) -> None:
        self._client = client
        self._lease = lease
        self._enter = client.register_script(_COMMON + _ENTER)
        self._leave = client.register_script(_COMMON + _LEAVE)
        self._renew = client.register_script(_COMMON + _RENEW)

    @classmethod
    def at(cls, url: str, lease: float) -> LimitStore | None:
        """Return the slots in the Redis at a URL; None if it is not the URL of a single Redis."""
        try:
            client = redis.Redis.from_url(
                url,
                socket_connect_timeout=2,
                socket_timeout=LISTEN + 3,
                socket_keepalive=True,
                retry=Retry(NoBackoff(), 1),
            )
        except ValueError:
            log.warning(
                "limits of sessions and calls apply to each worker process by itself: REDIS_URL "
                "is not redis://, rediss:// or unix://"
            )
            return None
        return cls(client, lease)

    def enter(self, name: str, token: str, most: int) -> bool:
        """Take a slot if one is free and nobody waits, otherwise wait in line."""
        arguments = (token, most, self._lease, f"{PREFIX}:wake:", BELIEVED)
        return bool(self._enter(keys=_keys(name), args=arguments))

    def leave(self, name: str, token: str, most: int) -> None:
        """Give back a slot or a place in line. The next process in line gets the slot."""
        self._leave(keys=_keys(name), args=(token, most, self._lease, f"{PREFIX}:wake:"))

    def wait(self, token: str, seconds: float) -> bool:
        """Wait at most a second for the turn; True when another process handed over the slot."""
        timeout = max(0.01, min(seconds, LISTEN))
        return self._client.blpop([f"{PREFIX}:wake:{token}"], timeout) is not None

    def renew(self, name: str, tokens: list[str]) -> int:
        """Prolong the leases of slots of one limit. Returns how many processes wait for a slot."""
        return int(cast(Any, self._renew(keys=_keys(name), args=(self._lease, *tokens))))


def _keys(name: str) -> list[str]:
    return [f"{PREFIX}:{name}:{part}" for part in ("held", "line", "seen")]
