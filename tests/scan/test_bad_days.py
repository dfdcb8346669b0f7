"""Bad days: each fault has a defined outcome, is reported with place and remedy, loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import contents

pytestmark = pytest.mark.slow

COMPUTE = "compute-2"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCloud]:
    """One cloud for all tests of this file; its commands go through sudo."""
    sizes = {"hosts": 5, "instances": 12, "networks": 5, "ssh_user": "scanner"}
    with running_cloud(name="bad", seed=3, **sizes) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def calm() -> dict[int, dict[str, list[dict[str, Any]]]]:
    """What a scan without faults leaves in the database, for each state of the cloud."""
    return {}


@pytest.fixture
def cloud(
    running: RunningCloud,
    inv: InventoryMgr,
    monkeypatch: pytest.MonkeyPatch,
    calm: dict[int, dict[str, list[dict[str, Any]]]],
) -> Iterator[RunningCloud]:
    """The cloud, scanned once without faults; time-outs are short."""
    for name, seconds in (("SSH_CONNECT", "3"), ("COMMAND", "2"), ("API", "3"), ("DB", "3")):
        monkeypatch.setenv(f"CALIPSO_{name}_TIMEOUT", seconds)
    monkeypatch.setenv("CALIPSO_HOST_TIMEOUT", "12")
    settings.cache_clear()
    running.clear()
    EnvironmentStore().add(running.environment)  # its secrets are encrypted for this test
    if running.mutations not in calm:
        assert run()["status"] == "completed"
        names = set(inv.db.list_collection_names()) - {"environments_config"}
        calm[running.mutations] = {name: list(inv.db[name].find()) for name in names}
    else:
        for name, documents in calm[running.mutations].items():
            inv.db[name].delete_many({})
            if documents:
                inv.db[name].insert_many(documents)
    yield running
    running.clear()


def run() -> dict[str, Any]:
    return run_local(ScanRequest(environment="bad"))


def error_of(record: dict[str, Any], host: str = "") -> dict[str, Any]:
    """The one error that a fault at this host led to; it says all that a person needs."""
    errors = [error for error in record["errors"] if not error["warning"]]
    mine = [error for error in errors if host in ("", error["host"])]
    assert mine, record["errors"]
    assert all(error["message"] for error in errors)
    assert mine[0]["hint"], mine[0]
    return mine[0]


def ids(inv: InventoryMgr) -> set[tuple[str, str]]:
    return {(item["type"], item["id"]) for item in inv.find_items({"environment": "bad"})}


HOST_FAULTS = {
    f"dead-host:{COMPUTE}": "unreachable",
    f"blackhole-host:{COMPUTE}": "timeout",
    f"hanging-host:{COMPUTE}": "timeout",
    f"sudo-password:{COMPUTE}": "sudo",
    f"closed-channel:{COMPUTE}": "truncated",
}


@pytest.mark.parametrize(("fault", "kind"), HOST_FAULTS.items())
def test_a_host_that_cannot_be_read_keeps_its_objects(
    cloud: RunningCloud, inv: InventoryMgr, fault: str, kind: str
):
    before = ids(inv)
    cloud.fault(fault)

    record = run()

    assert record["status"] == "completed_with_errors"
    error = error_of(record, COMPUTE)
    assert error["kind"] in (kind, "timeout", "unreachable", "truncated")
    assert COMPUTE in error["message"]
    assert ids(inv) == before
    stale = inv.find_items({"environment": "bad", "stale_since": {"$exists": True}})
    assert stale
    assert {item["host"] for item in stale} == {COMPUTE}

    cloud.clear()
    assert run()["status"] == "completed"
    assert inv.find_items({"stale_since": {"$exists": True}}) == []
    assert ids(inv) == before


def test_a_dead_host_is_one_error_and_one_line_of_the_report(
    cloud: RunningCloud, inv: InventoryMgr
):
    cloud.fault(f"dead-host:{COMPUTE}")

    record = run()

    assert [error["host"] for error in record["errors"]] == [COMPUTE]
    lines = inv.db["coverage"].find({"scan_id": record["_id"], "source": "cli"})
    # the line without a host names the fetchers that this environment does not need
    reached = {line["host"]: line["reached"] for line in lines if line["host"]}
    assert reached.pop(COMPUTE) is False
    assert reached
    assert all(reached.values())


COMMAND_FAULTS = [
    f"hanging-command:ovs@{COMPUTE}",
    f"garbage-command:links@{COMPUTE}",
    f"truncated-command:domains@{COMPUTE}",
    f"garbage-command:ovs@{COMPUTE}",
    f"missing-tool:ovs-vsctl@{COMPUTE}",
    f"failing-command:domains@{COMPUTE}",
]


@pytest.mark.parametrize("fault", COMMAND_FAULTS)
def test_a_command_that_fails_leaves_the_answers_of_others(
    cloud: RunningCloud, inv: InventoryMgr, fault: str
):
    before = ids(inv)
    cloud.fault(fault)

    record = run()

    assert record["status"] == "completed_with_errors"
    error_of(record, COMPUTE)
    assert {error["host"] for error in record["errors"]} == {COMPUTE}
    assert ids(inv) == before


def test_a_banner_on_stderr_is_no_failure(cloud: RunningCloud, inv: InventoryMgr):
    before = contents(inv, "bad")
    cloud.fault("noisy-stderr:*")

    record = run()

    assert (record["status"], record["errors"]) == ("completed", [])
    assert contents(inv, "bad") == before


API_FAULTS = ["http-500:/compute", "http-truncate:/compute", "http-garbage:/compute"]


@pytest.mark.parametrize("fault", API_FAULTS)
def test_a_broken_nova_costs_nothing_that_was_known(
    cloud: RunningCloud, inv: InventoryMgr, fault: str
):
    before = ids(inv)
    cloud.fault(fault)

    record = run()

    assert record["status"] == "completed_with_errors"
    error_of(record)
    assert ids(inv) == before


def test_a_broken_page_of_servers_is_no_sign_that_they_are_gone(
    cloud: RunningCloud, inv: InventoryMgr
):
    before = ids(inv)
    cloud.fault("http-garbage:/compute/v2.1/servers")

    record = run()

    assert record["status"] == "completed_with_errors"
    assert ids(inv) == before


@pytest.mark.parametrize(
    ("fault", "status", "source"),
    [
        ("wrong-password:api", "failed", "api"),
        ("wrong-password:db", "completed_with_errors", "db"),
        ("wrong-password:ssh", "completed_with_errors", "cli"),
    ],
)
def test_a_wrong_password_is_reported_for_its_source_and_never_shown(
    cloud: RunningCloud, inv: InventoryMgr, fault: str, status: str, source: str
):
    before = ids(inv)
    cloud.fault(fault)

    record = run()

    assert record["status"] == status
    error = error_of(record)
    assert (error["kind"], error["source"]) == ("login_failed", source)
    secrets = [part["pwd"] for part in cloud.environment["configuration"] if part.get("pwd")]
    assert not any(secret in str(record) for secret in secrets)
    assert ids(inv) == before


def test_a_database_that_goes_away_once_is_asked_again(cloud: RunningCloud, inv: InventoryMgr):
    cloud.fault("mysql-drop:neutron.agents#1")

    assert run()["status"] == "completed"


def test_a_database_that_stays_away_is_reported(cloud: RunningCloud, inv: InventoryMgr):
    before = ids(inv)
    cloud.fault("mysql-drop:*")

    record = run()

    assert record["status"] == "completed_with_errors"
    assert "db" in {error["source"] for error in record["errors"]}
    assert ids(inv) == before


def test_tls_towards_a_server_without_it_is_reported(cloud: RunningCloud, inv: InventoryMgr):
    document = cloud.environment | {"name": "tls"}
    sections = [dict(part) for part in document["configuration"]]
    for part in sections:
        if part["name"] == "OpenStack":
            part.update(use_tls=True, auth_url="")
    EnvironmentStore().add(document | {"configuration": sections})

    record = run_local(ScanRequest(environment="tls"))

    assert record["status"] == "failed"
    assert error_of(record)["kind"] == "tls"


def test_names_with_shell_metacharacters_execute_nothing(cloud: RunningCloud, inv: InventoryMgr):
    name = "x\"; touch /tmp/calipso-was-here; $(reboot) `id` '<b>"
    cloud.mutate("create_instance", name=name)

    record = run()

    assert record["status"] == "completed"
    assert [item["name"] for item in inv.find("bad", "instance") if item["name"] == name] == [name]
