"""The database source against a real MariaDB."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from calipso.errors import DbAccessError, ErrorKind
from calipso.settings import settings
from calipso.sources.context import ScanContext
from calipso.sources.db.db_access import DbAccess

from . import mariadb_server
from .mariadb_server import MariaDb
from .scan_context import context

pytestmark = pytest.mark.skipif(bool(mariadb_server.missing()), reason=mariadb_server.missing())

CELL = [
    "CREATE DATABASE {0}",
    "CREATE TABLE {0}.instances (uuid VARCHAR(36), host VARCHAR(255), deleted INT)",
    "CREATE TABLE {0}.instance_info_caches (instance_uuid VARCHAR(36), network_info TEXT)",
]
CLOUD = [
    *[line.format("nova") for line in CELL],
    *[line.format("nova_cell0") for line in CELL],
    *[line.format("nova_cell2") for line in CELL],
    "CREATE DATABASE nova_api",
    "CREATE TABLE nova_api.aggregates (id INT, name VARCHAR(255))",
    "CREATE TABLE nova_api.cell_mappings (id INT, uuid VARCHAR(36), name VARCHAR(255),"
    " database_connection TEXT)",
    "CREATE DATABASE neutron",
    "CREATE TABLE neutron.networks (id VARCHAR(36))",
    "CREATE TABLE neutron.agents (id VARCHAR(36), host VARCHAR(255), `binary` VARCHAR(255),"
    " started_at DATETIME)",
    "CREATE DATABASE keystone",
    "CREATE TABLE keystone.project (id VARCHAR(64))",
    "INSERT INTO nova.instances VALUES ('u1', 'compute-1', 0), ('u2', 'compute-2', 7)",
    "INSERT INTO nova_cell2.instances VALUES ('u3', 'compute-3', 0)",
    "INSERT INTO neutron.agents VALUES ('a1', 'compute-1', 'ovs', '2026-01-02 03:04:05')",
    "CREATE USER scanner@'127.0.0.1' IDENTIFIED BY 'right'",
    "GRANT ALL ON *.* TO scanner@'127.0.0.1'",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    mariadb = MariaDb(tmp_path_factory.mktemp("db"))
    mariadb.install()
    mariadb.start()
    mariadb.root(*CLOUD)
    yield mariadb
    mariadb.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CALIPSO_DB_TIMEOUT", "1")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def db(server: MariaDb) -> Iterator[Any]:
    opened: list[ScanContext] = []

    def make(**section: Any) -> DbAccess:
        opened.append(context(mysql={"port": server.port, **section}))
        access: DbAccess = opened[-1].source("db")
        return access

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def second_cloud(server: MariaDb) -> Iterator[None]:
    server.root(
        "CREATE DATABASE prod_neutron",
        "CREATE TABLE prod_neutron.networks (id INT)",
        "CREATE TABLE prod_neutron.agents (id INT)",
        *[line.format("prod_nova") for line in CELL],
    )
    yield
    server.root("DROP DATABASE prod_neutron", "DROP DATABASE prod_nova")


def failure(access: DbAccess, kind: str = "neutron", table: str = "agents") -> DbAccessError:
    with pytest.raises(DbAccessError) as caught:
        access.select(kind, table, ["id"])
    assert caught.value.hint
    assert "right" not in str(caught.value)
    return caught.value


def test_schemas_are_found_by_their_tables(db: Any) -> None:
    assert db().schemas() == {
        "nova": ["nova", "nova_cell0", "nova_cell2"],
        "nova_api": ["nova_api"],
        "neutron": ["neutron"],
        "keystone": ["keystone"],
    }


def test_a_select_reads_every_cell_and_says_which(db: Any) -> None:
    rows = db().select("nova", "instances", ["uuid"], {"deleted": 0})

    assert [(row["uuid"], row["_cell"]) for row in rows] == [("u1", "nova"), ("u3", "nova_cell2")]


def test_a_column_with_a_reserved_name_can_be_read(db: Any) -> None:
    assert db().select("neutron", "agents", ["binary"]) == [{"binary": "ovs"}]


def test_times_are_utc_in_iso_8601(db: Any) -> None:
    assert db().select("neutron", "agents", ["started_at"]) == [
        {"started_at": "2026-01-02T03:04:05Z"}
    ]


def test_a_long_list_of_values_is_asked_in_portions(db: Any) -> None:
    access = db()
    uuids = [f"x{number}" for number in range(1500)] + ["u1"]

    rows = access.select("nova", "instances", ["uuid"], {"uuid": uuids, "deleted": 0})

    assert [row["uuid"] for row in rows] == ["u1"]
    assert (
        access.context.counters["sql_queries"] == 2 + 2 * 3
    )  # the schemas, the addresses of cells  # schemas, then twice per cell


def test_an_empty_list_of_values_asks_nothing(db: Any) -> None:
    access = db()

    assert access.select("neutron", "agents", ["id"], {"host": []}) == []
    assert access.context.counters["sql_queries"] == 1  # only the schemas


def test_a_value_is_never_part_of_the_statement(db: Any) -> None:
    hostile = "x' OR '1'='1'; DROP TABLE neutron.agents; -- "

    assert db().select("neutron", "agents", ["id"], {"host": hostile}) == []
    assert len(db().select("neutron", "agents", ["id"])) == 1


def test_an_invalid_name_is_refused_before_anything_is_sent(db: Any) -> None:
    access = db()
    access.schemas()

    with pytest.raises(ValueError, match="ml2_`x"):
        access.select("neutron", "ml2_`x` UNION SELECT 1", ["id"])

    assert access.context.counters["sql_queries"] == 1


def test_the_session_cannot_write_although_the_account_may(db: Any) -> None:
    access = db()

    with pytest.raises(DbAccessError, match="READ ONLY"):
        access.pool.query("DELETE FROM neutron.agents", [])

    assert len(access.select("neutron", "agents", ["id"])) == 1


@pytest.mark.usefixtures("second_cloud")
def test_two_clouds_on_one_server_are_told_apart_by_the_schema_setting(db: Any) -> None:
    found = db(schema="prod_nova").schemas()

    assert (found["nova"], found["neutron"]) == (["prod_nova"], ["prod_neutron"])
    assert db().schemas()["neutron"] == ["neutron"]


def test_several_schemas_to_choose_from_are_named_with_the_setting(
    server: MariaDb, db: Any
) -> None:
    server.root(
        "CREATE DATABASE old_api",
        "CREATE TABLE old_api.aggregates (id INT)",
        "CREATE TABLE old_api.cell_mappings (id INT)",
    )
    access = db(schema="nova_cell2")

    error = failure(access, "nova_api", "aggregates")

    server.root("DROP DATABASE old_api")
    assert error.kind is ErrorKind.SCHEMA
    assert "nova_api, old_api" in str(error)
    assert "`schema`" in error.hint


def test_a_schema_that_is_not_there_is_named_with_those_that_are(db: Any) -> None:
    error = failure(db(schema="prod_nova"))

    assert error.kind is ErrorKind.SCHEMA
    assert "prod_nova" in str(error)
    assert "nova_cell2" in str(error)


def test_an_account_that_may_not_read_a_schema_gets_the_grant_as_a_hint(
    server: MariaDb, db: Any
) -> None:
    server.root(
        "CREATE USER narrow@'127.0.0.1' IDENTIFIED BY 'right'",
        "GRANT SELECT ON nova.* TO narrow@'127.0.0.1'",
    )

    error = failure(db(user="narrow"))

    assert error.kind is ErrorKind.SCHEMA
    assert "GRANT SELECT" in error.hint


def test_an_unknown_table_is_a_schema_error(db: Any) -> None:
    assert failure(db(), "neutron", "ml2_vxlan_endpoints").kind is ErrorKind.SCHEMA


def test_a_connection_that_was_cut_is_made_again(server: MariaDb, db: Any) -> None:
    access = db()
    access.select("neutron", "agents", ["id"])
    sessions = "SELECT id FROM information_schema.processlist WHERE user = 'scanner'"
    for (number,) in server.root(sessions):
        server.root(f"KILL {number}")

    assert len(access.select("neutron", "agents", ["id"])) == 1


def test_a_server_that_stops_is_unreachable_and_read_again_when_it_is_back(
    server: MariaDb, db: Any
) -> None:
    access = db()
    access.select("neutron", "agents", ["id"])

    server.stop()
    error = failure(access)
    server.start()

    assert (error.kind, error.retryable) == (ErrorKind.UNREACHABLE, True)
    assert len(access.select("neutron", "agents", ["id"])) == 1


def test_a_query_that_hangs_is_a_timeout(server: MariaDb, db: Any) -> None:
    access = db()
    access.schemas()
    started = time.monotonic()
    with server.connect() as locker, locker.cursor() as cursor:
        cursor.execute("LOCK TABLES neutron.agents WRITE")

        error = failure(access)

    assert error.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - started < 3


def test_a_server_that_does_not_answer_is_not_waited_for_again_and_again(db: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        access = db(port=silent.getsockname()[1])
        started = time.monotonic()

        errors = [failure(access) for _ in range(20)]

    assert {error.kind for error in errors} == {ErrorKind.TIMEOUT}
    assert time.monotonic() - started < 3  # db_timeout is 1 s


def test_a_wrong_password_is_tried_once_for_all_fetchers(server: MariaDb, db: Any) -> None:
    refused = "SHOW GLOBAL STATUS LIKE 'Access_denied_errors'"
    before = int(server.root(refused)[0][1])
    access = db(pwd="wrong")

    errors = [failure(access) for _ in range(3)]

    assert {error.kind for error in errors} == {ErrorKind.LOGIN_FAILED}
    assert int(server.root(refused)[0][1]) == before + 1


def test_a_server_that_is_not_there_is_unreachable(db: Any) -> None:
    assert failure(db(port=1)).kind is ErrorKind.UNREACHABLE


def test_threads_share_connections_and_get_their_own_rows(server: MariaDb, db: Any) -> None:
    access = db()

    def uuid_on(host: str) -> str:
        rows = access.select("nova", "instances", ["uuid"], {"host": host})
        return str(rows[0]["uuid"])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(uuid_on, ["compute-1", "compute-2", "compute-3"] * 20))

    assert found == ["u1", "u2", "u3"] * 20
    sessions = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'scanner'"
    assert server.root(sessions)[0][0] <= 8


def test_a_recorder_gets_the_rows_and_the_tables_schemas_are_known_by(db: Any) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.kept: list[tuple[Any, ...]] = []

        def db(self, *what: Any) -> None:
            self.kept.append(what)

    access = db()
    access.context.recorder = Recorder()
    access.select("neutron", "agents", ["id"])

    assert ("neutron", "agents", [{"id": "a1"}]) in access.context.recorder.kept
    assert ("nova_api", "cell_mappings", []) in access.context.recorder.kept
