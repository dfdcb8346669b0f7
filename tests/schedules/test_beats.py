"""Two beats and a worker as processes: one scan per slot, though beats are killed all the time."""

from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest

from calipso.discover.engine.schedules import slot_scan_id
from calipso.model.schedule import schedule_of
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now
from tests.scan.conftest import ToyCloud, snapshot, toy
from tests.schedules.beats import Beats
from tests.workers.conftest import Cluster, cluster, wait_for, wait_for_end

__all__ = ["cluster", "toy"]

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.alone]

SLOTS = 10


def test_two_beats_killed_at_random_give_one_scan_a_slot(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr
):
    cluster.worker()
    beats = Beats(cluster, random.Random(5), hasty=True)
    store, began = ScheduleStore(), now().replace(microsecond=0)
    slots = [began + timedelta(seconds=6 + number) for number in range(SLOTS)]
    for number, slot in enumerate(slots):
        fields = {"freq": "ONCE", "moment": slot.replace(tzinfo=None).isoformat(), "start": began}
        store.add(f"s{number}", schedule_of({"environment": "toy", **fields}), slot, began)

    beats.harass(slots[-1].timestamp() + 1, 1.0, 3.0)
    wait_for(lambda: len(ScanStore().find_scans({})) == SLOTS, 30)
    time.sleep(3)  # time for one too many

    documents = [store.get(f"s{number}") for number in range(SLOTS)]
    wanted = {slot_scan_id(d["_id"], slot) for d, slot in zip(documents, slots, strict=True)}
    assert {scan["_id"] for scan in ScanStore().find_scans({})} == wanted
    assert {wait_for_end(scan_id)["status"] for scan_id in wanted} == {"completed"}
    assert [document["counts"]["run"] for document in documents] == [1] * SLOTS
    assert {document["last_problem"] is None for document in documents} == {True}
    assert beats.kills >= 4
    assert len(snapshot(inv)["objects"]) > 5
