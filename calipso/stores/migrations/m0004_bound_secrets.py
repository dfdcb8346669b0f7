"""Stored secrets are bound to the configuration they belong to: a change beside Calipso is seen."""

from __future__ import annotations

from pymongo.database import Database

from calipso.model.documents import Document
from calipso.secrets.binding import sealed
from calipso.secrets.box import MARK, SecretBox, map_secrets
from calipso.stores.mongo.encoding import decode, encode

DESCRIPTION = "Secrets of environments are bound to their addresses. The key file is needed."

NAME = "environments_config"


def affected(database: Database[Document]) -> int:
    """Return the number of environments with secrets of the older form."""
    return sum(_is_old(item) for item in database[NAME].find({}, {"configuration": 1}))


def upgrade(database: Database[Document]) -> int:
    """Encrypt them anew; returns how many environments. Raises ConfigError without the key."""
    box, done = SecretBox(), 0
    found_old = [item for item in database[NAME].find({}, {"configuration": 1}) if _is_old(item)]
    for key in [item["_id"] for item in found_old]:
        while (found := database[NAME].find_one({"_id": key})) is not None and _is_old(found):
            stored = found["configuration"]
            clear = map_secrets(decode(stored), box.decrypt)
            fresh = encode(sealed(str(found["name"]), clear, box))
            same = {"_id": key, "configuration": stored}
            changed = database[NAME].update_one(same, {"$set": {"configuration": fresh}})
            done += changed.matched_count
    return done


def _is_old(item: Document) -> bool:
    found: list[bool] = []

    def look(value: str) -> str:
        found.append(value.startswith(MARK))
        return value

    map_secrets(item.get("configuration", []), look)
    return any(found)
