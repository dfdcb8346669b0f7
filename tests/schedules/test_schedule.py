"""Schedule: what a document may say, and what is said of one that says something else."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from typing import Any

import pytest

from calipso.errors import ConfigError
from calipso.model.schedule import describe, schedule_of

START = datetime(2026, 11, 24, 9, 41, 30, tzinfo=UTC)  # a Tuesday


def schedule(**fields: Any) -> Any:
    return schedule_of({"name": "s", "environment": "toy", "start": START, **fields})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"freq": "YEARLY"}, "every year on 11-24 at 09:41 UTC"),
        ({"freq": "MONTHLY", "day": 31}, "every month on day 31 at 09:41 UTC"),
        ({"freq": "WEEKLY"}, "every week on TU at 09:41 UTC"),
        ({"freq": "DAILY", "time_zone": "Asia/Tokyo"}, "every day at 18:41 Asia/Tokyo"),
        ({"freq": "HOURLY", "interval": 6}, "every 6 hours at minute 41"),
        ({"freq": "MINUTELY"}, "every minute"),
    ],
)
def test_what_is_not_said_is_taken_from_the_start(fields: dict[str, Any], words: str):
    assert describe(schedule(**fields)) == words


def test_weekdays_are_kept_in_the_order_of_the_week():
    assert describe(schedule(freq="WEEKLY", weekdays=["SU", "MO"], time="03:00", interval=2)) == (
        "every 2 weeks on MO, SU at 03:00 UTC"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"freq": "FORTNIGHTLY"}, "freq: expected 'YEARLY'"),
        ({"freq": "DAILY", "interval": 0}, "interval: "),
        ({"freq": "DAILY", "time": "24:00"}, "time: "),
        ({"freq": "DAILY", "day": 3}, "day: not allowed with freq DAILY"),
        ({"freq": "MONTHLY", "day": 32}, "day: "),
        ({"freq": "WEEKLY", "weekdays": []}, "weekdays: the list is empty"),
        ({"freq": "WEEKLY", "weekdays": ["MONDAY"]}, "weekdays.0: "),
        ({"freq": "DAILY", "time_zone": "Europe/Berln"}, "did you mean Europe/Berlin?"),
        ({"freq": "DAILY", "time_zone": "../../etc/passwd"}, "no time zone"),
        ({"freq": "ONCE"}, "freq ONCE needs a moment"),
        ({"freq": "ONCE", "moment": "2027-01-01T00:00", "interval": 2}, "has no interval"),
        (
            {"freq": "DAILY", "start": "0001-01-01T00:00:00Z"},
            "cannot begin in the year 1",
        ),
        ({"freq": "DAILY", "start": None}, "start: "),
        ({"freq": "DAILY", "request": {"scanner": "X"}}, "scanner and parent_id go together"),
        ({"freq": "DAILY", "request": {"colour": "red"}}, "colour: "),
    ],
)
def test_what_cannot_be_is_refused_by_name(fields: dict[str, Any], said: str):
    with pytest.raises(ConfigError) as raised:
        schedule(**fields)

    assert said in raised.value.message
    assert raised.value.message.startswith("schedule s: ")


def test_utc_needs_no_time_zone_data():
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert describe(schedule(freq="DAILY")) == "every day at 09:41 UTC"
    finally:
        zoneinfo.reset_tzpath()


def test_a_document_of_the_original_is_a_schedule():
    """Fields and values as its API stored them."""
    found = schedule_of(
        {
            "_id": "58ff",
            "environment": "Mirantis-Liberty",
            "freq": "WEEKLY",
            "log_level": "warning",
            "clear": True,
            "scan_only_links": True,
            "scan_only_cliques": False,
            "scan_only_inventory": False,
            "submit_timestamp": "2017-05-17T11:00:17.939+0300",
            "scheduled_timestamp": datetime(2017, 5, 24, 8, 0, 17, tzinfo=UTC),
        }
    )

    request = found.scan_request()
    assert describe(found) == "every week on WE at 08:00 UTC"
    assert (request.environment, request.clear, request.links_only) == (
        "Mirantis-Liberty",
        True,
        True,
    )
    assert (request.origin, request.log_level) == ("scheduled scan", "warning")


def test_the_log_level_of_a_request_is_that_of_each_scan():
    request = schedule(freq="DAILY", request={"log_level": "debug"}).scan_request()

    assert request.log_level == "debug"
