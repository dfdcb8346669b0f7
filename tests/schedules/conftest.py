"""Schedules of the toy cloud, a clock to turn, and scans that end at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calipso.discover.engine.scan_manager import create_scan
from calipso.discover.engine.schedules import dispatch, slot_scan_id
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.model.schedule import schedule_of
from calipso.model.slots import next_slot
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.scans.scan_store import ScanStore
from tests.scan.conftest import ToyCloud, toy

__all__ = ["toy"]

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def scan_at_once(request: ScanRequest, scan_id: str) -> str:
    """Record a scan that has ended."""
    created = create_scan(request, scan_id)
    ScanStore().update(created, {"status": ScanStatus.COMPLETED.value})
    return created


@dataclass
class Bench:
    """What a beat sees, under a clock of ours."""

    now: datetime = NOON
    submit: Callable[[ScanRequest, str], str] = scan_at_once
    store: ScheduleStore = field(default_factory=ScheduleStore)

    def add(self, freq: str = "MINUTELY", name: str = "s", **fields: Any) -> None:
        """A schedule that was added now."""
        wanted = schedule_of({"environment": "toy", "freq": freq, "start": self.now} | fields)
        slot = next_slot(wanted, self.now)
        assert slot is not None
        self.store.add(name, wanted, slot, self.now)

    def at(self, seconds: float) -> dict[str, int]:
        """Look at the schedules so many seconds after noon; what was done."""
        self.now = NOON + timedelta(seconds=seconds)
        return {name: number for name, number in self.look().items() if number}

    def look(self) -> dict[str, int]:
        """Look at the schedules now."""
        return dispatch(self.submit, lambda: self.now)

    def document(self, name: str = "s") -> dict[str, Any]:
        """A schedule as it is stored."""
        return self.store.get(name)

    def scans(self) -> list[dict[str, Any]]:
        """All scans, oldest first."""
        return ScanStore().find_scans({})[::-1]

    def slots_with_scans(self, name: str = "s", minutes: int = 120) -> list[float]:
        """Minutes after noon whose slot has a scan."""
        key = self.document(name)["_id"]
        ids = {scan["_id"] for scan in self.scans()}
        moments = [(minute, NOON + timedelta(minutes=minute)) for minute in range(-60, minutes)]
        return [minute for minute, slot in moments if slot_scan_id(key, slot) in ids]


@pytest.fixture
def bench(toy: ToyCloud) -> Bench:
    """A dispatcher on the toy cloud, at noon."""
    return Bench()
