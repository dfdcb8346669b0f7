"""The outage exercise: ten planted faults, each found in the browser by the steps of the docs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.ui.conftest import Walk

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to-outage.md"
#: Clicks and keys after the login; a search and Enter is two.
MOST_STEPS = 3


def faults() -> dict[str, tuple[str, str, str]]:
    """Rows of the table of the docs: where to begin, what to open, what the page says."""
    text = PAGE.read_text(encoding="utf-8").split("| Fault |")[1]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()[2:]
        if line.startswith("|")
    ]
    return {name: (begin, thing, says) for name, begin, thing, says in rows}


def find(walk: Walk, begin: str, thing: str) -> int:
    """Go from the start page to a thing; the number of clicks and keys."""
    page: Any = walk.page
    kind, _, name = thing.partition(" ")
    walk.open()
    if begin.startswith("search"):
        page.get_by_role("searchbox").fill(begin.split("`")[1])
        hit = page.locator(".found .hits a").first
        hit.get_by_text(name, exact=True).wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name=name).wait_for()
        return 2
    page.get_by_role("region", name="Your environments").get_by_role("link").first.click()
    page.get_by_role("region", name="What is wrong").wait_for()
    if kind == "host":  # the box above names it
        page.get_by_role("region", name="How old the data is").get_by_text(name).first.wait_for()
        return 1
    steps = 2
    if begin == "list":
        page.get_by_role("link", name="All with problems").click()
        steps += 1
    link = page.get_by_role("link", name=re.compile(rf"(^|\s){re.escape(name)}$")).first
    link.click()
    page.get_by_role("heading", level=1, name=name).wait_for()
    return steps


def test_each_of_ten_faults_is_found_in_three_steps_by_what_the_docs_say(
    walk: Callable[..., Walk], troubled: InventoryMgr
) -> None:
    open_page = walk()
    open_page.log_in()
    rows = faults()
    steps = {}
    for name, (begin, thing, says) in rows.items():
        steps[name] = find(open_page, begin, thing)
        text = open_page.page.get_by_role("main")
        text.get_by_text(says).first.wait_for()

    assert len(rows) == 10
    assert {name: number for name, number in steps.items() if number > MOST_STEPS} == {}
    assert open_page.errors == []
