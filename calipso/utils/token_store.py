"""TokenStore: opaque tokens, of which only a hash is stored; they end by themselves."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database

from calipso.utils.mongo_access import MongoAccess

Document = dict[str, Any]


class TokenStore:
    """Issues, finds and revokes tokens."""

    def __init__(self, database: Database[Document] | None = None) -> None:
        self._database = database

    @property
    def collection(self) -> Collection[Document]:
        """The stored tokens: `_id` is the SHA-256 of the token."""
        database = MongoAccess().db if self._database is None else self._database
        return database["tokens"]

    def ensure_indexes(self) -> None:
        """Tokens of a user are found by name."""
        self.collection.create_indexes([IndexModel([("user", ASCENDING)])])

    def issue(
        self, user: str, lifetime: float, *, method: str = "credentials"
    ) -> tuple[str, Document]:
        """A new token for a user, for `lifetime` seconds; and what is stored of it."""
        token = secrets.token_urlsafe(32)
        issued = datetime.now(UTC)
        document = {
            "_id": digest(token),
            "user": user,
            "method": method,
            "issued_at": issued,
            "expires_at": issued + timedelta(seconds=lifetime),
        }
        self.collection.insert_one(document)
        return token, document

    def find(self, token: str) -> Document | None:
        """What is stored of a token, if it is still good."""
        found = self.collection.find_one({"_id": digest(token)})
        return found if found and found["expires_at"] > datetime.now(UTC) else None

    def revoke(self, token: str) -> bool:
        """End a token; False when there is none."""
        return self.collection.delete_one({"_id": digest(token)}).deleted_count == 1


def digest(token: str) -> str:
    """What is stored instead of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
