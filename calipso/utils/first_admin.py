"""The first admin: made when there is no user at all, so that somebody can log in."""

from __future__ import annotations

import secrets

from calipso.errors import Conflict
from calipso.model.user import Role, User
from calipso.utils.user_store import UserStore

NAME = "admin"


def ensure_admin() -> tuple[str, str] | None:
    """Name and password of the admin this call made; None when there are users already.

    The password is nowhere else: show it to a person once, and not in a log. Of several starts at
    once one makes it: names are unique in the store.
    """
    store = UserStore()
    store.ensure_indexes()
    if store.collection.find_one({}, {"_id": 1}):
        return None
    password = secrets.token_urlsafe(15)
    try:
        store.add(User(name=NAME, role=Role.ADMIN), password)
    except Conflict:
        return None
    return NAME, password
