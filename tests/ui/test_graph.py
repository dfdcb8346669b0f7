"""Graphs in the browser: found, saved, put in groups; and what is done from a page of an object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calipso import dispatch
from calipso.model.scan import ScanRequest
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from tests.ui.conftest import Walk
from tests.ui.screens import instance

pytestmark = pytest.mark.slow

Open = Callable[..., Walk]
#: How a file of each form begins.
FORMS = {
    "SVG": b"<svg",
    "PNG": b"\x89PNG",
    "GraphML": b"<?xml",
    "DOT": b"graph",
    "JSON": b"{",
}


def test_a_graph_is_searched_and_saved_in_every_form(walk: Open, scanned: InventoryMgr) -> None:
    open_page = walk(accept_downloads=True)
    page = open_page.page
    open_page.log_in(f"/ui/object/{instance(scanned)['_id']}?view=graph")
    page.locator("g.node.focal").wait_for()
    page.get_by_label("Find").fill("vnic")
    page.locator("g.node.dim").first.wait_for()
    bright = page.locator("g.node:not(.dim) title").all_text_contents()
    saved = {}
    for name in FORMS:
        with page.expect_download() as waiting:
            page.locator(".tools").get_by_text(name, exact=True).click()
        saved[name] = Path(waiting.value.path()).read_bytes()

    assert bright
    assert all("vnic" in text for text in bright)
    assert "find=vnic" in page.url
    for name, begin in FORMS.items():
        assert saved[name].lstrip().startswith(begin), name
    assert open_page.errors == []


def test_a_graph_in_groups_opens_a_group_by_mouse_and_by_keyboard(
    walk: Open, scanned: InventoryMgr
) -> None:
    region = scanned.find_all("inventory", {"type": "region"})[0]["_id"]
    hosts = sorted(item["id"] for item in scanned.find_all("inventory", {"type": "host"}))
    open_page = walk()
    page = open_page.page
    open_page.log_in(f"/ui/object/{region}?view=graph&depth=2&group=host")
    groups = page.locator("g.node", has_text=" objects")
    groups.first.wait_for()
    assert groups.count() == len(hosts)
    groups.first.click()
    page.wait_for_url("**open=*")
    groups.nth(len(hosts) - 2).wait_for()
    assert groups.count() == len(hosts) - 1
    page.get_by_role("link", name="Table", exact=True).click()
    page.get_by_role("table", name="What is near").wait_for()


def test_a_graph_that_is_too_large_is_shown_by_host_and_says_so(
    walk: Open, scanned: InventoryMgr
) -> None:
    region = scanned.find_all("inventory", {"type": "region"})[0]["_id"]
    open_page = walk()
    page = open_page.page

    def cut(route: Any) -> None:
        answer = route.fetch()
        found = answer.json() | {"truncated": "group_by" not in route.request.url}
        route.fulfill(response=answer, json=found)

    page.route("**/graph?*", cut)
    open_page.log_in(f"/ui/object/{region}?view=graph&depth=2")
    page.get_by_text("they are shown by host").wait_for()
    page.locator("g.node", has_text=" objects").first.wait_for()
    assert page.get_by_label("Groups").input_value() == "host"


def test_a_host_is_scanned_again_from_the_coverage(
    walk: Open, scanned: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ScanRequest] = []

    def submit(request: ScanRequest) -> str:
        asked.append(request)
        return ScanStore().create(request)

    monkeypatch.setattr(dispatch, "submit", submit)
    WorkerStore().beat("here", ["scan", "api", "db", "cli", "links", "cliques"])
    scan = scanned.find_all("scans", {})[0]["_id"]
    open_page = walk()
    page = open_page.page
    open_page.log_in(f"/ui/scans/{scan}")
    page.get_by_role("button", name="Scan again: compute-1").first.click()
    page.get_by_text("pending").wait_for()

    assert [(one.object_type, one.object_id) for one in asked] == [("host", "compute-1")]


def test_what_monitoring_says_is_shown_where_it_runs(walk: Open, scanned: InventoryMgr) -> None:
    key = instance(scanned)["_id"]
    status = {"value": 2, "label": "Error", "text": "ping failed", "since": "2026-11-30T10:00:00Z"}
    scanned.update_by_keys("inventory", [key], {"$set": {"monitoring": status}})
    open_page = walk()
    open_page.log_in(f"/ui/object/{key}")
    header = open_page.page.locator("header.object")
    header.get_by_text("ping failed").wait_for()

    assert "Error" in header.inner_text()
