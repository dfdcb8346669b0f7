"""Dispatchers as processes of their own, killed all the time: each slot is accounted for once."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnProcess

import pytest

from calipso.discover.engine.schedules import dispatch, slot_scan_id
from calipso.model.scan import ScanRequest
from calipso.model.schedule import schedule_of
from calipso.model.slots import slots_within
from tests.schedules.conftest import NOON, Bench, scan_at_once

PROCESSES = 3
REAL_SECONDS = 15.0
#: On a busy machine processes start slowly: it goes on until enough has happened, at most so long.
MOST_SECONDS = 150.0
ENOUGH = 4  # deaths, and scans
#: Seconds of the simulated clock in one real second: a slot comes about every half second.
SPEED = 120.0

pytestmark = pytest.mark.long


def simulated(began: float) -> datetime:
    """The clock of all dispatchers."""
    seconds = (time.time() - began) * SPEED
    return NOON + timedelta(milliseconds=int(seconds * 1000))


def look_for_ever(began: float, seed: int) -> None:
    """A process that dispatches, and dies now and then where it hurts."""
    chance = random.Random(seed)

    def submit(request: ScanRequest, scan_id: str) -> str:
        if chance.random() < 0.2:
            os._exit(9)  # claimed, not recorded
        created = scan_at_once(request, scan_id)
        if chance.random() < 0.2:
            os._exit(9)  # recorded, not confirmed
        return created

    while True:
        dispatch(submit, lambda: simulated(began))
        time.sleep(0.02)


def test_every_slot_is_run_once_or_reported_however_often_dispatchers_die(bench: Bench):
    bench.add()
    chance = random.Random(4711)
    spawn = multiprocessing.get_context("spawn")
    began, seed, deaths = time.time(), 0, 0
    running: list[SpawnProcess] = []
    try:
        while time.time() < began + REAL_SECONDS or (
            min(deaths, len(bench.scans())) < ENOUGH and time.time() < began + MOST_SECONDS
        ):
            dead = [process for process in running if not process.is_alive()]
            deaths += len(dead)
            running = [process for process in running if process.is_alive()]
            while len(running) < PROCESSES:
                seed += 1
                process = spawn.Process(target=look_for_ever, args=(began, seed), daemon=True)
                process.start()
                running.append(process)
            time.sleep(0.1)
            if chance.random() < 0.05:
                chance.choice(running).kill()
    finally:
        for process in running:
            process.kill()
            process.join()
    bench.now = simulated(began)
    bench.look()
    bench.look()  # the first may have had a claim to settle

    document = bench.document()
    wanted = schedule_of(document)
    passed = slots_within(wanted, NOON, bench.now)
    counts = document["counts"]
    slots = [NOON + timedelta(minutes=number) for number in range(1, passed + 1)]
    of_slots = {slot_scan_id(document["_id"], slot) for slot in slots}
    assert deaths >= ENOUGH
    assert {scan["_id"] for scan in bench.scans()} <= of_slots
    assert counts["run"] == len(bench.scans()) >= ENOUGH
    assert counts["run"] + counts["missed"] + counts["skipped"] == passed
    assert counts["failed"] == 0
    assert document["claimed"] is None
    assert document["last_slot"].astimezone(UTC) in slots
