"""Secrets go in and never come out: searched for in every answer, header, log line and entry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from calipso.api.operation import Need
from calipso.secrets.box import MARK_BOUND
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.token_store import digest
from calipso.stores.people.user_store import UserStore
from calipso.utils.log import QUIET, WHOLE_DOCUMENTS, setup_logging
from tests.api.auth.world import OWN, PASSWORD, Call, World, calls, environment_document

MARKED = "S3CRET"

#: Answers that hold a token on purpose: the new one, once.
TELL_A_TOKEN = {"POST /auth/tokens", "POST /users/<string:name>/tokens"}

#: What somebody might ask for who looks for secrets.
NOSY = (
    "configuration",
    "pwd",
    "key",
    "password",
    "password_hash",
    "hash",
    "token",
    "targets_configuration",
    "session",
    "_id",
)
HIDEOUTS = ("users", "tokens", "environments_config", "audit", "connection_tests", "links_users")


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two environments full of secrets; one of them as the original left it, in clear."""
    monkeypatch.setenv("CALIPSO_WORKER_LOST_AFTER", "100000")
    monkeypatch.setenv("CALIPSO_API_STREAM_SECONDS", "0.05")
    monkeypatch.setenv("CALIPSO_LOGIN_ATTEMPTS", "10000")
    settings.cache_clear()
    EnvironmentStore().collection.insert_one(environment_document("old-cloud"))
    return World(app)


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """All that was logged, with the log as talkative as the product can make it."""
    root = logging.getLogger()
    before = {name: logging.getLogger(name).level for name in (*QUIET, *WHOLE_DOCUMENTS)}
    handlers, level = [*root.handlers], root.level
    setup_logging(logging.DEBUG, libraries=True)
    yield lambda: "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in before.items():
        logging.getLogger(name).setLevel(old)


def secrets(world: World) -> list[str]:
    """Everything that must not be seen: marked words, hashes, tokens, what encryption leaves."""
    hashes = [str(item["password_hash"]) for item in UserStore().collection.find()]
    given = [*world.tokens.values()]
    stored = [digest(token) for token in given]
    return [MARKED, MARK_BOUND, "$argon2", *hashes, *given, *stored]


def told(answer: TestResponse) -> str:
    """All of an answer."""
    return f"{answer.status} {answer.headers} {answer.get_data(as_text=True)}"


def queries(call: Call) -> list[dict[str, str]]:
    """Plain, and as somebody asks who looks for secrets."""
    known = call.operation.query.model_fields if call.operation.query else {}
    asked: list[dict[str, str]] = [{}]
    if "fields" in known:
        asked += [{"fields": ",".join(NOSY)}]
    if "sort" in known:
        asked += [{"sort": name} for name in ("password_hash", "configuration")]
    if "inventory" in known:
        asked += [{"inventory": name} for name in HIDEOUTS]
    return asked


@pytest.mark.slow
def test_no_read_reveals_a_secret(world: World, log_lines: Callable[[], str]) -> None:
    found, good, hidden = [], 0, secrets(world)
    for call in calls(world.app):
        if call.method != "GET":
            continue
        for environment in (OWN, "old-cloud"):
            path = world.path(call, OWN).replace(f"configs/{OWN}", f"configs/{environment}")
            place = {"env_name": environment} if world.takes_environment(call) else {}
            if environment != OWN and path == world.path(call, OWN) and not place:
                continue
            for query in queries(call):
                given = world.query(call) | place | query
                answer = world.client("admin").get(path, query_string=given)
                text = told(answer)
                good += answer.status_code == 200
                found += [f"{call.label} {given}: {s}" for s in hidden if s in text]
    logged = log_lines()

    assert found == []
    assert [secret for secret in hidden if secret in logged] == []
    assert good > 80


@pytest.mark.long
def test_no_change_reveals_a_secret(world: World, log_lines: Callable[[], str]) -> None:
    found = []
    for call in calls(world.app):
        if call.method == "GET":
            continue
        for extra in ({}, {"no_such_field": "S3CRET-field"}):
            client = world.client("nobody" if call.operation.need is Need.NOTHING else "admin")
            body = world.body(call, OWN)
            answer = client.open(
                world.path(call, OWN),
                method=call.method,
                json=None if body is None else body | extra,
            )
            text = told(answer)
            hidden = secrets(world)
            if call.label in TELL_A_TOKEN and answer.status_code == 201:
                token = (answer.json or {})["token"]
                hidden += [digest(token)]
                assert text.count(token) == 1
            found += [f"{call.label}: {secret}" for secret in hidden if secret in text]
            entries = str(list(AuditStore().collection.find()))
            found += [f"audit after {call.label}: {s}" for s in secrets(world) if s in entries]
            if answer.status_code < 400:
                world.restore()
    logged = log_lines()

    assert found == []
    assert [secret for secret in secrets(world) if secret in logged] == []


def _wrong_environment(**section: Any) -> dict[str, Any]:
    document = environment_document("wrong-cloud")
    document["configuration"][0] |= section
    return document


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/environment_configs", _wrong_environment(port="no number")),
        ("POST", "/environment_configs", _wrong_environment(pwd=["S3CRET-list"])),
        ("POST", "/environment_configs", _wrong_environment(S3=1)),
        ("PATCH", f"/environment_configs/{OWN}", {"configuration": [{"pwd": "S3CRET-x"}]}),
        ("POST", "/users", {"name": "x", "password": "S3CRET"}),
        ("POST", "/users", {"name": "x", "password": {"S3CRET-key": 1}}),
        ("POST", "/users", {"name": "victim", "password": "S3CRET-long-enough"}),
        ("PUT", "/users/victim/password", {"password": "S3CRET"}),
        ("PUT", "/users/me/password", {"old_password": "S3CRET-old", "password": "S3CRET-new"}),
        ("POST", "/auth/tokens", {"auth": {"methods": ["token"], "token": "S3CRET"}}),
        (
            "POST",
            "/auth/tokens",
            {
                "auth": {
                    "methods": ["credentials"],
                    "credentials": {"username": "victim", "password": "S3CRET-guess"},
                }
            },
        ),
        (
            "POST",
            "/connection_tests",
            {
                "environment": OWN,
                "test_targets": ["mysql"],
                "targets_configuration": [{"name": "mysql", "pwd": "S3CRET-y", "port": "none"}],
            },
        ),
    ],
)
def test_what_is_refused_is_not_repeated(
    world: World, log_lines: Callable[[], str], method: str, path: str, body: dict[str, Any]
) -> None:
    answer = world.client("admin").open(f"/api/v1{path}", method=method, json=body)
    text = told(answer).replace("S3CRET-key", "")  # the name of a field, and named as wrong

    assert 400 <= answer.status_code < 500
    assert MARKED not in text
    assert MARKED not in log_lines()
    assert MARKED not in str(list(AuditStore().collection.find()))


def test_the_search_would_find_a_secret(world: World) -> None:
    """The seeds are where the search looks."""
    assert MARKED in PASSWORD
    assert MARKED in str(list(world.db["environments_config"].find({"name": "old-cloud"})))
    assert MARK_BOUND in str(list(world.db["environments_config"].find({"name": OWN})))
    assert "$argon2" in secrets(world)[3]
