"""The database source over TLS, against a real MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import DbAccessError, ErrorKind
from tests.sample_cloud.serve.certificates import self_signed

from . import mariadb_server
from .mariadb_server import MariaDb
from .scan_context import context

pytestmark = pytest.mark.skipif(bool(mariadb_server.missing()), reason=mariadb_server.missing())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    directory = tmp_path_factory.mktemp("tls")
    mariadb = MariaDb(directory, self_signed(directory / "server.pem"))
    mariadb.install()
    mariadb.start()
    mariadb.root(
        "CREATE DATABASE keystone",
        "CREATE TABLE keystone.project (id VARCHAR(64))",
        "CREATE USER scanner@'127.0.0.1' IDENTIFIED BY 'right' REQUIRE SSL",
        "GRANT SELECT ON *.* TO scanner@'127.0.0.1'",
    )
    yield mariadb
    mariadb.stop()


def projects(server: MariaDb, **section: Any) -> list[dict[str, Any]]:
    opened = context(mysql={"port": server.port, **section})
    try:
        rows: list[dict[str, Any]] = opened.source("db").select("keystone", "project", ["id"])
    finally:
        opened.close()
    return rows


def test_a_server_whose_authority_is_known_is_read_over_tls(server: MariaDb) -> None:
    assert projects(server, use_tls=True, ca_file=str(server.tls)) == []


def test_a_certificate_of_an_unknown_authority_is_refused(server: MariaDb) -> None:
    with pytest.raises(DbAccessError) as caught:
        projects(server, use_tls=True)

    assert caught.value.kind is ErrorKind.TLS
    assert "ca_file" in caught.value.hint


def test_an_account_that_needs_tls_gets_the_setting_as_a_hint(server: MariaDb) -> None:
    with pytest.raises(DbAccessError) as caught:
        projects(server)

    assert caught.value.kind is ErrorKind.LOGIN_FAILED
    assert "use_tls" in caught.value.hint


def test_a_ca_file_that_is_not_there_is_named(server: MariaDb, tmp_path: Path) -> None:
    with pytest.raises(DbAccessError, match=r"nowhere\.pem") as caught:
        projects(server, use_tls=True, ca_file=str(tmp_path / "nowhere.pem"))

    assert caught.value.kind is ErrorKind.TLS
