"""TokenStore: opaque tokens that expire. The store has only their hashes.

A session begins with a password. Each token of a session may be exchanged for another one until
`ends_at`. An admin gives a service token to a script; it is a session by itself.

A session that was ended stays ended, also for requests that run at that moment. A token of a
session has the `generation` of its user at the time of the password check. An exchanged token is
removed again if the token that it replaces was revoked during the exchange.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bson import ObjectId

from calipso.errors import AuthError, NotFound
from calipso.model.documents import Document
from calipso.settings import settings
from calipso.stores.store import Store
from calipso.utils.clock import now

#: Precision of the time of the last use, so that not every request is a write.
USE_NOTED = timedelta(minutes=1)


#: Most valid exchanged tokens of one session. With more, the oldest ends.
MOST_EXCHANGED = 100


class Method(StrEnum):
    """How a token was got."""

    CREDENTIALS = "credentials"
    TOKEN = "token"  # noqa: S105 - a word of the original's API
    SERVICE = "service"


class TokenStore(Store):
    """Issues, finds and revokes tokens: `_id` is the SHA-256 of a token, `key` its public id."""

    NAME = "tokens"

    def issue(
        self,
        user: str,
        lifetime: float,
        *,
        method: str = Method.CREDENTIALS,
        label: str = "",
        generation: str | None = None,
    ) -> tuple[str, Document]:
        """Return a new token for a user, valid for `lifetime` seconds, and its stored document.

        With a `generation`, the token is valid while the user has this generation.
        """
        key = str(ObjectId())
        longest = max(lifetime, settings().token_longest_session)
        until = lifetime if method == Method.SERVICE else longest
        moment = now()
        ends = moment + timedelta(seconds=until)
        session = {"session": key, "ends_at": ends, "label": label, "generation": generation}
        return self._store(key, user, moment, lifetime, method, session)

    def exchange(self, token: Mapping[str, Any], lifetime: float) -> tuple[str, Document]:
        """Return another token of the same session, which ends with the session at the latest.

        Raises AuthError when the session has ended.
        """
        session = {name: token.get(name) for name in ("session", "ends_at", "label", "generation")}
        key = str(ObjectId())
        issued = self._store(key, token["user"], now(), lifetime, Method.TOKEN, session)
        if self.collection.find_one({"_id": token["_id"]}, {"_id": 1}) is None:
            self.end(issued[1])
            raise over()
        self._end_oldest(issued[1])
        return issued

    def _end_oldest(self, newest: Document) -> None:
        """End the oldest exchanged tokens when a session has too many."""
        wanted = {name: newest[name] for name in ("user", "session", "method")}
        others = self.collection.find(wanted | {"_id": {"$ne": newest["_id"]}}, {"_id": 1})
        old = [item["_id"] for item in others.sort("issued_at", -1).skip(MOST_EXCHANGED - 1)]
        if old:
            self.collection.delete_many({"_id": {"$in": old}})

    def _store(
        self,
        key: str,
        user: str,
        issued: datetime,
        lifetime: float,
        method: str,
        session: Document,
    ) -> tuple[str, Document]:
        token = secrets.token_hex(32)
        document = {
            "_id": digest(token),
            "key": key,
            "user": user,
            "method": str(method),
            "issued_at": issued,
            "expires_at": min(issued + timedelta(seconds=lifetime), session["ends_at"]),
        }
        self.ensure_indexes()
        self.collection.insert_one(document | session)
        return token, document | session

    def find(self, token: str) -> Document | None:
        """Return the stored document of a valid token, otherwise None. Stores the time of use."""
        found = self.collection.find_one({"_id": digest(token)})
        moment = now()
        if found is None or found["expires_at"] <= moment:
            return None
        if "used_at" not in found or moment - found["used_at"] >= USE_NOTED:
            self.collection.update_one({"_id": found["_id"]}, {"$set": {"used_at": moment}})
        return found

    def of(self, user: str) -> list[Document]:
        """Return the documents of a user's valid tokens, oldest first, without the hashes."""
        good = {"user": user, "expires_at": {"$gt": datetime.now(UTC)}}
        return list(self.collection.find(good, {"_id": 0}).sort("issued_at", 1))

    def end(self, token: Mapping[str, Any]) -> None:
        """End one token, as `find` returned it; others of its session stay."""
        self.collection.delete_one({"_id": token["_id"]})

    def revoke_key(self, user: str, key: str) -> None:
        """End one token of a user and all of its session. Raises NotFound."""
        found = self.collection.find_one({"user": user, "key": key})
        if found is None:
            raise NotFound(f"no token {key} of {user}", hint=f"calipso user tokens {user}")
        self._end({"user": user, "session": found["session"]})

    def revoke_all(self, user: str) -> int:
        """End all tokens of a user; returns how many there were."""
        return self._end({"user": user})

    def end_sessions(self, user: str) -> None:
        """End all sessions that began with a password."""
        services = self.collection.distinct("session", {"user": user, "method": Method.SERVICE})
        others = {"session": {"$nin": services}, "method": {"$ne": Method.SERVICE}}
        self._end({"user": user, **others})

    def _end(self, wanted: Document) -> int:
        """Delete twice: a running exchange may store a token after the first deletion."""
        return sum(self.collection.delete_many(wanted).deleted_count for _ in range(2))


def over() -> AuthError:
    """Return the error for a token that is not valid, for any reason."""
    return AuthError("the token is unknown or has expired", hint="Get a new one.")


def digest(token: str) -> str:
    """Return the hash that is stored instead of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
