"""A limit of results that one caller may send in a minute, counted like attempts to log in."""

from __future__ import annotations

import hashlib
import math
import time

from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from calipso.api.auth.attempts import counted
from calipso.api.errors import TooManyRequests
from calipso.settings import settings


def limit_results(who: str, number: int) -> None:
    """Count results of a caller. Raises TooManyRequests, and counts nothing, beyond the limit."""
    item = RateLimitItemPerMinute(settings().monitoring_results, 1, "monitoring")
    key = hashlib.sha256(who.encode()).hexdigest()[:32]

    def hit(limiter: FixedWindowRateLimiter) -> float:
        if limiter.hit(item, key, cost=max(1, number)):
            return 0
        return max(1.0, limiter.get_window_stats(item, key).reset_time - time.time())

    wait = counted(hit)
    if wait:
        seconds = math.ceil(wait)
        raise TooManyRequests(
            f"more than {settings().monitoring_results} results in a minute",
            hint=f"Send them again in {seconds} seconds; results that came twice do no harm.",
            retry_after=seconds,
        )
