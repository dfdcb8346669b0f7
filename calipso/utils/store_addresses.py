"""Addresses of MongoDB, Redis and the broker: the given URLs, otherwise the embedded servers.

`calipso up` writes the addresses of the embedded servers to `run/stores.json` in the data
directory; every other process reads them there.
"""

from __future__ import annotations

import json
from pathlib import Path

from calipso.errors import InstallationError
from calipso.settings import Settings


def stores_file(settings: Settings) -> Path:
    """Return the path of the file in which `calipso up` stores the addresses of its embedded
    servers.
    """
    return settings.data_dir() / "run" / "stores.json"


def mongo_url(settings: Settings) -> str:
    """Return the MongoDB URL. Raises ConfigError when no URL is set and no embedded server runs."""
    return settings.mongo_url or _embedded(settings, "mongo_url", "MONGO_URL")


def redis_url(settings: Settings) -> str:
    """Return the Redis URL of the result backend. Raises ConfigError as `mongo_url` does."""
    return settings.redis_url or _embedded(settings, "redis_url", "REDIS_URL")


def broker_url(settings: Settings) -> str:
    """Return the broker URL: the given one, otherwise that of Redis."""
    return settings.broker_url or redis_url(settings)


def _embedded(settings: Settings, key: str, variable: str) -> str:
    path = stores_file(settings)
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get(key)
    except (OSError, ValueError):
        found = None
    if not found:
        raise InstallationError(
            f"no {variable} is set and no embedded server runs (looked at {path})",
            hint=f"Run `calipso up`, or set {variable}.",
        )
    return str(found)
