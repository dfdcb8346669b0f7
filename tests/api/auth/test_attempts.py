"""Wrong passwords are counted, with Redis and without."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from calipso.api.auth import attempts
from calipso.api.auth.attempts import Attempt, network
from calipso.api.errors import TooManyRequests
from calipso.model.user import User
from calipso.settings import settings
from calipso.stores.people.user_store import UserStore
from tests.api.auth.test_tokens import PASSWORD, URL, basic, log_in


@pytest.fixture(params=["redis", "this process"])
def client(
    app: Flask, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> FlaskClient:
    """A stranger who may try thrice."""
    if request.param == "this process":
        monkeypatch.setenv("CALIPSO_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CALIPSO_LOGIN_ATTEMPTS", "3")
    monkeypatch.setattr(attempts, "_HERE", attempts._Here())
    settings.cache_clear()
    UserStore().add(User(name="anna"), PASSWORD)
    UserStore().add(User(name="ben"), PASSWORD)
    return app.test_client()


def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(client: FlaskClient) -> None:
    answers = [log_in(client, password="wrong one").status_code for _ in range(4)]
    refused = log_in(client)

    assert answers == [401, 401, 401, 429]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 300
    assert refused.json["error"]["code"] == "too_many_requests"
    assert client.get(URL, headers=basic("anna", PASSWORD)).status_code == 429


def test_a_password_that_was_right_a_moment_ago_has_to_wait_too(client: FlaskClient) -> None:
    assert client.get(URL, headers=basic("anna", PASSWORD)).status_code == 200
    for _ in range(3):
        log_in(client, password="wrong one")

    assert client.get(URL, headers=basic("anna", PASSWORD)).status_code == 429


@pytest.mark.parametrize(
    ("password", "statuses"),
    [(PASSWORD, [200] * 12), ("wrong one", [401] * 3 + [429] * 9)],
)
def test_many_requests_at_once_are_refused_for_wrong_passwords_only(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, password: str, statuses: list[int]
) -> None:
    verify, began = PasswordHasher.verify, threading.Barrier(12)

    def slow(hasher: PasswordHasher, stored: str, password: str) -> bool:
        time.sleep(0.1)
        return verify(hasher, stored, password)

    def ask(_: int) -> int:
        began.wait()
        asked = client.application.test_client()
        return asked.get(URL, headers=basic("anna", password)).status_code

    monkeypatch.setattr(PasswordHasher, "verify", slow)
    with ThreadPoolExecutor(12) as threads:
        assert sorted(threads.map(ask, range(12))) == statuses


def test_others_are_not_shut_out_with_one_name(client: FlaskClient) -> None:
    for _ in range(4):
        log_in(client, password="wrong one")

    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    body = {"methods": ["credentials"], "credentials": {"username": "anna", "password": PASSWORD}}
    answer = client.post("/api/v1/auth/tokens", json={"auth": body}, environ_base=elsewhere)
    assert answer.status_code == 201
    assert log_in(client, "ben").status_code == 201


def test_the_right_password_forgets_the_wrong_ones(client: FlaskClient) -> None:
    for _ in range(3):
        log_in(client, password="wrong one")
        log_in(client, password="wrong one")
        assert log_in(client).status_code == 201


def test_a_name_has_a_limit_over_all_addresses_and_an_address_over_all_names(
    client: FlaskClient,
) -> None:
    for number in range(30):
        Attempt("anna", f"192.0.2.{number}").begin()
        Attempt(f"name{number}", "198.51.100.1").begin()

    with pytest.raises(TooManyRequests):
        Attempt("anna", "203.0.113.1").begin()
    with pytest.raises(TooManyRequests):
        Attempt("somebody", "198.51.100.1").begin()
    Attempt("somebody", "203.0.113.1").begin()


def test_refused_attempts_count_nowhere(client: FlaskClient) -> None:
    """Else an attacker shuts out the whole address, or the name everywhere, at no cost."""
    for _ in range(40):
        try:
            Attempt("anna", "192.0.2.1").begin()
        except TooManyRequests:
            continue

    Attempt("anna", "192.0.2.2").begin()
    Attempt("ben", "192.0.2.1").begin()


def test_what_could_not_be_checked_does_not_count(client: FlaskClient) -> None:
    for _ in range(10):
        attempt = Attempt("anna", "192.0.2.1")
        attempt.begin()
        attempt.did_not_count()


def test_a_window_ends(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALIPSO_LOGIN_WINDOW", "1")
    settings.cache_clear()
    for _ in range(3):
        Attempt("anna", "192.0.2.1").begin()
    with pytest.raises(TooManyRequests) as caught:
        Attempt("anna", "192.0.2.1").begin()

    assert caught.value.retry_after == 1
    time.sleep(1.1)
    Attempt("anna", "192.0.2.1").begin()


COUNT = """
import sys
from calipso.api.auth.attempts import Attempt
from calipso.api.errors import TooManyRequests
for _ in range(3):
    try:
        Attempt("anna", "192.0.2.1").begin()
        print("counted")
    except TooManyRequests:
        print("refused")
"""


@pytest.mark.parametrize("client", ["redis"], indirect=True)
def test_processes_count_together(client: FlaskClient) -> None:
    began = [
        subprocess.Popen([sys.executable, "-c", COUNT], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    words = [word for process in began for word in process.communicate(timeout=60)[0].split()]

    assert sorted(words) == ["counted"] * 3 + ["refused"] * 6


def test_when_redis_fails_this_process_counts_and_asks_it_no_more_for_a_while(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:  # accepts, never answers
        port = silent.getsockname()[1]
        monkeypatch.setenv("CALIPSO_REDIS_URL", f"redis://127.0.0.1:{port}/0")
        monkeypatch.setenv("CALIPSO_LOGIN_ATTEMPTS", "3")
        monkeypatch.setattr(attempts, "_HERE", attempts._Here())
        settings.cache_clear()
        began = time.monotonic()
        for _ in range(3):
            Attempt("anna", "192.0.2.1").begin()
        with pytest.raises(TooManyRequests):
            Attempt("anna", "192.0.2.1").begin()

    assert time.monotonic() - began < 5
    assert caplog.text.count("Redis failed") == 1


def test_many_guesses_at_once_are_no_way_around(client: FlaskClient) -> None:
    passed = []

    def guess() -> None:
        try:
            Attempt("anna", "192.0.2.1").begin()
        except TooManyRequests:
            return
        passed.append(1)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == 3


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_ipv6_counts_by_the_network_of_a_customer(address: str, counted: str) -> None:
    assert network(address) == counted
