"""Sessions of browsers: a cookie no script reads, and a header no other page can send."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calipso.model.user import Role, User
from calipso.stores.people.token_store import TokenStore
from calipso.stores.people.user_store import UserStore
from tests.api.auth.world import OWN, PASSWORD, World, calls

ROOT = "/api/v1"
SESSIONS = f"{ROOT}/auth/sessions"
WORDS = {"username": "anna", "password": "correct horse battery"}


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    UserStore().add(User(name="anna", role=Role.ADMIN), WORDS["password"])
    return app.test_client()


def logged_in(browser: FlaskClient) -> dict[str, Any]:
    answer = browser.post(SESSIONS, json=WORDS)
    assert answer.status_code == 201
    return dict(answer.json)


def test_the_cookie_is_not_for_scripts_nor_for_other_sites(browser: FlaskClient) -> None:
    answer = browser.post(SESSIONS, json=WORDS)
    cookie = answer.headers["Set-Cookie"]

    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie  # it came by HTTP
    assert answer.headers["Cache-Control"] == "no-store"
    token = cookie.partition("=")[2].partition(";")[0]
    assert token not in answer.text


def test_by_https_the_cookie_goes_by_https_only(browser: FlaskClient) -> None:
    answer = browser.post(SESSIONS, json=WORDS, base_url="https://calipso.example.org")

    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_session_reads_as_its_user(browser: FlaskClient) -> None:
    assert browser.get(f"{ROOT}/environment_configs").status_code == 401
    told = logged_in(browser)

    assert browser.get(f"{ROOT}/environment_configs").status_code == 200
    assert browser.get(SESSIONS).json == told
    assert (told["name"], told["role"]) == ("anna", "admin")


@pytest.mark.parametrize("given", [None, "", "0" * 64])
def test_a_change_without_the_header_is_refused(browser: FlaskClient, given: str | None) -> None:
    logged_in(browser)
    headers = {} if given is None else {"X-CSRF-Token": given}
    body = {"name": "bob", "role": "viewer", "password": "another long password"}
    answer = browser.post(f"{ROOT}/users", json=body, headers=headers)

    assert answer.status_code == 401
    assert "X-CSRF-Token" in answer.text
    assert UserStore().find("bob") is None


def test_a_change_with_the_header_counts(browser: FlaskClient) -> None:
    headers = {"X-CSRF-Token": logged_in(browser)["csrf"]}
    body = {"name": "bob", "role": "viewer", "password": "another long password"}

    assert browser.post(f"{ROOT}/users", json=body, headers=headers).status_code == 201


def test_the_header_of_one_session_is_not_that_of_another(browser: FlaskClient) -> None:
    first, second = logged_in(browser)["csrf"], logged_in(browser)["csrf"]

    assert first != second
    assert browser.delete(SESSIONS, headers={"X-CSRF-Token": first}).status_code == 401


def test_logging_out_ends_the_session_everywhere(browser: FlaskClient) -> None:
    told = logged_in(browser)
    cookie = browser.get_cookie("calipso_session")
    assert cookie is not None
    gone = browser.delete(SESSIONS, headers={"X-CSRF-Token": told["csrf"]})

    assert gone.status_code == 204
    assert browser.get_cookie("calipso_session") is None
    assert TokenStore().find(cookie.value) is None


def test_a_wrong_password_gives_no_cookie(browser: FlaskClient) -> None:
    answer = browser.post(SESSIONS, json=WORDS | {"password": "wrong"})

    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_token_in_a_header_needs_no_other_header_and_wins(browser: FlaskClient) -> None:
    logged_in(browser)
    UserStore().add(User(name="script", role=Role.VIEWER))
    token, _ = TokenStore().issue("script", 600)
    told = browser.get(SESSIONS, headers={"X-Auth-Token": token}).json

    assert told["name"] == "script"


def test_no_operation_that_changes_something_takes_the_cookie_without_the_header(
    app: Flask,
) -> None:
    world, refused = World(app), []
    browser = app.test_client()
    told = browser.post(SESSIONS, json={"username": "admin", "password": PASSWORD})
    assert told.status_code == 201
    before = {name: list(world.db[name].find()) for name in world.kept if name != "audit"}
    for call in calls(app):
        if call.method == "GET" or call.operation.open:
            continue
        answer = browser.open(world.path(call, OWN), method=call.method, json=world.body(call, OWN))
        assert answer.status_code == 401, call.label
        assert "X-CSRF-Token is missing" in answer.json["error"]["message"], call.label
        refused.append(call.method)

    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(refused)
    for name, documents in before.items():
        assert list(world.db[name].find()) == documents, name


def test_the_specification_names_the_header_where_it_is_needed(browser: FlaskClient) -> None:
    paths = browser.get(f"{ROOT}/openapi.json").json["paths"]
    wrong = [
        f"{method} {path}"
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method != "parameters"
        and (method != "get" and operation.get("security") != [])
        != ("X-CSRF-Token" in {item["name"] for item in operation["parameters"]})
    ]

    assert wrong == []
    assert len(paths) > 20
