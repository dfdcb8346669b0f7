"""An answer says whose fault an error is, and nothing else of the installation and its stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient

from calipso.api.errors import error_response
from calipso.errors import StoreError
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.mongo.mongo_access import close_clients
from tests.api.test_scans import workers

Environments = Callable[..., str]


@pytest.mark.parametrize("content", [None, "no key\n", "\n"])
def test_an_unusable_key_file_is_no_error_of_the_caller(
    admin: FlaskClient,
    environment: Environments,
    home: Path,
    content: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    environment("prod")
    workers()
    (home / "secret.keys").unlink()
    if content is not None:
        (home / "secret.keys").write_text(content)
    answer = admin.post("/api/v1/scans", json={"environment": "prod"})

    assert answer.status_code == 503
    assert answer.json["error"]["message"] == "Calipso is not set up correctly on this server"
    assert str(home) not in answer.text
    assert str(home) in caplog.text


def test_without_the_address_of_a_store_the_answer_is_general(
    admin: FlaskClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "mongo_url", "")
    close_clients()
    answer = admin.get("/api/v1/scans")

    assert answer.status_code == 503
    assert str(home) not in answer.text


def test_the_words_of_a_driver_are_for_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = MongoClient[dict[str, Any]]("127.0.0.1:1", serverSelectionTimeoutMS=50)
    with nowhere, pytest.raises(StoreError, match=r"127\.0\.0\.1") as caught:
        EnvironmentStore(nowhere["calipso"]).names()
    with app.test_request_context():
        answer = error_response(caught.value)
        text = answer.get_data(as_text=True)

    assert answer.status_code == 503
    assert "a store of Calipso does not answer" in text
    assert "127.0.0.1" not in text
    assert "127.0.0.1" in caplog.text
