"""The dispatcher on a real store: one scan per slot, whatever happens to clocks and processes."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from calipso.discover.engine.scan_manager import create_scan
from calipso.discover.engine.schedules import enable_schedule, slot_scan_id
from calipso.errors import ConfigError, NotFound, StoreError
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.scans.scan_store import ScanStore
from tests.schedules.conftest import NOON, Bench, scan_at_once


class Killed(BaseException):
    """The process ends here."""


def test_a_slot_becomes_a_scan_with_the_options_of_its_schedule(bench: Bench):
    bench.add(request={"clear": True, "inventory": "inventory_dev"})

    assert bench.at(59) == {}
    assert bench.at(60) == {"run": 1}

    (scan,) = bench.scans()
    document = bench.document()
    assert scan["_id"] == document["last_scan_id"]
    assert scan["inventory"] == "inventory_dev"
    assert scan["request"]["clear"] is True
    assert scan["request"]["origin"] == "scheduled scan"
    assert document["last_slot"] == NOON + timedelta(minutes=1)
    assert document["scheduled_timestamp"] == NOON + timedelta(minutes=2)
    assert document["counts"] == {"run": 1, "missed": 0, "skipped": 0, "failed": 0}
    assert document["last_problem"] is None


def test_looking_again_gives_no_second_scan(bench: Bench):
    bench.add()

    looks = [bench.at(second) for second in range(60, 120, 5)]

    assert looks == [{"run": 1}] + [{}] * 11
    assert len(bench.scans()) == 1


def test_each_slot_of_an_hour_has_its_scan(bench: Bench):
    bench.add()

    for second in range(0, 3600, 15):
        bench.at(second)

    assert bench.slots_with_scans() == list(range(1, 60))
    assert bench.document()["counts"]["run"] == len(bench.scans()) == 59


def test_of_missed_slots_the_newest_runs_and_the_others_are_reported(bench: Bench):
    bench.add()

    assert bench.at(5 * 60 + 7) == {"run": 1, "missed": 4}

    assert bench.slots_with_scans() == [5]
    problem = bench.document()["last_problem"]
    assert problem["at"] == NOON + timedelta(minutes=5, seconds=7)
    assert problem["message"] == (
        "4 slots, from 2026-11-24T12:01:00Z on, were missed: nobody looked in time. "
        "The newest, 2026-11-24T12:05:00Z, was taken."
    )
    assert bench.at(6 * 60) == {"run": 1}


def test_a_single_slot_that_nobody_looked_at_in_time_still_runs(bench: Bench):
    bench.add("ONCE", moment="2026-11-24T12:01:00")

    assert bench.at(86400) == {"run": 1}
    assert bench.at(86500) == {}

    document = bench.document()
    assert document["enabled"] is False
    assert document["scheduled_timestamp"] is None
    assert document["last_problem"] is None
    assert len(bench.scans()) == 1


# -- killed, twice, at the same time ---------------------------------------------------


@pytest.mark.parametrize("recorded", [False, True])
def test_a_process_killed_after_the_claim_is_made_up_for_by_the_next(bench: Bench, recorded: bool):
    bench.add()

    def killed(request: ScanRequest, scan_id: str) -> str:
        if recorded:
            create_scan(request, scan_id)
        raise Killed

    bench.submit = killed
    with pytest.raises(Killed):
        bench.at(60)
    assert len(bench.scans()) == int(recorded)
    bench.submit = scan_at_once

    assert bench.at(75) == {"run": 1}

    assert bench.slots_with_scans() == [1]
    assert bench.document()["claimed"] is None
    assert bench.at(120) == {"run": 1}


def test_a_claim_is_made_up_for_also_when_its_schedule_was_switched_off(bench: Bench):
    bench.add()
    bench.submit = _raise(Killed())
    with pytest.raises(Killed):
        bench.at(60)
    bench.submit = scan_at_once
    bench.store.disable(bench.document()["_id"])

    assert bench.at(75) == {"run": 1}
    assert bench.at(135) == {}


def test_the_next_slot_waits_until_the_claim_before_it_is_settled(bench: Bench):
    bench.add()
    bench.submit = _raise(StoreError("the store is away"))
    for second in (60, 75, 130, 200):
        assert bench.at(second) == {}
    bench.submit = scan_at_once

    assert bench.at(201) == {"run": 1}
    assert bench.at(202) == {"run": 1, "missed": 1}

    assert bench.slots_with_scans() == [1, 3]


def test_a_late_copy_of_a_submission_changes_nothing(bench: Bench):
    """A worker that was stopped in the middle and goes on when the scan has long ended."""
    bench.add()
    late: list[tuple[ScanRequest, str]] = []

    def overtaken(request: ScanRequest, scan_id: str) -> str:
        late.append((request, scan_id))
        bench.submit = scan_at_once
        bench.look()  # another worker meets the claim, meanwhile
        return scan_at_once(request, scan_id)

    bench.submit = overtaken
    assert bench.at(60) == {}

    assert len(late) == len(bench.scans()) == 1
    assert bench.document()["counts"]["run"] == 1


def test_many_at_once_give_one_scan_a_slot(bench: Bench):
    bench.add(name="a")
    bench.add(name="b", interval=2)
    bench.add("HOURLY", name="c", minute=5)
    told: list[dict[str, int]] = []

    def look_often() -> None:
        for _ in range(3):
            told.append(bench.look())  # noqa: PERF401 - each look is at its own time

    for minute in range(1, 11):
        bench.now = NOON + timedelta(minutes=minute)
        threads = [threading.Thread(target=look_often) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert bench.slots_with_scans("a") == list(range(1, 11))
    assert bench.slots_with_scans("b") == [2, 4, 6, 8, 10]
    assert bench.slots_with_scans("c") == [5]
    assert len(bench.scans()) == 16
    assert sum(item.get("run", 0) for item in told) == 16
    assert [bench.document(name)["counts"]["run"] for name in "abc"] == [10, 5, 1]


# -- clocks ----------------------------------------------------------------------------


def test_a_clock_set_back_a_little_runs_nothing_twice(bench: Bench):
    bench.add()
    bench.at(600)

    looks = [bench.at(second) for second in (480, 540, 600, 659)]

    assert looks == [{}] * 4
    assert bench.at(660) == {"run": 1}
    assert bench.slots_with_scans() == [10, 11]


def test_a_clock_set_forward_by_mistake_does_not_silence_a_schedule(bench: Bench):
    bench.add()
    year = 365 * 86400
    assert bench.at(year) == {"run": 1, "missed": year // 60 - 1}

    bench.at(65)  # the clock is right again
    looks = [bench.at(second) for second in (119, 120, 180)]

    assert looks == [{}, {"run": 1}, {"run": 1}]
    assert bench.slots_with_scans() == [2, 3]


def test_slots_that_have_run_do_not_run_again_after_the_clock_was_set_back(bench: Bench):
    bench.add()
    for minute in range(1, 31):
        bench.at(60 * minute)

    told = [bench.at(60 * minute + 1) for minute in range(10, 33)]

    assert [item for item in told if item] == [{"run": 1}, {"run": 1}]
    assert bench.slots_with_scans() == list(range(1, 33))
    assert len(bench.scans()) == 32


def test_workers_whose_clocks_differ_agree_on_the_slots(bench: Bench):
    bench.add()

    for second in range(0, 1800, 10):
        bench.at(second + 100)
        bench.at(second)

    assert len(bench.slots_with_scans()) == len(bench.scans()) == 31
    assert bench.document()["counts"] == {"run": 31, "missed": 0, "skipped": 0, "failed": 0}


# -- what stands in the way ------------------------------------------------------------


def test_a_slot_whose_predecessor_still_runs_is_skipped_and_reported(bench: Bench):
    bench.add()
    bench.submit = create_scan
    bench.at(60)
    (first,) = bench.scans()

    assert bench.at(120) == {"skipped": 1}
    ScanStore().update(first["_id"], {"status": "running"})
    assert bench.at(180) == {"skipped": 1}
    said = bench.document()["last_problem"]["message"]
    ScanStore().update(first["_id"], {"status": "failed"})
    assert bench.at(240) == {"run": 1}

    assert said == (
        "The slot 2026-11-24T12:03:00Z was skipped: "
        f"scan {first['_id']} of the slot before is still running."
    )
    assert bench.slots_with_scans() == [1, 4]
    assert bench.document()["counts"] == {"run": 2, "missed": 0, "skipped": 2, "failed": 0}


def test_a_scan_of_somebody_else_delays_the_slot_and_skips_none(bench: Bench):
    bench.add()
    other = create_scan(ScanRequest(environment="toy"))
    ScanStore().update(other, {"status": "running"})
    bench.submit = create_scan

    assert bench.at(60) == {"run": 1}
    assert bench.at(120) == {"skipped": 1}  # it waits still: only one waits at a time

    assert bench.slots_with_scans() == [1]


def test_missed_and_skipped_are_both_reported(bench: Bench):
    bench.add()
    bench.submit = create_scan
    bench.at(60)

    assert bench.at(300) == {"missed": 3, "skipped": 1}

    message = bench.document()["last_problem"]["message"]
    assert "3 slots, from 2026-11-24T12:02:00Z on, were missed" in message
    assert "The slot 2026-11-24T12:05:00Z was skipped" in message


def test_a_schedule_of_a_removed_environment_is_switched_off_and_says_why(bench: Bench):
    bench.add()
    bench.at(60)
    EnvironmentStore().remove("toy")

    assert bench.at(120) == {"failed": 1}
    assert bench.at(180) == {}

    document = bench.document()
    assert document["enabled"] is False
    assert document["claimed"] is None
    assert document["last_problem"]["message"] == (
        "Switched off: environment toy was removed. "
        "Add it again and `calipso schedule enable s`, or remove this."
    )
    with pytest.raises(NotFound):
        enable_schedule("s")


def test_schedules_go_with_the_data_of_their_environment(bench: Bench):
    bench.add()

    EnvironmentStore().remove("toy", with_data=True)

    assert bench.store.list() == []


def test_a_slot_that_gives_no_scan_costs_this_slot_only(bench: Bench):
    bench.add()
    bench.submit = _raise(ConfigError("environment toy: no section CLI"))
    assert bench.at(60) == {"failed": 1}
    bench.submit = scan_at_once

    assert bench.at(120) == {"run": 1}

    document = bench.document()
    assert document["last_problem"]["message"] == (
        "The slot 2026-11-24T12:01:00Z gave no scan: environment toy: no section CLI"
    )
    assert document["counts"] == {"run": 1, "missed": 0, "skipped": 0, "failed": 1}


def test_one_schedule_that_cannot_be_read_stops_no_other(bench: Bench):
    bench.add(name="a")
    bench.add(name="b")
    bench.store.schedules.update_one({"name": "a"}, {"$set": {"time_zone": "Mars/Olympus"}})

    assert bench.at(60) == {"failed": 1, "run": 1}

    assert bench.document("a")["enabled"] is False
    assert "no time zone 'Mars/Olympus'" in bench.document("a")["last_problem"]["message"]


# -- documents by other hands ----------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"request": "x"},
        {"claimed": {"slot": NOON}},
        {"claimed": "yes"},
        {"interval": []},
    ],
    ids=str,
)
def test_a_document_that_makes_no_sense_is_set_aside_and_stops_no_other(
    bench: Bench, fields: dict[str, Any]
):
    bench.add(name="a")
    bench.add(name="b")
    bench.store.schedules.update_one({"name": "a"}, {"$set": fields})

    assert bench.at(60) == {"failed": 1, "run": 1}
    assert bench.at(120) == {"run": 1}  # it is not looked at again

    document = bench.document("a")
    assert (document["enabled"], document["claimed"]) == (False, None)
    assert "switched off" in document["last_problem"]["message"]


@pytest.mark.parametrize("planned", ["yesterday", 7])
def test_a_plan_without_a_time_is_made_anew(bench: Bench, planned: Any):
    bench.add()
    bench.store.schedules.update_one({"name": "s"}, {"$set": {"planned_at": planned}})

    assert bench.at(30) == {}
    assert bench.at(60) == {"run": 1}


def test_a_document_of_the_original_is_planned_and_runs(bench: Bench):
    """As its API wrote it: no enabled flag, and no next slot before the manager has seen it."""
    bench.store.schedules.insert_one(
        {
            "environment": "toy",
            "freq": "HOURLY",
            "log_level": "warning",
            "clear": True,
            "scan_only_inventory": True,
            "submit_timestamp": NOON - timedelta(minutes=59),
        }
    )

    assert bench.at(0) == {}
    assert bench.at(60) == {"run": 1}
    assert bench.at(120) == {}

    (scan,) = bench.scans()
    assert scan["request"]["inventory_only"] is True
    assert scan["request"]["log_level"] == "warning"
    (document,) = bench.store.list()
    assert document["scheduled_timestamp"] == NOON + timedelta(minutes=61)
    assert bench.store.get(str(document["_id"])) == document


def test_a_next_slot_set_by_hand_runs_then_and_the_schedule_goes_on(bench: Bench):
    bench.add("DAILY", time="03:00")
    by_hand = NOON + timedelta(seconds=90)
    bench.store.schedules.update_one({}, {"$set": {"scheduled_timestamp": by_hand}})

    assert bench.at(89) == {}
    assert bench.at(95) == {"run": 1}

    (scan,) = bench.scans()
    assert scan["_id"] == slot_scan_id(bench.document()["_id"], by_hand)
    assert bench.document()["scheduled_timestamp"] == NOON + timedelta(hours=15)


def test_a_schedule_that_is_off_gives_nothing_and_misses_nothing(bench: Bench):
    bench.add()
    key = bench.document()["_id"]
    bench.store.disable(key)
    assert bench.at(600) == {}

    bench.store.enable(key, NOON + timedelta(minutes=11), bench.now)

    assert bench.at(660) == {"run": 1}
    assert bench.document()["counts"] == {"run": 1, "missed": 0, "skipped": 0, "failed": 0}


def _raise(error: BaseException) -> Any:
    def submit(request: ScanRequest, scan_id: str) -> str:
        raise error

    return submit
