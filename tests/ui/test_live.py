"""What changes is seen without asking: one stream a browser; a restart of the API heals."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from calipso.api.streams import Place
from calipso.model.scan import ScanRequest
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.ui.conftest import Served, Walk

pytestmark = pytest.mark.slow

Open = Callable[..., Walk]


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def test_a_scan_is_followed_live_on_three_pages_by_one_stream(
    walk: Open, scanned: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ScanStore()
    scan = store.create(ScanRequest(environment="demo"))
    open_page = walk()
    first: Any = open_page.page
    open_page.log_in(f"/ui/scans/{scan}")
    second, third = (first.context.new_page() for _ in range(2))
    second.goto(f"{open_page.address}/ui/scans")
    third.goto(f"{open_page.address}/ui/environment/demo")
    first.get_by_text("live", exact=True).wait_for()
    third.get_by_text("A scan runs now").wait_for()
    assert until(lambda: Place.taken == 1)

    levels = {"1": {"title": "ScanHost", "stage": "inventory", "tasks": 12, "done": 5}}
    store.update(scan, {"status": "running", "levels": levels})
    first.get_by_text("5 of 12").wait_for()
    second.get_by_role("row", name="running").wait_for()
    store.update(scan, {"status": "failed", "end_timestamp": datetime.now(UTC)})
    first.get_by_role("status").get_by_text("failed").first.wait_for()
    second.get_by_role("row", name="failed").wait_for()
    third.get_by_text("A scan runs now").wait_for(state="detached")

    assert Place.taken == 1
    for page in (first, second, third):
        page.close()
    assert until(lambda: Place.taken == 0, 30)


@pytest.mark.long
@pytest.mark.alone  # it waits for what a browser does after seconds
def test_the_api_is_restarted_under_a_page_and_it_heals_by_itself(
    walk: Open, scanned: InventoryMgr, served: Served
) -> None:
    store = ScanStore()
    scan = store.create(ScanRequest(environment="demo"))
    open_page = walk()
    page = open_page.page
    open_page.log_in(f"/ui/scans/{scan}")
    page.get_by_text("live", exact=True).wait_for()
    served.stop()
    page.get_by_text("Connection lost").wait_for()
    store.update(scan, {"status": "failed", "end_timestamp": datetime.now(UTC)})
    served.start()
    page.get_by_text("Connection lost").wait_for(state="detached")
    page.get_by_role("status").get_by_text("failed").first.wait_for()


def test_without_a_stream_a_scan_is_asked_for(
    walk: Open, scanned: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Place, "taken", 10_000)
    store = ScanStore()
    scan = store.create(ScanRequest(environment="demo"))
    open_page = walk()
    page = open_page.page
    open_page.log_in(f"/ui/scans/{scan}")
    page.get_by_text("asked every 3 s").wait_for()
    store.update(scan, {"status": "failed", "end_timestamp": datetime.now(UTC)})
    page.get_by_role("status").get_by_text("failed").first.wait_for()
