"""Name and password with each request: checked now and then, and what changed counts at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from calipso.api.auth import recent_logins
from calipso.api.auth.login import RECENT
from calipso.api.auth.recent_logins import RecentLogins
from calipso.model.user import Origin, Role, User
from calipso.stores.people.user_store import UserStore
from tests.api.auth.test_tokens import (
    PASSWORD,
    URL,
    anna,
    basic,
    changes_the_password,
    client,
    removes_and_adds_again,
    revokes_all,
)

__all__ = ["anna", "client"]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One item for each password that was checked."""
    found: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        found.append(password)
        return verify(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    return found


def ask(client: FlaskClient, name: str = "anna", password: str = PASSWORD) -> int:
    """The status of a request with name and password."""
    return client.get(URL, headers=basic(name, password)).status_code


def test_a_password_that_was_right_is_not_checked_at_each_request(
    client: FlaskClient, anna: User, checks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [ask(client), ask(client, "ANNA"), ask(client)] == [200, 200, 200]
    assert checks == [PASSWORD]
    assert ask(client, password="wrong one") == ask(client, password="wrong one") == 401
    assert len(checks) == 3
    assert PASSWORD not in str(vars(RECENT))

    monkeypatch.setitem(recent_logins.SECONDS, Origin.LOCAL, 0.0)
    RECENT._known.clear()
    assert [ask(client), ask(client)] == [200, 200]
    assert len(checks) == 5


def disables() -> None:
    UserStore().change("anna", disabled=True)


def removes() -> None:
    UserStore().remove("anna")


def makes_a_viewer() -> None:
    UserStore().change("anna", role=Role.VIEWER)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (changes_the_password, 401),
        (disables, 401),
        (removes, 401),
        (removes_and_adds_again, 200),
        (revokes_all, 200),
        (makes_a_viewer, 200),
    ],
)
def test_what_changed_of_the_user_counts_at_the_next_request(
    client: FlaskClient, anna: User, checks: list[str], change: Callable[[], None], status: int
) -> None:
    assert ask(client) == 200
    change()

    assert ask(client) == status
    assert len(checks) == 2


def test_a_login_is_known_for_its_own_name_address_and_password_only() -> None:
    logins = RecentLogins()
    keys = {logins.key(*words) for words in (("a", "b", "c"), ("a", "bc", ""), ("ab", "", "c"))}

    assert len(keys) == 3
    assert logins.key("a", "b", "c") in keys
    assert RecentLogins().key("a", "b", "c") not in keys


def test_the_memory_for_logins_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_logins, "MOST", 2)
    logins = RecentLogins()
    keys = [logins.key(name) for name in ("anna", "ben", "cleo")]
    for key in keys:
        logins.keep(key, User(name="anna"))

    assert [logins.find(key) is not None for key in keys] == [False, False, True]
