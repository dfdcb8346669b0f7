"""Slots: what a schedule asks for, whatever the clock, the calendar and the law on time say."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given
from hypothesis import strategies as st

from calipso.model.schedule import Frequency, Schedule, Weekday, schedule_of
from calipso.model.slots import latest_slot, next_slot, slots_within, upcoming

#: Zones with unusual clocks: half hours, 30-minute summer time, a day left out, no summer time.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]

FIRST, LAST = datetime.fromisoformat("2012-01-01"), datetime.fromisoformat("2090-01-01")

walls = st.datetimes(FIRST, LAST)  # what a clock on a wall shows
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


def schedule(freq: str, start: str | datetime = "2026-01-01T00:00:00Z", **fields: Any) -> Schedule:
    return schedule_of({"environment": "toy", "freq": freq, "start": start, **fields})


@st.composite
def schedules(draw: st.DrawFn, *freqs: Frequency) -> Schedule:
    freq = draw(st.sampled_from(freqs or list(Frequency)))
    fields: dict[str, Any] = {"time_zone": draw(st.sampled_from(ZONES))}
    if freq is Frequency.ONCE:
        fields["moment"] = draw(walls)
    else:
        fields["interval"] = draw(st.integers(1, 40))
    if freq is Frequency.WEEKLY:
        fields["weekdays"] = draw(st.sets(st.sampled_from(list(Weekday)), min_size=1))
    if freq in (Frequency.MONTHLY, Frequency.YEARLY):
        fields["day"] = draw(st.integers(1, 31))
    if freq is Frequency.YEARLY:
        fields["month"] = draw(st.integers(1, 12))
    if freq is Frequency.HOURLY:
        fields["minute"] = draw(st.integers(0, 59))
    elif freq not in (Frequency.MINUTELY, Frequency.ONCE):
        fields["time"] = f"{draw(st.times()):%H:%M}"
    return schedule(freq.value, draw(moments), **fields)


def local(slot: datetime, name: str) -> datetime:
    return slot.astimezone(ZoneInfo(name))


def texts(slots: list[datetime]) -> list[str]:
    return [f"{slot:%Y-%m-%d %H:%M}" for slot in slots]


# -- what holds for all ----------------------------------------------------------------


@given(schedules(), moments)
def test_the_next_slot_is_later_and_none_lies_between(wanted: Schedule, after: datetime):
    slot = next_slot(wanted, after)

    if slot is None:
        assert wanted.freq is Frequency.ONCE
        return
    assert slot > after
    between = after + (slot - after) / 2
    assert next_slot(wanted, between) == slot
    assert next_slot(wanted, slot - timedelta(microseconds=1)) == slot
    assert latest_slot(wanted, slot) == slot


@given(schedules(), moments)
def test_going_from_slot_to_slot_meets_what_asking_at_any_moment_gives(
    wanted: Schedule, after: datetime
):
    slots = upcoming(wanted, after, 6)

    assert slots == sorted(set(slots))
    for first, second in pairwise(slots):
        assert next_slot(wanted, second - timedelta(seconds=1)) == second
        assert latest_slot(wanted, second - timedelta(seconds=1)) == first
        assert slots_within(wanted, first, second) >= 1


@given(schedules(), moments)
def test_no_slot_is_earlier_than_the_start(wanted: Schedule, after: datetime):
    slots = upcoming(wanted, min(after, wanted.start), 2)

    if wanted.freq is not Frequency.ONCE:
        assert slots[0] >= wanted.start


@given(schedules(), moments)
def test_a_schedule_that_was_stored_gives_the_same_slots(wanted: Schedule, after: datetime):
    stored = schedule_of(wanted.document())

    assert stored == wanted
    assert upcoming(stored, after, 3) == upcoming(wanted, after, 3)


@given(schedules(), moments, moments)
def test_counted_slots_are_those_one_would_meet(wanted: Schedule, one: datetime, other: datetime):
    after, until = min(one, other), min(max(one, other), min(one, other) + timedelta(days=60))
    if wanted.freq is Frequency.MINUTELY:
        until = min(until, after + timedelta(hours=9))
    met: list[datetime] = []
    slot = next_slot(wanted, after)
    while slot is not None and slot <= until:
        met.append(slot)
        slot = next_slot(wanted, slot)

    assert slots_within(wanted, after, until) == len(met)


# -- days ------------------------------------------------------------------------------


@given(schedules(Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY, Frequency.YEARLY), moments)
def test_slots_of_days_are_at_their_time_of_day_but_where_the_clock_jumps(
    wanted: Schedule, after: datetime
):
    for slot in upcoming(wanted, after, 5):
        there = local(slot, wanted.time_zone)
        if f"{there:%H:%M}" != wanted.time:
            before = local(slot - timedelta(days=1), wanted.time_zone)
            assert there.utcoffset() > before.utcoffset()  # type: ignore[operator]
        else:
            assert there.fold == 0


@pytest.mark.parametrize("name", [name for name in ZONES if name != "Pacific/Apia"])
@pytest.mark.parametrize("time", ["00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "23:59"])
def test_each_day_of_a_zone_has_one_slot(name: str, time: str):
    daily = schedule("DAILY", "2023-12-25T00:00:00Z", time=time, time_zone=name)
    slots = upcoming(daily, daily.start, 800)

    days = Counter(local(slot, name).date() for slot in slots)

    assert set(days.values()) == {1}
    assert max(days) - min(days) == timedelta(days=len(slots) - 1)


def test_a_time_that_the_clock_jumps_over_is_taken_later_by_the_jump():
    daily = schedule("DAILY", "2026-03-28T00:00:00Z", time="02:30", time_zone="Europe/Berlin")

    slots = upcoming(daily, daily.start, 3)

    assert texts(slots) == ["2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30"]
    assert f"{local(slots[1], 'Europe/Berlin'):%H:%M}" == "03:30"


def test_of_a_time_that_comes_twice_the_first_is_taken():
    daily = schedule("DAILY", "2026-10-24T00:00:00Z", time="02:30", time_zone="Europe/Berlin")

    slots = upcoming(daily, daily.start, 3)

    assert texts(slots) == ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]


def test_between_the_two_times_of_a_fold_the_next_slot_is_that_of_tomorrow():
    daily = schedule("DAILY", "2026-10-24T00:00:00Z", time="02:30", time_zone="Europe/Berlin")
    second_half_past_two = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    slot = next_slot(daily, second_half_past_two - timedelta(minutes=10))

    assert slot == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_summer_time_of_half_an_hour_is_one_too():
    daily = schedule("DAILY", "2026-10-03T00:00:00Z", time="02:15", time_zone="Australia/Lord_Howe")

    times = [f"{local(slot, daily.time_zone):%d %H:%M}" for slot in upcoming(daily, daily.start, 3)]

    assert times == ["04 02:45", "05 02:15", "06 02:15"]


def test_a_day_that_a_zone_left_out_gives_no_slot_of_its_own():
    daily = schedule("DAILY", "2011-12-28T12:00:00Z", time="06:00", time_zone="Pacific/Apia")

    days = [f"{local(slot, 'Pacific/Apia'):%d}" for slot in upcoming(daily, daily.start, 4)]

    assert days == ["28", "29", "31", "01"]


def test_the_day_is_that_of_the_time_zone():
    weekly = schedule(
        "WEEKLY",
        "2026-11-23T00:00:00Z",
        weekdays=["TU"],
        time="06:00",
        time_zone="Pacific/Kiritimati",
    )

    (slot,) = upcoming(weekly, weekly.start, 1)

    assert slot == datetime(2026, 11, 23, 16, tzinfo=UTC)  # Tuesday there, Monday in London


# -- months and years ------------------------------------------------------------------


@given(schedules(Frequency.MONTHLY), moments)
def test_each_month_that_counts_has_one_slot_on_its_day_or_its_last(
    wanted: Schedule, after: datetime
):
    slots = [local(slot, wanted.time_zone) for slot in upcoming(wanted, after, 30)]

    months = [slot.year * 12 + slot.month for slot in slots]
    assert {b - a for a, b in pairwise(months)} == {wanted.interval}
    for slot in slots:
        if f"{slot:%H:%M}" == wanted.time:
            assert slot.day == min(wanted.day or 0, monthrange(slot.year, slot.month)[1])


def test_the_31st_is_the_last_day_of_shorter_months():
    monthly = schedule("MONTHLY", day=31, time="04:00")

    days = [f"{slot:%m-%d}" for slot in upcoming(monthly, monthly.start, 6)]

    assert days == ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30"]


def test_29_february_is_the_28th_in_common_years():
    yearly = schedule("YEARLY", month=2, day=29, time="04:00")

    days = [f"{slot:%Y-%m-%d}" for slot in upcoming(yearly, yearly.start, 4)]

    assert days == ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]


def test_29_february_of_every_fourth_year_stays_where_it_began():
    leap = schedule("YEARLY", "2028-01-01T00:00:00Z", interval=4, month=2, day=29, time="00:00")

    days = [f"{slot:%Y-%m-%d}" for slot in upcoming(leap, datetime(2095, 1, 1, tzinfo=UTC), 3)]

    assert days == ["2096-02-29", "2100-02-28", "2104-02-29"]


# -- intervals, compared with an implementation of RFC 5545 ----------------------------


@given(schedules(Frequency.DAILY, Frequency.WEEKLY), st.integers(1, 50))
def test_intervals_are_those_of_calendars(wanted: Schedule, number: int):
    """From the first slot on, python-dateutil gives the same days."""
    first = local(upcoming(wanted, wanted.start - timedelta(seconds=1), 1)[0], wanted.time_zone)
    if f"{first:%H:%M}" != wanted.time:
        return  # in a gap: the day is right, the time is not that of the rule
    weekly = wanted.freq is Frequency.WEEKLY
    rule = rrule.rrule(
        rrule.WEEKLY if weekly else rrule.DAILY,
        dtstart=first.replace(tzinfo=None),
        interval=wanted.interval,
        wkst=rrule.MO,
        byweekday=[day.number for day in wanted.weekdays or ()] or None,
        count=number,
    )

    ours = upcoming(wanted, wanted.start - timedelta(seconds=1), number)

    assert [local(slot, wanted.time_zone).date() for slot in ours] == [day.date() for day in rule]


def test_every_second_week_counts_from_the_week_of_the_first_slot():
    weekly = schedule(  # begins on a Wednesday: that week has a Friday, and no Monday any more
        "WEEKLY", "2026-11-25T00:00:00Z", interval=2, weekdays=["FR", "MO"], time="03:00"
    )

    days = [f"{slot:%m-%d %a}" for slot in upcoming(weekly, weekly.start, 4)]

    assert days == ["11-27 Fri", "12-07 Mon", "12-11 Fri", "12-21 Mon"]


def test_every_third_day_counts_on_over_the_end_of_a_month():
    daily = schedule("DAILY", "2026-02-25T12:00:00Z", interval=3, time="11:00")

    days = [f"{slot:%m-%d}" for slot in upcoming(daily, daily.start, 3)]

    assert days == ["02-26", "03-01", "03-04"]


# -- hours, minutes, once --------------------------------------------------------------


@given(schedules(Frequency.HOURLY, Frequency.MINUTELY), moments)
def test_hours_and_minutes_are_real_time(wanted: Schedule, after: datetime):
    unit = timedelta(hours=1) if wanted.freq is Frequency.HOURLY else timedelta(minutes=1)
    slots = upcoming(wanted, after, 6)

    assert {b - a for a, b in pairwise(slots)} == {wanted.interval * unit}


def test_an_hourly_schedule_neither_skips_nor_doubles_when_clocks_change():
    hourly = schedule("HOURLY", "2026-10-24T23:00:00Z", minute=30, time_zone="Europe/Berlin")

    there = [local(slot, "Europe/Berlin") for slot in upcoming(hourly, hourly.start, 4)]

    assert [f"{slot:%H:%M}" for slot in there] == ["01:30", "02:30", "02:30", "03:30"]
    assert [slot.fold for slot in there] == [0, 0, 1, 0]


def test_the_minute_of_an_hour_is_that_of_the_time_zone():
    hourly = schedule("HOURLY", minute=0, time_zone="Asia/Kolkata")

    assert next_slot(hourly, hourly.start) == datetime(2026, 1, 1, 0, 30, tzinfo=UTC)


def test_once_is_once():
    once = schedule("ONCE", moment="2026-07-01T12:00", time_zone="Europe/Berlin")
    slot = datetime(2026, 7, 1, 10, tzinfo=UTC)

    assert next_slot(once, once.start) == slot
    assert next_slot(once, slot) is None
    assert latest_slot(once, slot) == slot
    assert latest_slot(once, slot - timedelta(seconds=1)) is None


def test_where_the_calendar_ends_there_is_no_next_slot():
    yearly = schedule("YEARLY", interval=1000, month=1, day=1, time="00:00")

    slots = upcoming(yearly, yearly.start, 20)

    assert [slot.year for slot in slots] == [3026, 4026, 5026, 6026, 7026, 8026, 9026]
