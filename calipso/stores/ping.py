"""Checks whether a store answers, with one short request and a short timeout."""

from __future__ import annotations

from calipso.errors import StoreError
from calipso.utils.masking import mask_url

HINT_MONGO = "Is MONGO_URL right and the server running? `calipso status` shows it."
HINT_REDIS = "Is REDIS_URL right and the server running? `calipso status` shows it."


def ping_mongo(url: str, timeout: float = 2.0) -> str:
    """Return the version of the MongoDB server at `url`.

    Raises StoreError when it does not answer.
    """
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    milliseconds = int(timeout * 1000)
    try:
        with MongoClient[dict[str, object]](
            url,
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
            socketTimeoutMS=milliseconds,
        ) as client:
            return str(client.server_info().get("version", ""))
    except PyMongoError as error:
        raise StoreError(f"MongoDB at {mask_url(url)}: {_short(error)}", hint=HINT_MONGO) from None


def ping_redis(url: str, timeout: float = 2.0) -> str:
    """Return the version of the Redis server at `url`.

    Raises StoreError when it does not answer.
    """
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout) as client:
            return str(client.info("server").get("redis_version", ""))
    except (RedisError, ValueError) as error:
        raise StoreError(f"Redis at {mask_url(url)}: {_short(error)}", hint=HINT_REDIS) from None


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].partition(", Timeout:")[0][:200]
