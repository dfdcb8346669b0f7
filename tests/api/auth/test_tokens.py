"""Logging in and out, as the original's scripts do it and as it should be."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from pymongo.collection import Collection
from werkzeug.test import TestResponse

from calipso.model.user import Role, User
from calipso.settings import settings
from calipso.stores.people import passwords, token_store
from calipso.stores.people.token_store import Method, TokenStore
from calipso.stores.people.user_store import UserStore
from tests.api.conftest import Login

PASSWORD = "correct horse"
URL = "/api/v1/auth/tokens"


@pytest.fixture
def anna(app: Flask) -> User:
    """A local user with a password."""
    user = User(name="anna", role=Role.OPERATOR)
    UserStore().add(user, PASSWORD)
    return user


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody unknown."""
    return app.test_client()


def log_in(client: FlaskClient, name: str = "anna", password: str = PASSWORD) -> TestResponse:
    """The original's body."""
    credentials = {"username": name, "password": password}
    body = {"auth": {"methods": ["credentials"], "credentials": credentials}}
    return client.post(URL, json=body)


def exchange(client: FlaskClient, token: str) -> TestResponse:
    """A token for a token."""
    return client.post(URL, json={"auth": {"methods": ["token"], "token": token}})


def moment(text: str) -> datetime:
    """A time of an answer."""
    return datetime.fromisoformat(text)


def who(client: FlaskClient, token: str) -> TestResponse:
    """Who has this token."""
    return client.get(URL, headers={"X-Auth-Token": token})


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a name and password."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_a_name_and_password_give_a_token_of_the_originals_shape(
    client: FlaskClient, anna: User
) -> None:
    answer = log_in(client)

    assert answer.status_code == 201
    assert {"token", "issued_at", "expires_at", "method", "_id"} <= answer.json.keys()
    assert answer.json["method"] == "credentials"
    assert answer.headers["Cache-Control"] == "no-store"
    lived = moment(answer.json["expires_at"]) - moment(answer.json["issued_at"])
    assert lived == timedelta(seconds=86_400)
    assert who(client, answer.json["token"]).json["name"] == "anna"


def test_the_store_holds_no_token(client: FlaskClient, anna: User) -> None:
    token = log_in(client).json["token"]

    assert token not in str(list(TokenStore().collection.find()))


def test_a_bearer_token_is_as_good(client: FlaskClient, anna: User) -> None:
    token = log_in(client).json["token"]
    answer = client.get(URL, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json["role"]) == (200, "operator")


def test_logging_out_ends_the_token_and_no_other(client: FlaskClient, anna: User) -> None:
    token, other = log_in(client).json["token"], log_in(client).json["token"]
    answer = client.delete(URL, headers={"X-Auth-Token": token})

    assert (answer.status_code, answer.json) == (200, {})
    assert who(client, token).status_code == 401
    assert who(client, other).status_code == 200
    assert client.delete(URL, headers={"X-Auth-Token": token}).status_code == 401
    assert client.delete(URL, headers=basic("anna", PASSWORD)).status_code == 400


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"methods": ["credentials"]}, "must provide credentials or token"),
        (
            {"methods": ["credentials"], "token": "t"},
            "credentials must be provided for credentials method",
        ),
        (
            {"methods": ["token"], "credentials": {"username": "anna", "password": PASSWORD}},
            "token must be provided for token method",
        ),
        (
            {"methods": ["credentials"], "credentials": {"username": "anna", "password": "no"}},
            "authentication failed",
        ),
        (
            {"methods": ["credentials"], "credentials": {"username": "anna", "password": ""}},
            "authentication failed",
        ),
        (
            {"methods": ["credentials"], "credentials": {"username": "a\nb*", "password": "no"}},
            "authentication failed",
        ),
        ({"methods": ["token"], "token": "f" * 64}, "the token is unknown or has expired"),
    ],
)
def test_errors_have_the_words_of_the_original(
    client: FlaskClient, anna: User, auth: dict[str, object], words: str
) -> None:
    answer = client.post(URL, json={"auth": auth})

    assert (answer.status_code, answer.json["error"]["message"]) == (401, words)


@pytest.mark.parametrize("body", [{}, {"auth": {}}, {"auth": {"methods": []}}, {"auth": "x"}])
def test_a_bad_body_is_a_bad_request(client: FlaskClient, body: dict[str, object]) -> None:
    assert client.post(URL, json=body).status_code == 400


def test_credentials_that_are_named_count_before_a_token(client: FlaskClient, anna: User) -> None:
    token = log_in(client).json["token"]
    credentials = {"username": "anna", "password": "wrong one"}
    auth = {"methods": ["token", "credentials"], "credentials": credentials, "token": token}

    assert client.post(URL, json={"auth": auth}).status_code == 401


