"""The first admin: it is made when there is no user, so that somebody can log in."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from calipso.errors import ConfigError, Conflict
from calipso.model.user import Role, User
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.user_store import UserStore

NAME = "admin"


def ensure_admin(show: Callable[[str, str], None]) -> None:
    """Make the admin if there is no user, and call `show` with its name and password.

    The password is not stored: show it to a person once, and not in a log. If several processes
    start at once, one of them makes the admin, because names are unique in the store. Raises
    ConfigError when `show` fails; then there is no user, and the next start makes one.
    """
    store = UserStore()
    store.ensure_indexes()
    if store.collection.find_one({}, {"_id": 1}):
        return
    password = secrets.token_urlsafe(15)
    try:
        store.add(User(name=NAME, role=Role.ADMIN), password)
    except Conflict:
        return
    try:
        show(NAME, password)
    except OSError as error:
        store.collection.delete_one({"name": NAME})
        raise ConfigError(
            f"the password of the first admin cannot be written: {error}",
            hint=f"Correct that and start again, or run: calipso user add {NAME} --role admin.",
        ) from error
    AuditStore().add_command("first admin", NAME)
