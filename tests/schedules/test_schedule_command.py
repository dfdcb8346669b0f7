"""`calipso schedule` with a real store."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from calipso.cli.main import main
from calipso.discover.engine.schedules import dispatch
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.config.schedule_store import ScheduleStore
from tests.scan.conftest import ToyCloud
from tests.schedules.conftest import scan_at_once


@pytest.fixture
def run(toy: ToyCloud, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command that has to end with `code`; its output, or with a failure its errors."""

    def call(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(["schedule", *arguments]) == code
        output = capsys.readouterr()
        return (output.err if code else output.out).strip()

    return call


def shown(run: Any, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("show", name, "-f", "json"))
    return document


def test_add_prints_the_name_and_stores_every_option(run: Any):
    name = run(
        *("add", "toy", "--freq", "weekly", "--weekday", "fr", "--weekday", "MO", "--at", "3:05"),
        *("--interval", "2", "--time-zone", "Europe/Berlin", "--clear", "-y", "inventory_dev"),
    )

    found = shown(run, name)
    assert name == found["name"] == "toy-weekly"
    assert found["when"] == "every 2 weeks on MO, FR at 03:05 Europe/Berlin"
    assert found["request"] == {"inventory": "inventory_dev", "clear": True}
    assert found["state"] == "on"


@pytest.mark.parametrize(
    ("options", "when"),
    [
        (["--freq", "YEARLY", "--month", "2", "--day", "29", "--at", "00:00"], "on 02-29"),
        (["--freq", "MONTHLY", "--day", "31", "--at", "12:00"], "every month on day 31 at 12:00"),
        (["--freq", "DAILY", "--at", "23:59"], "every day at 23:59 UTC"),
        (["--freq", "HOURLY", "--at", ":15", "--interval", "6"], "every 6 hours at minute 15"),
        (["--freq", "MINUTELY", "--interval", "5"], "every 5 minutes"),
        (["--freq", "ONCE", "--at", "2999-01-01T10:00"], "once at 2999-01-01 10:00:00 UTC"),
    ],
)
def test_each_frequency_has_its_words(run: Any, options: list[str], when: str):
    assert when in shown(run, run("add", "toy", *options))["when"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--freq", "ONCE"], "ONCE needs --at"),
        (["--freq", "ONCE", "--at", "tomorrow"], "expected YYYY-MM-DDTHH:MM"),
        (["--freq", "ONCE", "--at", "2999-01-01T10:00+02:00"], "give the zone by --time-zone"),
        (["--freq", "DAILY", "--at", "25:00"], "expected HH:MM"),
        (["--freq", "HOURLY", "--at", "12:15"], "it is the minute"),
        (["--freq", "MINUTELY", "--at", "12:15"], "not possible with MINUTELY"),
        (["--freq", "DAILY", "--time-zone", "Europe/Berln"], "did you mean Europe/Berlin?"),
        (["--freq", "DAILY", "--day", "3"], "day: not allowed with freq DAILY"),
        (["--freq", "MONTHLY", "--day", "32"], "day: "),
        (["--freq", "DAILY", "--interval", "0"], "interval: "),
        (["--freq", "DAILY", "--links-only", "--cliques-only"], "at most one of"),
        (["--freq", "SOMETIMES"], "SOMETIMES"),
        ([], "--freq"),
    ],
)
def test_wrong_usage_is_an_error_and_stores_nothing(run: Any, options: list[str], said: str):
    assert said in run("add", "toy", *options, code=2)
    assert ScheduleStore().list() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "toi", "--freq", "DAILY"], "no environment toi; did you mean toy?"),
        (["add", "toy", "--freq", "DAILY", "--name", "a b"], "not a name"),
        (["add", "toy", "--freq", "DAILY", "--name", "mine"], "schedule mine already exists"),
        (["add", "toy", "--freq", "ONCE", "--at", "2020-01-01T00:00"], "still to come"),
        (["show", "mime"], "no schedule mime; did you mean mine?"),
        (["remove", "x"], "no schedule x"),
        (["enable", "x"], "no schedule x"),
        (["disable", "x"], "no schedule x"),
    ],
)
def test_what_fails_says_why_and_what_to_do(run: Any, arguments: list[str], said: str):
    run("add", "toy", "--freq", "DAILY", "--name", "mine")

    error = run(*arguments, code=1)

    assert said in error
    assert "hint: " in error
    assert ScheduleStore().names() == ["mine"]