def test_a_token_got_with_a_token_ends_with_the_session(
    client: FlaskClient, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_TOKEN_LIFETIME", "3600")
    monkeypatch.setenv("CALIPSO_TOKEN_LONGEST_SESSION", "5400")
    settings.cache_clear()
    first = log_in(client).json
    second = exchange(client, first["token"]).json
    later = {"ends_at": datetime.now(UTC) + timedelta(seconds=600)}
    TokenStore().collection.update_one({"key": second["id"]}, {"$set": later})
    third = exchange(client, second["token"]).json

    assert second["method"] == third["method"] == "token"
    assert moment(first["ends_at"]) - moment(first["issued_at"]) == timedelta(seconds=5400)
    assert second["ends_at"] == first["ends_at"]
    assert third["expires_at"] == third["ends_at"] < second["expires_at"]


def changes_the_password() -> None:
    UserStore().set_password("anna", "another horse")


def disables_and_enables() -> None:
    UserStore().change("anna", disabled=True)
    UserStore().change("anna", disabled=False)


def revokes_all() -> None:
    UserStore().revoke_all("anna")


def removes_and_adds_again() -> None:
    UserStore().remove("anna")
    UserStore().add(User(name="anna", role=Role.ADMIN), PASSWORD)


def revokes_the_session() -> None:
    TokenStore().revoke_key("anna", TokenStore().of("anna")[0]["key"])


@pytest.mark.parametrize(
    "ends", [changes_the_password, disables_and_enables, revokes_all, removes_and_adds_again]
)
def test_a_login_that_is_on_the_way_when_sessions_end_opens_nothing(
    client: FlaskClient, anna: User, monkeypatch: pytest.MonkeyPatch, ends: Callable[[], None]
) -> None:
    checked = UserStore.checked

    def overtaken(store: UserStore, name: str, password: str) -> User | None:
        user = checked(store, name, password)
        ends()
        return user

    with monkeypatch.context() as patch:
        patch.setattr(UserStore, "checked", overtaken)
        token = log_in(client).json["token"]

    assert who(client, token).status_code == exchange(client, token).status_code == 401


@pytest.mark.parametrize(
    "ends",
    [
        changes_the_password,
        disables_and_enables,
        revokes_all,
        removes_and_adds_again,
        revokes_the_session,
    ],
)
def test_an_exchange_that_is_on_the_way_when_the_session_ends_leaves_no_token(
    client: FlaskClient, anna: User, monkeypatch: pytest.MonkeyPatch, ends: Callable[[], None]
) -> None:
    token = log_in(client).json["token"]
    stored = TokenStore._store

    def overtaken(store: TokenStore, *given: Any) -> Any:
        ends()
        return stored(store, *given)

    monkeypatch.setattr(TokenStore, "_store", overtaken)

    assert exchange(client, token).status_code == 401
    assert TokenStore().collection.count_documents({}) == 0


def test_a_token_that_comes_in_while_those_of_its_session_are_removed_goes_too(
    client: FlaskClient, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = TokenStore().issue("anna", 600, method=Method.SERVICE)
    found = TokenStore().find(first)
    late = (found or {}) | {"_id": "late", "key": "late", "method": "token"}
    delete_many = Collection.delete_many

    def overtaken(collection: Collection[Any], wanted: Any) -> Any:
        """The late one is stored behind where the store looks."""
        ended = delete_many(collection, wanted)
        if late:
            collection.insert_one(late.copy())
            late.clear()
        return ended

    monkeypatch.setattr(Collection, "delete_many", overtaken)

    assert UserStore().revoke_all("anna") == 2
    assert TokenStore().of("anna") == []


def test_a_session_has_a_bounded_number_of_tokens_and_the_oldest_ends(
    client: FlaskClient, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_store, "MOST_EXCHANGED", 3)
    other = log_in(client).json["token"]
    first = log_in(client).json["token"]
    got = [exchange(client, token).json["token"] for token in [other, *[first] * 5]]

    assert [who(client, token).status_code for token in got] == [200, 401, 401, 200, 200, 200]
    assert who(client, first).status_code == who(client, other).status_code == 200


def test_a_service_token_given_while_sessions_end_stays(
    client: FlaskClient, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    distinct, given = Collection.distinct, []

    def overtaken(collection: Collection[Any], *words: Any) -> Any:
        known = distinct(collection, *words)
        given.append(TokenStore().issue("anna", 600, method=Method.SERVICE)[0])
        return known

    monkeypatch.setattr(Collection, "distinct", overtaken)
    UserStore().set_password("anna", "another horse")

    assert who(client, given[0]).status_code == 200


def test_a_token_that_is_over_is_refused_before_the_store_removes_it(
    client: FlaskClient, anna: User
) -> None:
    token = log_in(client).json["token"]
    over = {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    TokenStore().collection.update_many({}, {"$set": over})

    assert who(client, token).status_code == 401
    assert exchange(client, token).status_code == 401
    indexes = TokenStore().collection.index_information().values()
    assert [index["expireAfterSeconds"] for index in indexes if "expireAfterSeconds" in index] == [
        0
    ]


def test_a_token_knows_when_it_was_last_used_to_the_minute(client: FlaskClient, anna: User) -> None:
    token = log_in(client).json["token"]
    stored = TokenStore().collection

    def used(before: timedelta) -> datetime:
        """What is stored after a use, when the one before it was so long ago."""
        stored.update_one({}, {"$set": {"used_at": datetime.now(UTC) - before}})
        assert who(client, token).status_code == 200
        return TokenStore().of("anna")[0]["used_at"]

    assert "used_at" not in TokenStore().of("anna")[0]
    assert who(client, token).status_code == 200
    now = datetime.now(UTC)
    assert now - TokenStore().of("anna")[0]["used_at"] < timedelta(seconds=30)
    assert now - used(timedelta(seconds=40)) > timedelta(seconds=30)
    assert now - used(timedelta(seconds=70)) < timedelta(seconds=30)


def test_name_and_password_are_good_for_one_request_and_leave_no_token(
    client: FlaskClient, anna: User
) -> None:
    answer = client.get(URL, headers=basic("anna", PASSWORD))

    assert (answer.json["name"], answer.json["method"]) == ("anna", "basic")
    assert answer.json["expires_at"] is None
    assert TokenStore().collection.count_documents({}) == 0


def test_a_password_may_hold_colons_and_any_letters(client: FlaskClient, app: Flask) -> None:
    UserStore().add(User(name="ben"), "a:b:ü-long")

    assert client.get(URL, headers=basic("ben", "a:b:ü-long")).status_code == 200
    assert client.get(URL, headers=basic("ben", "a")).status_code == 401


@pytest.mark.parametrize("given", ["", "Basic", "Basic !", "Basic YQ==", "Digest x", "Bearer"])
def test_half_a_header_is_no_login(client: FlaskClient, anna: User, given: str) -> None:
    answer = client.get(URL, headers={"Authorization": given})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_case_of_a_name_does_not_count(client: FlaskClient, anna: User) -> None:
    assert log_in(client, "  ANNA ").json["user"] == "anna"


def test_a_disabled_user_gets_nowhere(client: FlaskClient, anna: User) -> None:
    token = log_in(client).json["token"]
    service, _ = TokenStore().issue("anna", 600, method=Method.SERVICE)
    UserStore().change("anna", disabled=True)

    assert log_in(client).status_code == 401
    assert who(client, token).status_code == who(client, service).status_code == 401
    assert client.get(URL, headers=basic("anna", PASSWORD)).status_code == 401


def test_tokens_of_a_removed_user_do_not_come_back_with_the_name(
    client: FlaskClient, anna: User, login: Login
) -> None:
    token = log_in(client).json["token"]
    UserStore().remove("anna")
    left, _ = TokenStore().issue("anna", 600)
    UserStore().add(User(name="anna", role=Role.ADMIN), PASSWORD)

    assert who(client, token).status_code == who(client, left).status_code == 401


def test_a_hash_of_older_parameters_is_renewed_at_login(client: FlaskClient, anna: User) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    UserStore().collection.update_one({"name": "anna"}, {"$set": {"password_hash": old}})

    assert log_in(client).status_code == 201
    stored = UserStore().collection.find_one({"name": "anna"})
    assert stored is not None
    assert stored["password_hash"] != old
    assert not passwords.HASHER.check_needs_rehash(stored["password_hash"])
    assert UserStore().checked("anna", PASSWORD) is not None


def test_an_unknown_name_costs_the_work_of_a_known_one(
    client: FlaskClient, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        verified.append(stored.split("$")[3])
        return verify(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for name in ("anna", "nobody", "../*"):
        assert log_in(client, name, "wrong one").status_code == 401

    assert len(verified) == 3
    assert len(set(verified)) == 1


def test_who_am_i_names_grants_of_the_user_and_of_environments(
    login: Login, environment: object, home: Path
) -> None:
    client = login("operator", "cleo", prod="view")
    environment("lab", auth={"view-env": ["cleo", "x"], "edit-env": ["CLEO"]})  # type: ignore[operator]
    environment("far", auth={"view-env": ["x"], "edit-env": []})  # type: ignore[operator]

    assert client.get(URL).json["grants"] == {"prod": "view", "lab": "edit"}
