"""Wait until the named stores answer: `wait_for_stores.py mongo redis broker`.

WAIT_SECONDS (60) at most; then says what each of them answered, and ends with 1.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from calipso.errors import CalipsoError, StoreError
from calipso.settings import settings
from calipso.stores.ping import ping_mongo, ping_redis
from calipso.utils.store_addresses import broker_url, mongo_url, redis_url

PORTS = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}
PAUSE = 1.0


def mongo() -> None:
    """MongoDB answers, and takes our password."""
    ping_mongo(mongo_url(settings()))


def redis() -> None:
    """Redis answers, and takes our password."""
    ping_redis(redis_url(settings()))


def broker() -> None:
    """Somebody listens at the broker's address; the worker itself logs in."""
    where = urlsplit(broker_url(settings()))
    address = (where.hostname or "localhost", where.port or PORTS.get(where.scheme, 5672))
    try:
        socket.create_connection(address, timeout=2).close()
    except OSError as error:
        raise StoreError(f"broker at {address[0]}:{address[1]}: {error}") from error


STORES: dict[str, Callable[[], None]] = {"mongo": mongo, "redis": redis, "broker": broker}


def main(names: list[str]) -> int:
    """Wait for each of them; 0 when all answer."""
    deadline = time.monotonic() + float(os.environ.get("WAIT_SECONDS", "60"))
    for name in names:
        while True:
            try:
                STORES[name]()
                break
            except CalipsoError as error:
                if time.monotonic() > deadline:
                    sys.stderr.write(f"error: {error.message}\nhint: {error.hint or name}\n")
                    return 1
                time.sleep(PAUSE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
