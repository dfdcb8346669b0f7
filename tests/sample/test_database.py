"""The MySQL server of the sample cloud, asked with pymysql."""

from __future__ import annotations

from datetime import datetime
from urllib.error import HTTPError

import pymysql
import pytest

from tests.sample.clients import ask, database, host, rows
from tests.sample_cloud import RunningCloud


def test_a_wrong_password_is_refused(cloud: RunningCloud) -> None:
    with pytest.raises(pymysql.OperationalError, match="1045"), database(cloud, password="wrong"):
        pass


def test_schemas_are_found_through_information_schema(cloud: RunningCloud) -> None:
    found = rows(
        cloud,
        "SELECT table_schema AS s FROM information_schema.tables WHERE table_name IN %s",
        ["instances", "agents", "project", "cell_mappings"],
    )

    assert {row["s"] for row in found} == {"nova", "nova_cell0", "nova_api", "neutron", "keystone"}


def test_instances_in_the_database_are_those_of_the_api(cloud: RunningCloud) -> None:
    servers = ask(cloud, "compute", "/servers/detail?all_tenants=1", "2.53")["servers"]

    found = rows(cloud, "SELECT `uuid`, `host` FROM `nova`.`instances` WHERE `deleted` = %s", 0)

    assert {(row["uuid"], row["host"]) for row in found} == {
        (server["id"], server["OS-EXT-SRV-ATTR:host"]) for server in servers
    }


def test_values_come_as_the_types_of_the_columns(cloud: RunningCloud) -> None:
    row = rows(
        cloud,
        "SELECT id, created_at, deleted_at, display_name, deleted FROM nova.instances LIMIT 1",
    )[0]

    assert isinstance(row["created_at"], datetime)
    assert (row["deleted_at"], row["deleted"]) == (None, 0)
    assert isinstance(row["id"], int)
    assert isinstance(row["display_name"], str)


def test_tables_of_two_schemas_join(cloud: RunningCloud) -> None:
    found = rows(
        cloud,
        "SELECT i.uuid, p.name FROM nova.instances i"
        " LEFT JOIN keystone.project p ON p.id = i.project_id WHERE i.host IN %s",
        ["compute-1", "compute-2"],
    )

    assert found
    assert all(row["name"].startswith("team-") for row in found)


def test_what_clients_say_at_the_start_is_understood(cloud: RunningCloud) -> None:
    with database(cloud) as cursor:
        for statement in (
            "SET SESSION TRANSACTION READ ONLY",
            "SET NAMES utf8mb4",
            "SET autocommit = 1",
            "START TRANSACTION READ ONLY",
            "SELECT 1",
            "SHOW TABLES FROM neutron",
        ):
            cursor.execute(statement)
        cursor.execute("SHOW DATABASES")

        assert {"Database": "neutron"} in cursor.fetchall()


@pytest.mark.parametrize(
    ("sql", "number"),
    [("SELECT x FROM nova.nonsense", 1146), ("SELECT nonsense FROM nova.instances", 1054)],
)
def test_errors_have_the_numbers_of_mysql(cloud: RunningCloud, sql: str, number: int) -> None:
    with database(cloud) as cursor, pytest.raises(pymysql.MySQLError) as caught:
        cursor.execute(sql)

    assert caught.value.args[0] == number


def test_a_deleted_instance_is_gone_from_api_database_and_host(cloud: RunningCloud) -> None:
    before = ask(cloud, "compute", "/servers/detail", "2.53")["servers"]

    gone = cloud.mutate("delete_instance")

    after = ask(cloud, "compute", "/servers/detail", "2.53")["servers"]
    assert {server["id"] for server in before} - {server["id"] for server in after} == {gone["id"]}
    assert not rows(cloud, "SELECT uuid FROM nova.instances WHERE uuid = %s", gone["id"])
    assert not rows(cloud, "SELECT id FROM neutron.ports WHERE id IN %s", gone["ports"])


def test_a_created_instance_is_where_it_was_asked_for(cloud: RunningCloud) -> None:
    made = cloud.mutate("create_instance", host="compute-2")

    found = rows(cloud, "SELECT host FROM nova.instances WHERE uuid = %s", made["id"])
    assert found == [{"host": "compute-2"}]


def test_a_router_may_get_another_interface(cloud: RunningCloud) -> None:
    made = cloud.mutate("add_router_interface")

    port = ask(cloud, "network", f"/v2.0/ports/{made['ports'][0]}")["port"]
    assert (port["device_id"], port["network_id"]) == (made["id"], made["network"])
    with host(cloud, port["binding:host_id"]) as connection:
        assert (
            f"qr-{port['id'][:11]}" in connection.bundle("namespace_links")["namespace_links"].out
        )


def test_a_change_that_cannot_be_made_is_refused(cloud: RunningCloud) -> None:
    with pytest.raises(HTTPError, match="400"):
        cloud.mutate("delete_instance", id="nobody")


def test_the_database_may_go_away_at_a_query(cloud: RunningCloud) -> None:
    cloud.fault("mysql-drop:instances#1")

    with pytest.raises(pymysql.OperationalError):
        rows(cloud, "SELECT uuid FROM nova.instances")
    assert rows(cloud, "SELECT uuid FROM nova.instances")


def test_rows_may_come_twice(cloud: RunningCloud) -> None:
    known = rows(cloud, "SELECT uuid FROM nova.instances")
    cloud.fault("mysql-twice:instances#1")

    assert len(rows(cloud, "SELECT uuid FROM nova.instances")) == 2 * len(known)


def test_the_database_may_refuse_the_right_password(cloud: RunningCloud) -> None:
    cloud.fault("wrong-password:db")

    with pytest.raises(pymysql.OperationalError, match="1045"), database(cloud):
        pass


def test_queries_are_counted_by_table(cloud: RunningCloud) -> None:
    rows(cloud, "SELECT id FROM neutron.agents")

    counts = cloud.counts()
    assert counts["sql_queries"] == 1
    assert counts["sql_tables"] == {"neutron.agents": 1}
