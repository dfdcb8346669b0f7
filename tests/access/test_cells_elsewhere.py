"""Cells of Nova on database servers of their own, found by `cell_mappings`, read by our account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calipso.errors import CellsAway
from calipso.model.sections import MysqlSection
from calipso.probe.environment_test import database_steps
from calipso.probe.steps import Step
from calipso.settings import settings
from calipso.sources.db.cells import cells_elsewhere, unreadable_cells
from calipso.sources.db.db_access import DbAccess

from . import mariadb_server
from .mariadb_server import MariaDb
from .scan_context import context

HERE = ["nova", "nova_cell0"]
NOVAS = "n0va-s3cret"


def section(**more: Any) -> MysqlSection:
    document = {"host": "192.0.2.11", "user": "scanner", "pwd": "right", **more}
    return MysqlSection.model_validate(document)


def mapping(name: str, place: str, schema: str) -> dict[str, Any]:
    url = f"mysql+pymysql://nova:{NOVAS}@{place}/{schema}?charset=utf8"
    return {"name": name, "uuid": name, "database_connection": url}


def found(*rows: dict[str, Any], **more: Any) -> list[tuple[str, str, int, str]]:
    cells = cells_elsewhere(rows, section(**more), HERE)
    assert NOVAS not in repr(cells)
    assert {(cell.section.user, cell.section.pwd) for cell in cells} <= {
        ("scanner", "right"),
        ("other", "own"),
    }
    return [(cell.name, cell.section.host, cell.section.port, cell.schema) for cell in cells]


def test_cells_on_the_main_server_are_not_elsewhere() -> None:
    assert found(mapping("c0", "192.0.2.11", "nova_cell0"), mapping("c1", "vip", "nova")) == []


def test_a_cell_on_another_server_is_read_there() -> None:
    rows = [mapping("c1", "192.0.2.11", "nova"), mapping("c2", "192.0.2.22:3307", "nova_cell2")]

    assert found(*rows) == [("c2", "192.0.2.22", 3307, "nova_cell2")]


def test_two_cells_with_one_name_of_their_schema_are_told_apart_by_address() -> None:
    rows = [mapping("c1", "192.0.2.11", "nova"), mapping("c2", "192.0.2.22", "nova")]

    assert found(*rows) == [("c2", "192.0.2.22", 3306, "nova")]


def test_an_ipv6_address_and_an_odd_password_are_understood() -> None:
    row = mapping("c2", "[2001:db8::2]:3306", "nova_2")
    row["database_connection"] = row["database_connection"].replace(NOVAS, f"{NOVAS}%40:x")

    assert found(row) == [("c2", "2001:db8::2", 3306, "nova_2")]


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "none:///",
        "sqlite:////var/lib/nova.db",
        "{scheme}://{username}:{password}@{hostname}:{port}/nova_9?{query}",
        "mysql://nova@[broken/nova_9",
        "mysql://nova@host:notaport/nova_9",
    ],
)
def test_an_address_that_names_no_server_is_no_cell_elsewhere(url: str | None) -> None:
    assert found({"name": "c9", "database_connection": url}) == []


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("mysql://nova@[broken/nova_9", ["c9"]),
        ("mysql://nova@host:notaport/nova_9", ["c9"]),
        ("mysql://nova@192.0.2.9:3306/nova_9", []),
        ("{scheme}://{username}:{password}@{hostname}:{port}/nova_9?{query}", []),
        ("none:///", []),
        (None, []),
    ],
)
def test_an_address_that_cannot_be_read_is_named_by_its_cell(
    url: str | None, names: list[str]
) -> None:
    row = {"name": "c9", "database_connection": url}

    assert unreadable_cells([row], section()) == names
    assert unreadable_cells([row], section(cells={"c9": {"host": "192.0.2.9"}})) == []


def test_the_section_may_say_how_a_cell_is_reached() -> None:
    row = mapping("c2", "db.internal", "nova_cell2")
    cells = {"c2": {"host": "192.0.2.99", "port": 13306, "user": "other", "pwd": "own"}}

    assert found(row, cells=cells) == [("c2", "192.0.2.99", 13306, "nova_cell2")]


CELL = (
    "CREATE DATABASE {0}",
    "CREATE TABLE {0}.instances (uuid VARCHAR(36), host VARCHAR(255), deleted INT)",
    "CREATE TABLE {0}.instance_info_caches (instance_uuid VARCHAR(36), network_info TEXT)",
)
ACCOUNT = (
    "CREATE USER scanner@'127.0.0.1' IDENTIFIED BY 'right'",
    "GRANT ALL ON *.* TO scanner@'127.0.0.1'",
)


@pytest.fixture
def two_servers(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[MariaDb, MariaDb]]:
    if mariadb_server.missing():
        pytest.skip(mariadb_server.missing())
    monkeypatch.setenv("CALIPSO_DB_TIMEOUT", "1")
    settings.cache_clear()
    servers = [MariaDb(tmp_path_factory.mktemp(name)) for name in ("main", "cell")]
    for server in servers:
        server.install()
        server.start()
        server.root(*[line.format("nova") for line in CELL], *ACCOUNT)
    yield servers[0], servers[1]
    for server in servers:
        server.stop()
    settings.cache_clear()


def mapped(main: MariaDb, other: MariaDb) -> None:
    """Let `nova_api` on the main server name a cell there and one on the other."""
    urls = [f"mysql://nova:{NOVAS}@127.0.0.1:{server.port}/nova" for server in (main, other)]
    main.root(
        "CREATE DATABASE nova_api",
        "CREATE TABLE nova_api.aggregates (id INT)",
        "CREATE TABLE nova_api.cell_mappings (id INT, uuid VARCHAR(36), name VARCHAR(9),"
        " database_connection TEXT)",
        f"INSERT INTO nova_api.cell_mappings VALUES (1, '1', 'cell1', '{urls[0]}')",
        f"INSERT INTO nova_api.cell_mappings VALUES (2, '2', 'cell2', '{urls[1]}')",
    )


def test_a_select_reads_the_cell_on_the_other_server_and_spares_the_rest_when_it_is_down(
    two_servers: tuple[MariaDb, MariaDb],
) -> None:
    main, other = two_servers
    mapped(main, other)
    main.root("INSERT INTO nova.instances VALUES ('u1', 'compute-1', 0)")
    other.root("INSERT INTO nova.instances VALUES ('u2', 'compute-2', 0)")
    opened = context(mysql={"port": main.port})
    access: DbAccess = opened.source("db")
    try:
        rows = access.select("nova", "instances", ["uuid"])
        assert [row["uuid"] for row in rows] == ["u1", "u2"]
        assert rows[1]["_cell"] == f"cell2 at 127.0.0.1:{other.port}"

        other.stop()
        with pytest.raises(CellsAway) as caught:
            access.select("nova", "instances", ["uuid"], {"deleted": 0})
    finally:
        opened.close()

    assert [row["uuid"] for row in caught.value.rows] == ["u1"]
    assert str(other.port) in caught.value.message
    assert NOVAS not in repr(caught.value)


def test_the_test_of_an_environment_reads_the_cells_on_other_servers_too(
    two_servers: tuple[MariaDb, MariaDb],
) -> None:
    main, other = two_servers
    mapped(main, other)
    for server in two_servers:
        for table in ("instances", "instance_info_caches"):
            server.root(f"ALTER TABLE nova.{table} ADD id INT")

    def tried() -> Step:
        opened = context(mysql={"port": main.port})
        try:
            steps = {step.name: step for step in database_steps(opened, {})}
        finally:
            opened.close()
        assert steps["DB nova_api"].ok
        return steps["DB nova"]

    well = tried()
    assert well.ok
    assert well.message == f"nova, cell2 at 127.0.0.1:{other.port}"

    other.stop()
    unwell = tried()
    assert not unwell.ok
    assert str(other.port) in unwell.message
    assert NOVAS not in repr(unwell)


def test_two_cells_of_one_name_are_read_each_at_its_server_and_a_bad_address_is_told(
    two_servers: tuple[MariaDb, MariaDb],
) -> None:
    main, other = two_servers
    mapped(main, other)
    main.root(
        "UPDATE nova_api.cell_mappings SET name = 'cell', database_connection ="
        f" 'mysql://nova:{NOVAS}@127.0.0.1:1/nova' WHERE id = 1",
        "UPDATE nova_api.cell_mappings SET name = 'cell' WHERE id = 2",
        f"INSERT INTO nova_api.cell_mappings VALUES (3, '3', 'c9', 'mysql://n:{NOVAS}@h:x/nova')",
    )
    opened = context(mysql={"port": main.port})
    try:
        places = opened.source("db").places("nova")
    finally:
        told, _ = opened.drain()
        opened.close()

    elsewhere = {name: pool.server for name, pool, _ in places if name != "nova"}
    assert elsewhere == {
        f"cell at 127.0.0.1:{port}": f"127.0.0.1:{port}" for port in (1, other.port)
    }
    assert ["c9" in problem.message for problem in told] == [True]
    assert NOVAS not in repr(told)
