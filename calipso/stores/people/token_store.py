"""TokenStore: opaque tokens, of which only a hash is stored; they end by themselves.

A session begins with a password. Each token of it may be exchanged for another one, all of them
before `ends_at`. A service token is given to a script by an admin; it is a session by itself.

A session that is ended stays so, whatever is on the way at that moment: a token of a session
carries the `generation` its user had when the password was checked, and one got with a token goes
again when that one is gone by then.
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
from calipso.settings import settings
from calipso.stores.store import Store
from calipso.utils.clock import now

Document = dict[str, Any]

#: How exact the time of the last use is: not each request is a write.
USE_NOTED = timedelta(minutes=1)


#: Good tokens that one session may have got with tokens; the oldest ends when there are more.
MOST_EXCHANGED = 100


class Method(StrEnum):
    """How a token was got."""

    CREDENTIALS = "credentials"
    TOKEN = "token"  # noqa: S105 - a word of the original's API
    SERVICE = "service"


class TokenStore(Store):
    """Issues, finds and revokes tokens: `_id` is the SHA-256 of one, `key` what it is called by."""

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
        """A new token for a user, for `lifetime` seconds; and what is stored of it.

        With a `generation` it is good as long as the user has it.
        """
        key = str(ObjectId())
        longest = max(lifetime, settings().token_longest_session)
        until = lifetime if method == Method.SERVICE else longest
        moment = now()
        ends = moment + timedelta(seconds=until)
        session = {"session": key, "ends_at": ends, "label": label, "generation": generation}
        return self._store(key, user, moment, lifetime, method, session)

    def exchange(self, token: Mapping[str, Any], lifetime: float) -> tuple[str, Document]:
        """A further token of the same session: it does not live longer than that.

        Raises AuthError when the session was ended meanwhile.
        """
        session = {name: token.get(name) for name in ("session", "ends_at", "label", "generation")}
        key = str(ObjectId())
        issued = self._store(key, token["user"], now(), lifetime, Method.TOKEN, session)
        if self.collection.find_one({"_id": token["_id"]}, {"_id": 1}) is None:
            self.collection.delete_one({"_id": issued[1]["_id"]})
            raise over()
        self._end_oldest(issued[1])
        return issued

    def _end_oldest(self, newest: Document) -> None:
        """Tokens got with tokens are as many as their session may have."""
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
        """What is stored of a token, if it is still good; notes that it was used."""
        found = self.collection.find_one({"_id": digest(token)})
        moment = now()
        if found is None or found["expires_at"] <= moment:
            return None
        if "used_at" not in found or moment - found["used_at"] >= USE_NOTED:
            self.collection.update_one({"_id": found["_id"]}, {"$set": {"used_at": moment}})
        return found

    def of(self, user: str) -> list[Document]:
        """What is stored of the good tokens of a user, oldest first, without the hashes."""
        good = {"user": user, "expires_at": {"$gt": datetime.now(UTC)}}
        return list(self.collection.find(good, {"_id": 0}).sort("issued_at", 1))

    def revoke_key(self, user: str, key: str) -> None:
        """End one token of a user and all that were got with it. Raises NotFound."""
        found = self.collection.find_one({"user": user, "key": key})
        if found is None:
            raise NotFound(f"no token {key} of {user}", hint=f"calipso user tokens {user}")
        self._end({"user": user, "session": found["session"]})

    def revoke_all(self, user: str) -> int:
        """End all tokens of a user; returns how many there were."""
        return self._end({"user": user})

    def end_sessions(self, user: str) -> None:
        """End all tokens got with a password, and those got with them."""
        services = self.collection.distinct("session", {"user": user, "method": Method.SERVICE})
        others = {"session": {"$nin": services}, "method": {"$ne": Method.SERVICE}}
        self._end({"user": user, **others})

    def _end(self, wanted: Document) -> int:
        """Twice: one got with a token that was still there may come behind the first."""
        return sum(self.collection.delete_many(wanted).deleted_count for _ in range(2))


def over() -> AuthError:
    """What is said of a token that opens nothing, whatever the reason."""
    return AuthError("the token is unknown or over", hint="Get a new one.")


def digest(token: str) -> str:
    """What is stored instead of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
