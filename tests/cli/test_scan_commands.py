"""`calipso scan` and `check` with real stores, before any worker runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from calipso.cli import check as check_module
from calipso.cli import scan as scan_module
from calipso.cli import scan_watch
from calipso.cli.main import main
from calipso.model.inventory import object_key
from calipso.model.scan import Problem
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore

ENVIRONMENT = {
    "name": "east",
    "distribution": "Debian",
    "configuration": [
        {"name": "OpenStack", "host": "192.0.2.1", "user": "admin", "pwd": "x"},
        {"name": "mysql", "host": "192.0.2.1", "user": "root", "pwd": "x"},
        {"name": "CLI", "host": "192.0.2.1", "user": "root", "pwd": "x"},
    ],
}


@pytest.fixture(autouse=True)
def environment(inv: InventoryMgr, redis_url: str) -> None:
    EnvironmentStore().add(dict(ENVIRONMENT))
    found_by = {"source": "api", "scanner": "ScanEnvironment", "fetcher": "ApiFetchHosts"}
    root = object_key("east", "environment", "east")
    host = {
        "_id": object_key("east", "host", "c1"),
        "environment": "east",
        "type": "host",
        "id": "c1",
        "id_path": "/east/c1",
        "fetched_by": {**found_by, "parent": root},
    }
    inv.collection("inventory").insert_one(host)
    with Redis.from_url(redis_url) as redis:
        redis.delete("scan")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; its output. `code` is the exit code it has to end with."""

    def call(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(list(arguments)) == code
        return capsys.readouterr().out.strip()

    return call


def scan_of(scan_id: str) -> dict[str, Any]:
    return ScanStore().get(scan_id)


def test_run_prints_the_id_of_a_scan_that_is_recorded_and_queued(run: Any, redis_url: str) -> None:
    scan_id = run("scan", "run", "east")

    assert scan_of(scan_id)["status"] == "pending"
    with Redis.from_url(redis_url) as redis:
        assert scan_id in redis.lindex("scan", 0).decode() or redis.llen("scan") == 1


@pytest.mark.slow
def test_run_prints_the_id_of_a_scan_that_waits_for_the_broker(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(scan_module, "say", lambda text, **_: told.append(text))
    monkeypatch.setattr(settings(), "broker_url", "redis://127.0.0.1:1/0")
    scan_id = run("scan", "run", "east")

    assert scan_of(scan_id)["status"] == "pending"
    assert "waits for the broker" in told[0]
    assert "do not ask for it again" in told[0]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--inventory-only"], {"inventory_only": True}),
        (["--links-only"], {"links_only": True}),
        (["--cliques-only"], {"cliques_only": True}),
        (["--clear"], {"clear": True}),
        (["-y", "inventory_dev"], {"inventory": "inventory_dev"}),
        (["-i", "c1", "-t", "host"], {"object_id": "c1", "object_type": "host"}),
        (
            ["--scanner", "ScanHost", "-p", "c1", "-a", "host"],
            {"scanner": "ScanHost", "parent_id": "c1", "parent_type": "host"},
        ),
    ],
)
def test_every_flag_reaches_the_request(
    run: Any, flags: list[str], expected: dict[str, Any]
) -> None:
    request = scan_of(run("scan", "run", "east", *flags))["request"]

    assert {name: request[name] for name in expected} == expected


@pytest.mark.parametrize(
    "flags",
    [["--links-only", "--cliques-only"], ["--scanner", "ScanHost"], ["--id", "x", "--clear"]],
)
def test_flags_that_contradict_are_wrong_usage_and_start_nothing(
    run: Any, flags: list[str]
) -> None:
    run("scan", "run", "east", *flags, code=2)

    assert run("scan", "list", "-f", "value") == ""


def test_an_object_that_is_not_known_is_named_at_once_and_starts_nothing(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "run", "east", "-i", "no-such"]) == 1

    assert "east: no object no-such in the inventory" in capsys.readouterr().err
    assert run("scan", "list", "-f", "value") == ""


def test_an_unknown_environment_is_refused_with_the_nearest_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["scan", "run", "esat"]) == 1

    assert "esat" in capsys.readouterr().err


def test_a_scan_that_no_worker_picks_up_says_so(run: Any) -> None:
    run("scan", "run", "east")

    shown = run("scan", "show", "last")

    assert "of east: pending" in shown
    assert "no worker is running for queue scan" in shown


