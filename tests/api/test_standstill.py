"""A MongoDB that stands still in the middle of a request: the API answers 503 within seconds."""

from __future__ import annotations

import time

import pytest
from flask import Flask, Response

from calipso.api import patience
from calipso.errors import InstallationError
from calipso.settings import settings
from calipso.stores.mongo.mongo_access import close_clients
from tests.api.conftest import Login
from tests.conftest import Stores
from tests.stalling import Stalling

pytestmark = pytest.mark.alone

SECONDS = 5.0


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("environment_configs", "environments_config"),
        ("scans", "scans"),
    ],
)
def test_a_request_that_has_begun_to_read_is_answered_within_seconds(
    stores: Stores, login: Login, monkeypatch: pytest.MonkeyPatch, path: str, word: str
) -> None:
    client = login()
    with Stalling(stores.mongo_url, f"{word}\0") as way:
        monkeypatch.setenv("CALIPSO_MONGO_URL", way.url)
        settings.cache_clear()
        close_clients()
        began = time.monotonic()
        answer = client.get(f"/api/v1/{path}", headers={"X-Request-ID": "r1"})
        took = time.monotonic() - began
        close_clients()

    assert way.stalled.is_set()
    assert answer.status_code == 503
    assert answer.json is not None
    error = answer.json["error"]
    assert error["message"] == "a store of Calipso does not answer"
    assert error["request_id"] == answer.headers["X-Request-ID"] == "r1"
    assert answer.headers["Connection"] == "close"
    assert answer.headers["Retry-After"]
    assert took < SECONDS


def test_a_request_that_needs_no_store_is_answered_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(self: object) -> None:
        raise InstallationError("no store is set up")

    def slow() -> str:
        time.sleep(patience.LOOK_SECONDS * 1.5)
        return "done"

    monkeypatch.setattr(patience.MongoAccess, "check_moves", away)
    app = Flask("slow")
    app.add_url_rule("/", view_func=slow)
    app.wsgi_app = patience.Patience(app, lambda _: Response(status=503))  # type: ignore[method-assign]

    assert app.test_client().get("/").text == "done"
