#!/usr/bin/env python3
"""A schedule of every minute, two beats, and random kills of them: exactly one scan a minute.

python -m tests.schedules.soak                   ten minutes
python -m tests.schedules.soak --minutes 3 --seed 7

Needs nothing that runs: it starts stores, a worker and two beats of its own in a temporary
directory, and ends them. Exit code 0: as many scans as minutes, all completed, no slot missed.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from calipso.cli.stack.embedded import start_mongo, start_redis
from calipso.discover.engine.schedules import slot_scan_id
from calipso.model.schedule import describe, schedule_of
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now
from tests.scan import conftest as toy
from tests.schedules.beats import Beats
from tests.workers.conftest import Cluster, wait_for_end

#: Seconds after the last slot until its scan has been submitted for sure: beats look every 15.
AFTER = 50


def soak(folder: Path, minutes: int, seed: int) -> bool:
    """Run it; True when all is as it has to be."""
    InventoryMgr().ensure_indexes()
    EnvironmentStore().add(toy.ENVIRONMENT)
    toy.ToyCloud(folder / "cloud.json")
    cluster = Cluster(folder)
    try:
        cluster.worker()
        beats = Beats(cluster, random.Random(seed))
        began = now()
        first = began.replace(second=0, microsecond=0) + timedelta(minutes=1)
        if first - began < timedelta(seconds=15):
            first += timedelta(minutes=1)  # beats begin to look 15 seconds after their start
        slots = [first + timedelta(minutes=number) for number in range(minutes)]
        fields = {"environment": "toy", "freq": "MINUTELY", "start": first}
        schedule = schedule_of(fields)
        ScheduleStore().add("soak", schedule, first, began)
        print(f"{describe(schedule)}, {minutes} slots from {first:%H:%M} UTC, seed {seed}")
        beats.harass(slots[-1].timestamp() + AFTER, 8, 25)
        ScheduleStore().disable(ScheduleStore().get("soak")["_id"])
        return told(slots, beats.kills)
    finally:
        cluster.stop()


def told(slots: list[datetime], kills: int) -> bool:
    """Print what became of each slot; True when each has one completed scan."""
    document = ScheduleStore().get("soak")
    scans = {scan["_id"]: scan for scan in ScanStore().find_scans({})}
    good = len(scans) == len(slots)
    print("slot       submitted after   status")
    for slot in slots:
        scan = scans.get(slot_scan_id(document["_id"], slot))
        if scan is None:
            print(f"{slot:%H:%M:%S}   no scan")
            good = False
            continue
        status = wait_for_end(scan["_id"])["status"]
        good = good and status == "completed"
        late = (scan["submit_timestamp"] - slot).total_seconds()
        print(f"{slot:%H:%M:%S}   {late:13.1f} s   {status}")
    counts = document["counts"]
    print(f"{len(slots)} slots, {len(scans)} scans, {kills} beats killed, {counts}")
    return good and counts["run"] == len(slots) and not counts["missed"] + counts["skipped"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="calipso-soak-") as name:
        folder = Path(name)
        with start_mongo(folder / "mongo") as mongo, start_redis(folder / "redis") as redis:
            os.environ |= {
                "CALIPSO_HOME": str(folder / "home"),
                "CALIPSO_MONGO_URL": mongo,
                "CALIPSO_REDIS_URL": redis,
                "CALIPSO_CONFIG_DIR": str(Path(toy.__file__).parent / "toy" / "config"),
                "TOY_CLOUD": str(folder / "cloud.json"),
            }
            settings.cache_clear()
            good = soak(folder, arguments.minutes, arguments.seed)
    print("as it has to be" if good else "NOT as it has to be")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
