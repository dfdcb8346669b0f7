"""Slots: the times of a schedule, as a sequence that depends only on the schedule.

The functions use no clock and no state, so every caller gets the same slots at any time. Therefore
late beats, jumps of clocks and repeated dispatch do no harm.

- Days (DAILY to YEARLY) are days of the schedule's time zone, at its wall-clock time: one slot a
  day. A time the clock jumps over in spring is taken as much later as the jump is long (02:30
  becomes 03:30); of a time that comes twice in autumn the first is taken.
- A day that a month does not have is its last one: the 31st in April is the 30th, 29 February
  is the 28th in common years. So a monthly schedule has a slot each month.
- HOURLY and MINUTELY count real time, which knows no summer time.
- The first slot is the first fitting moment at or after `start`; then every `interval`-th period
  counted from that of the first slot.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, islice

from calipso.model.schedule import Frequency, Schedule, zone

#: The k-th slot, None where the calendar (or ONCE) ends.
Sequence = Callable[[int], datetime | None]


def next_slot(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first slot later than `after`, in UTC; None when there is no such slot."""
    return _sequence(schedule)(_later_than(schedule, after))


def latest_slot(schedule: Schedule, until: datetime) -> datetime | None:
    """Return the last slot that is not later than `until`; None when there is no such slot."""
    index = _later_than(schedule, until)
    return _sequence(schedule)(index - 1) if index else None


def slots_within(schedule: Schedule, after: datetime, until: datetime) -> int:
    """Return the number of slots later than `after` and not later than `until`."""
    return max(0, _later_than(schedule, until) - _later_than(schedule, after))


def upcoming(schedule: Schedule, after: datetime, number: int) -> list[datetime]:
    """Return the next slots after a moment."""

    def slots() -> Iterator[datetime]:
        slot = next_slot(schedule, after)
        while slot is not None:
            yield slot
            slot = next_slot(schedule, slot)

    return list(islice(slots(), number))


def _later_than(schedule: Schedule, moment: datetime) -> int:
    """Return the index of the first slot later than the moment, by binary search: slots are in
    order.
    """
    slot = _sequence(schedule)

    def later(index: int) -> bool:
        at = slot(index)
        return at is None or at > moment

    low, high = -1, 0
    while not later(high):
        low, high = high, 2 * high + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if later(middle) else (middle, high)
    return high


@lru_cache(maxsize=256)
def _cached(document: str) -> Sequence:
    schedule = Schedule.model_validate_json(document)
    if schedule.freq is Frequency.ONCE:
        return _once(schedule)
    if schedule.freq in (Frequency.HOURLY, Frequency.MINUTELY):
        return _real_time(schedule)
    return _days(schedule)


def _sequence(schedule: Schedule) -> Sequence:
    return _cached(schedule.model_dump_json(exclude={"request"}))


def _once(schedule: Schedule) -> Sequence:
    if schedule.moment is None:  # the model does not allow this
        raise ValueError("freq ONCE without a moment")
    only = schedule.moment.replace(tzinfo=zone(schedule.time_zone), fold=0).astimezone(UTC)
    return lambda index: only if index == 0 else None


def _real_time(schedule: Schedule) -> Sequence:
    """Hours and minutes: steps of equal length from the first fitting moment."""
    start = schedule.start.astimezone(UTC)
    if schedule.freq is Frequency.MINUTELY:
        unit = timedelta(minutes=1)
        first = start.replace(second=0, microsecond=0)
    else:
        unit = timedelta(hours=1)
        offset = start.astimezone(zone(schedule.time_zone)).utcoffset() or timedelta()
        local = (start + offset).replace(minute=schedule.minute or 0, second=0, microsecond=0)
        first = local - offset
    if first < start:
        first += unit
    return _guarded(lambda index: first + index * schedule.interval * unit)


def _days(schedule: Schedule) -> Sequence:
    """Days of the calendar: the n-th day of the rule without interval, at the time of day.

    Days are numbered through; `per` of them make a period (weekdays of a week), and of the
    periods every `interval`-th counts.
    """
    local_zone = zone(schedule.time_zone)
    clock = time.fromisoformat(schedule.time or "00:00")
    per = len(schedule.weekdays or "1")

    def at(number: int) -> datetime:
        return datetime.combine(_day(schedule, number), clock, local_zone).astimezone(UTC)

    # begin up to two periods early: the day of the zone may differ from that of UTC
    guess = _number(schedule, schedule.start.astimezone(local_zone).date()) - 2 * per
    first = next(n for n in count(guess) if at(n) >= schedule.start)
    period, place = divmod(first, per)

    def slot(index: int) -> datetime:
        periods, day = divmod(place + index, per)
        return at((period + periods * schedule.interval) * per + day)

    return _guarded(slot)


def _day(schedule: Schedule, number: int) -> date:
    if schedule.freq is Frequency.DAILY:
        return date.fromordinal(number)
    if schedule.freq is Frequency.WEEKLY:
        days = schedule.weekdays or ()
        week, place = divmod(number, len(days))
        return date.fromordinal(1 + 7 * week + days[place].number)  # day 1 was a Monday
    if schedule.freq is Frequency.MONTHLY:
        year, month = divmod(number, 12)
        return _day_of_month(year, month + 1, schedule.day or 1)
    return _day_of_month(number, schedule.month or 1, schedule.day or 1)


def _number(schedule: Schedule, day: date) -> int:
    """Return the number of the first day of the period that contains the day."""
    if schedule.freq is Frequency.DAILY:
        return day.toordinal()
    if schedule.freq is Frequency.WEEKLY:
        return (day.toordinal() - 1) // 7 * len(schedule.weekdays or "1")
    return day.year * 12 + day.month - 1 if schedule.freq is Frequency.MONTHLY else day.year


def _day_of_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _guarded(sequence: Callable[[int], datetime]) -> Sequence:
    """Return None after the end of Python's calendar (the year 9999)."""

    def slot(index: int) -> datetime | None:
        try:
            return sequence(index)
        except (OverflowError, ValueError):
            return None

    return slot
