"""`calipso user`: what a person types, what it shows, and what of it is in the audit."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from calipso.api.auth.caller import caller_with
from calipso.api.server import prepare
from calipso.cli.main import main
from calipso.cli.stack.commands import _show_first_admin
from calipso.errors import AuthError, ConfigError
from calipso.model.user import Role, User
from calipso.settings import settings
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.first_admin import ensure_admin
from calipso.stores.people.token_store import TokenStore
from calipso.stores.people.user_store import UserStore
from calipso.stores.scans.retention import Housekeeping
from tests.api.auth.test_tokens import log_in

Command = Callable[..., str]


@pytest.fixture
def user(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs `calipso user ...`: `user("list", fails=1, stdin="...")`; returns what it showed."""

    def run(*arguments: str, stdin: str = "", fails: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(["user", *arguments])
        shown = capsys.readouterr()
        assert code == fails, shown.err
        return shown.err if fails else shown.out

    return run


def test_a_user_is_added_shown_changed_and_removed(user: Command, app: Flask) -> None:
    user(
        "add", "Anna", "--role", "operator", "--grant", "prod=view", "--password-file", "-",
        stdin="correct horse\n",
    )  # fmt: skip
    assert log_in(app.test_client(), "anna", "correct horse").status_code == 201
    user("grant", "anna", "prod=edit", "*=view")
    user("grant", "anna", "--withdraw", "*", "--role", "viewer")
    (shown,) = json.loads(user("list", "-f", "json"))
    assert shown == {
        "name": "anna",
        "role": "viewer",
        "grants": ["prod=edit"],
        "origin": "local",
        "disabled": False,
    }
    user("grant", "anna", "--disable")
    assert "yes" in user("show", "anna", "-c", "disabled", "-f", "value")
    assert "--yes" in user("remove", "anna", fails=1)
    user("remove", "anna", "--yes")
    assert "no user anna" in user("show", "anna", fails=1)

    entries = list(AuditStore().collection.find({"source": "cli"}).sort("_id", 1))
    assert [entry["operation"] for entry in entries] == [
        "user add",
        "user grant",
        "user grant",
        "user grant",
        "user remove",
    ]
    assert {entry["target"] for entry in entries} == {"anna"}


def test_a_new_password_ends_sessions_and_leaves_service_tokens(user: Command, app: Flask) -> None:
    user("add", "anna", "--password-file", "-", stdin="correct horse")
    session = log_in(app.test_client(), "anna", "correct horse").json["token"]
    service = user("token", "anna", "--days", "3", "--name", "backup").strip()
    user("passwd", "anna", "--password-file", "-", stdin="another horse")

    with pytest.raises(AuthError):
        caller_with(session)
    assert caller_with(service).name == "anna"
    assert log_in(app.test_client(), "anna", "correct horse").status_code == 401


def test_a_service_token_is_shown_once_listed_and_revoked(user: Command) -> None:
    user("add", "backup", "--without-password")
    token = user("token", "backup", "--days", "2", "--name", "nightly").strip()
    (listed,) = json.loads(user("tokens", "backup", "-f", "json"))
    caller = caller_with(token)
    (used,) = json.loads(user("tokens", "backup", "-f", "json"))
    further, _ = TokenStore().exchange(caller.token, 10**9)
    lived = caller_with(further).token["expires_at"] - caller.token["issued_at"]

    assert (listed["label"], listed["method"], listed["used_at"]) == ("nightly", "service", None)
    assert used["used_at"] >= listed["issued_at"]
    assert token not in user("tokens", "backup", "-f", "json")
    assert lived == timedelta(days=2)
    user("revoke", "backup", listed["id"])
    for gone in (token, further):
        with pytest.raises(AuthError):
            caller_with(gone)
    assert "no token" in user("revoke", "backup", listed["id"], fails=1)


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["add", "a/b", "--password-file", "-"], "correct horse", "not a valid name for a user"),
        (["add", "me", "--password-file", "-"], "correct horse", "not a valid name for a user"),
        (["add", "anna", "--password-file", "-"], "short", "has 5 characters"),
        (["add", "anna", "--password-file", "-"], "two\nlines of it", "one line"),
        (["add", "anna"], "", "no password for anna"),
        (["add", "anna", "--grant", "prod"], "", "not a grant"),
        (["add", "old", "--password-file", "-"], "correct horse", "user old already exists"),
        (["grant", "old"], "", "nothing to change"),
        (["revoke", "old"], "", "which token?"),
        (["grant", "old", "--role", "viewer"], "", "old is the last admin"),
        (["grant", "old", "--disable"], "", "old is the last admin"),
        (["remove", "old", "--yes"], "", "old is the last admin"),
    ],
)
def test_what_is_wrong_is_said(user: Command, arguments: list[str], stdin: str, words: str) -> None:
    UserStore().add(User(name="old", role=Role.ADMIN))

    assert words in user(*arguments, stdin=stdin, fails=1)
    (old,) = UserStore().all()
    assert (old.name, old.role, old.disabled) == ("old", Role.ADMIN, False)
    assert AuditStore().collection.count_documents({}) == 0


def test_of_many_first_starts_one_makes_the_admin(home: Path, app: Flask) -> None:
    made: list[tuple[str, ...]] = []
    with ThreadPoolExecutor(6) as threads:
        for _ in range(6):
            threads.submit(ensure_admin, lambda *told: made.append(told))

    assert len(made) == 1
    name, password = made[0]
    assert log_in(app.test_client(), name, password).status_code == 201
    assert UserStore().get(name).role is Role.ADMIN


def test_an_admin_whose_password_cannot_be_written_is_made_at_the_next_start(
    app: Flask, home: Path
) -> None:
    path = home / "admin.password"
    path.mkdir(parents=True)
    with pytest.raises(ConfigError, match="password of the first admin cannot be written"):
        prepare()
    assert UserStore().all() == []
    path.rmdir()
    prepare()

    assert log_in(app.test_client(), "admin", path.read_text().strip()).status_code == 201


def test_up_makes_no_admin_whose_password_goes_nowhere(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        _show_first_admin(home / "none" / "password")
    assert UserStore().all() == []
    _show_first_admin(home.parent / "password")
    written = (home.parent / "password").read_text().strip()

    assert UserStore().checked("admin", written) is not None
    assert written not in capsys.readouterr().err


def test_where_there_are_users_no_admin_is_made(home: Path) -> None:
    UserStore().add(User(name="anna"))

    ensure_admin(pytest.fail)
    assert [user.name for user in UserStore().all()] == ["anna"]


def test_old_entries_of_the_audit_go(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALIPSO_RETENTION_DAYS_AUDIT", "30")
    settings.cache_clear()
    AuditStore().add_command("user add", "old")
    ago = datetime.now(UTC) - timedelta(days=31)
    AuditStore().collection.update_many({}, {"$set": {"time": ago}})
    AuditStore().add_command("user add", "new")
    Housekeeping().run()

    assert [entry["target"] for entry in AuditStore().collection.find()] == ["new"]