def test_list_is_newest_first_filtered_and_paged(run: Any) -> None:
    EnvironmentStore().add(ENVIRONMENT | {"name": "west"})
    first, second = run("scan", "run", "east"), run("scan", "run", "east")
    base = ("scan", "list", "-f", "value", "-c", "id")

    assert run(*base).split() == [second, first]
    assert run(*base, "--limit", "1").split() == [second]
    assert run(*base, "--marker", second).split() == [first]
    assert run(*base, "--status", "completed") == ""
    assert run(*base, "--env", "west") == ""


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ([], ""),
        (["--links-only"], "links only"),
        (["-i", "c1", "-t", "host"], "host c1"),
        (["--scanner", "ScanHost", "-p", "c1", "-a", "host"], "ScanHost of c1"),
    ],
)
def test_list_marks_a_scan_of_a_part(run: Any, flags: list[str], told: str) -> None:
    run("scan", "run", "east", *flags)

    assert run("scan", "list", "-f", "value", "-c", "part") == told


def test_cancel_ends_a_waiting_scan_once(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    scan_id = run("scan", "run", "east")

    run("scan", "cancel", scan_id)
    assert scan_of(scan_id)["status"] == "cancelled"

    assert main(["scan", "cancel", scan_id]) == 1
    assert "already ended: cancelled" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", 0), ("completed_with_errors", 3), ("failed", 1), ("cancelled", 1)],
)
def test_watching_ends_with_the_exit_code_of_the_outcome(
    run: Any, status: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan_id = run("scan", "run", "east")
    ScanStore().update(scan_id, {"status": status})

    shown = run("scan", "show", scan_id, "--watch", code=code)

    assert f"{status} in " in shown


def test_errors_are_shown_with_host_and_hint_while_watching(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    scan_id = run("scan", "run", "east")
    problem = Problem(kind="timeout", message="no answer in 10 s", hint="Is it up?", host="c1")
    ScanStore().add_problem(scan_id, problem)
    ScanStore().update(scan_id, {"status": "completed_with_errors"})

    assert main(["scan", "show", scan_id, "--watch"]) == 3

    captured = capsys.readouterr()
    assert "error: c1: no answer in 10 s\n  hint: Is it up?\n" in captured.err
    assert "1 error" in captured.out
    assert "--coverage" in captured.out


def test_interrupted_watching_says_that_the_scan_goes_on(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scan_watch, "progress", interrupt)

    assert main(["scan", "run", "east", "--watch"]) == 130

    assert "goes on; to stop it: calipso scan cancel " in capsys.readouterr().err


def test_coverage_names_what_was_not_read(run: Any) -> None:
    scan_id = run("scan", "run", "east")
    lines = [
        {"host": "c1", "source": "cli", "reached": False, "read": 0, "failed": 3, "objects": 0}
        | {"seconds": 10.0, "fetchers": {}, "problems": [{"message": "no answer", "count": 3}]}
    ]
    ScanStore().save_coverage(scan_id, "east", lines)

    shown = json.loads(run("scan", "show", scan_id, "--coverage", "-f", "json"))

    assert [(row["host"], row["reached"], row["failed"]) for row in shown] == [("c1", False, 3)]
    assert "no answer (3 times)" in run("scan", "show", scan_id, "--coverage")


def test_check_without_workers_fails_and_names_the_queues(run: Any) -> None:
    lines = {
        line["step"]: line
        for line in json.loads(run("check", "--stack-only", "-f", "json", code=1))
    }

    assert (lines["MongoDB"]["ok"], lines["Redis"]["ok"], lines["workers"]["ok"]) == (
        True,
        True,
        False,
    )
    assert "scan, events, api, db, cli, links, cliques" in lines["workers"]["message"]
    assert "calipso up" in lines["workers"]["hint"]


def test_check_is_content_when_each_queue_has_a_worker(run: Any) -> None:
    WorkerStore().beat("one@here#1", list(check_module.QUEUES))

    assert "one@here" in run("check", "--stack-only")


def test_check_shows_for_each_environment_what_fails_and_the_remedy(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_API_TIMEOUT", "0.5")
    monkeypatch.setenv("CALIPSO_SSH_CONNECT_TIMEOUT", "0.5")

    lines = json.loads(run("check", "-f", "json", code=1))

    failed = [line for line in lines if line["about"] == "east" and not line["ok"]]
    assert failed
    assert all(line["hint"] for line in failed)


def test_check_of_an_unknown_environment_fails(run: Any) -> None:
    lines = json.loads(run("check", "nowhere", "-f", "json", code=1))

    assert [line["about"] for line in lines if "nowhere" in line["message"]] == ["nowhere"]


def test_check_without_mongodb_says_what_to_do(
    run: Any, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    from calipso.settings import settings

    monkeypatch.setenv("CALIPSO_MONGO_URL", "mongodb://user:s3cret@127.0.0.1:1/")
    settings.cache_clear()

    shown = run("check", code=1)

    assert shown.startswith("FAIL")
    assert "s3cret" not in shown
    assert "calipso status" in shown
