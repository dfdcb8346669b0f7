"""`/ui/`: what is served, with which headers, and what is said without a build."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from calipso.api import pages


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Calipso</title>")
    (folder / "assets" / "main-ABC.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(pages, "BUILT", folder)
    return folder


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/ui/", "/ui/search?q=web", "/ui/env/prod/object/65a1"])
def test_every_view_is_the_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.usefixtures("built")
def test_a_built_file_is_kept_for_ever(client: FlaskClient) -> None:
    answer = client.get("/ui/assets/main-ABC.js")

    assert answer.text == "1"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "javascript" in answer.content_type


@pytest.mark.usefixtures("built")
def test_a_file_is_compressed_for_who_takes_that(client: FlaskClient) -> None:
    answer = client.get("/ui/assets/main-ABC.js", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == b"1"
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", ["../secret.txt", "..%2fsecret.txt", "assets/../../secret.txt"])
def test_no_address_leads_out_of_the_build(client: FlaskClient, name: str) -> None:
    assert "secret" not in client.get(f"/ui/{name}").text


@pytest.mark.usefixtures("built")
def test_a_file_of_another_build_is_not_found(client: FlaskClient) -> None:
    assert client.get("/ui/assets/main-OLD.js").status_code == 404


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/", "/ui"])
def test_the_address_of_the_server_leads_to_the_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/ui/")


def test_without_a_build_the_address_of_the_server_leads_to_the_documentation(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "BUILT", tmp_path / "nothing")

    assert client.get("/").headers["Location"] == "/api/v1/doc"


def test_without_a_build_the_page_says_how_to_build(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "BUILT", tmp_path / "nothing")
    answer = client.get("/ui/")

    assert answer.status_code == 404
    assert "make ui" in answer.text
    assert client.get("/healthz").status_code == 200