def test_names_are_made_and_do_not_clash(run: Any):
    names = [run("add", "toy", "--freq", "DAILY") for _ in range(3)]

    assert names == ["toy-daily", "toy-daily-2", "toy-daily-3"]


def test_nothing_is_planned_before_the_start(run: Any):
    run("add", "toy", "--freq", "DAILY", "--at", "10:00", "--start", "2998-12-31T11:00")

    assert shown(run, "toy-daily")["next"] == "2999-01-01T10:00:00Z"


def test_show_gives_the_next_five_slots(run: Any):
    run("add", "toy", "--freq", "DAILY", "--at", "10:00", "--start", "2998-02-27T11:00")

    slots = shown(run, "toy-daily")["next_slots"]

    assert slots == [
        f"2998-{day}T10:00:00Z" for day in ("02-28", "03-01", "03-02", "03-03", "03-04")
    ]


def test_list_is_by_name_and_may_be_of_one_environment(run: Any):
    other = EnvironmentStore().get("toy").document() | {"name": "other"}
    EnvironmentStore().add(other)
    run("add", "toy", "--freq", "DAILY", "--name", "b")
    run("add", "other", "--freq", "DAILY", "--name", "a")

    everything = list(csv.DictReader(StringIO(run("list", "-f", "csv"))))
    assert [(row["name"], row["state"]) for row in everything] == [("a", "on"), ("b", "on")]
    assert run("list", "-e", "toy", "-f", "value", "-c", "name") == "b"


def test_a_schedule_goes_off_and_on(run: Any):
    run("add", "toy", "--freq", "MINUTELY")
    run("disable", "toy-minutely")
    off = shown(run, "toy-minutely")
    ahead = datetime.now(UTC) + timedelta(hours=2)
    while_off = dispatch(scan_at_once, lambda: ahead)
    run("enable", "toy-minutely")
    on = shown(run, "toy-minutely")

    assert (off["state"], off["next"], off["next_slots"]) == ("off", None, [])
    assert while_off == {}
    assert on["state"] == "on"
    assert datetime.fromisoformat(on["next"]) > datetime.now(UTC)
    assert on["missed"] == 0


def test_enabling_what_is_on_misses_no_slot(run: Any):
    run("add", "toy", "--freq", "MINUTELY")
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    ScheduleStore().schedules.update_one({}, {"$set": {"scheduled_timestamp": past}})

    run("enable", "toy-minutely")

    assert ScheduleStore().get("toy-minutely")["scheduled_timestamp"] == past


def test_a_single_slot_that_has_run_is_over_and_cannot_be_enabled(run: Any):
    run("add", "toy", "--freq", "ONCE", "--at", "2998-01-01T10:00")
    dispatch(scan_at_once, lambda: datetime(2998, 1, 1, 10, tzinfo=UTC))

    over = shown(run, "toy-once")

    assert (over["state"], over["run"], over["next"]) == ("over", 1, None)
    assert over["last"] == "2998-01-01T10:00:00Z"
    assert over["last_scan"]


def test_a_removed_schedule_is_gone_and_its_name_free(run: Any):
    run("add", "toy", "--freq", "DAILY")
    run("remove", "toy-daily")

    assert run("list", "-f", "json") == "[]"
    assert run("add", "toy", "--freq", "DAILY") == "toy-daily"


def test_a_schedule_that_cannot_be_read_is_listed_with_what_is_wrong(run: Any):
    run("add", "toy", "--freq", "DAILY")
    ScheduleStore().schedules.update_one({}, {"$set": {"freq": "SOMETIMES"}})

    (row,) = json.loads(run("list", "-f", "json"))

    assert "freq: " in row["problem"]
    assert row["when"] == ""
    assert shown(run, "toy-daily")["next_slots"] == []
    run("remove", "toy-daily")
