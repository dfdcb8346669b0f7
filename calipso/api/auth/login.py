"""Logging in with name and password: a local user, else the directory."""

from __future__ import annotations

import logging

from flask import has_request_context, request

from calipso.api.auth.attempts import Attempt, network
from calipso.api.auth.ldap_config import ldap_config
from calipso.api.auth.ldap_directory import LdapDirectory
from calipso.api.auth.recent_logins import RecentLogins, still
from calipso.api.clients import aside
from calipso.api.errors import TooManyRequests
from calipso.errors import AuthError, ConfigError, StoreError
from calipso.model.user import Origin, User, user_name
from calipso.stores.people.user_store import UserStore

log = logging.getLogger(__name__)

#: Longer names are not looked up.
LONGEST_NAME = 256

RECENT = RecentLogins()


def log_in(name: str, password: str, address: str) -> User:
    """The user. Raises AuthError, TooManyRequests, or StoreError when the directory is away.

    The message does not say what is wrong, and an unknown name takes as long as that of a local
    user.
    """
    try:
        called = user_name(name)
    except ValueError:
        called = name[:LONGEST_NAME]
    attempt = Attempt(called, address)
    key = RECENT.key(called, network(address), password)
    if user := _known(key, attempt):
        return user
    with RECENT.turn(key):
        return _known(key, attempt) or _judged(key, attempt, called, password)


def _known(key: bytes, attempt: Attempt) -> User | None:
    """The user of a login that was right a moment ago and is still right."""
    known = RECENT.find(key)
    if known is None:
        return None
    attempt.again()
    return still(known)


def _judged(key: bytes, attempt: Attempt, name: str, password: str) -> User:
    attempt.begin()
    try:
        with aside(request.environ if has_request_context() else {}):
            user = _checked(name, password)
    except TooManyRequests:
        attempt.did_not_count()
        raise
    except StoreError:
        attempt.did_not_count()
        raise
    if user is None:
        raise AuthError(
            "authentication failed", hint="Name or password is wrong, or the user is disabled."
        )
    attempt.succeeded()
    RECENT.keep(key, user)
    return user


def _checked(name: str, password: str) -> User | None:
    """The directory is never asked for the name of a local user: it cannot take one over."""
    store = UserStore()
    known = store.find(name)
    user = store.checked(name, password)
    if user is not None or (known is not None and known.origin is Origin.LOCAL):
        return user
    directory = _directory()
    if directory is None:
        return None
    try:
        first = User(name=name, origin=Origin.LDAP, grants=directory.config.grants)
    except ValueError:
        return None
    good, role = directory.role(first.name, password)
    if not good:
        return None
    return store.seen_in_directory(first.name, role, first)


def _directory() -> LdapDirectory | None:
    """The configured directory. Raises StoreError when its file is wrong."""
    try:
        config = ldap_config()
    except ConfigError as error:
        log.error("%s", error.message)  # noqa: TRY400 - the words say it all
        raise StoreError(
            "the directory that checks passwords is not configured well",
            hint="The log of the API says what is wrong.",
        ) from error
    return LdapDirectory(config) if config else None
