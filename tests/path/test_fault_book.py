"""Each fault of the book is made in the drawn cloud, scanned, and named by path and why."""

from __future__ import annotations

import pytest

from calipso.analysis.path.find_path import find_path, packet_of
from calipso.analysis.path.find_why import find_why
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.path.book import BOOK
from tests.path.book_more import MORE
from tests.path.cloud import NAME, PathCloud, scan
from tests.path.fault import Fault

#: Each row takes a scan, so a change is tried with every third of them.
ROWS = [
    pytest.param(
        fault, id=fault.name.replace(" ", "_"), marks=[pytest.mark.long] if number % 3 else []
    )
    for number, fault in enumerate([*BOOK, *MORE])
]


@pytest.mark.parametrize("fault", ROWS)
def test_the_culprit_is_named(fault: Fault, inv: InventoryMgr) -> None:
    cloud = PathCloud()
    if fault.unreachable:
        scan(cloud.site)
    fault.make(cloud)
    scan(cloud.site, faults=(f"dead-host:{fault.unreachable}",) if fault.unreachable else ())

    answer = find_path(inv, NAME, *fault.ends, packet_of(*fault.proto))
    assert (answer.verdict.value, answer.code) == (fault.verdict, fault.code), answer.sentence
    if fault.culprit != ("", ""):
        bad = next(f for f in answer.findings if f["kind"] == "first_bad_hop")
        host, part = fault.culprit
        assert bad["host"] == host, answer.sentence
        assert part in str(bad["id"]), answer.sentence
    spared = find_path(inv, NAME, *fault.spared)
    assert spared.verdict.value == "yes", spared.sentence
    if fault.why[0]:
        found = find_why(inv, NAME, fault.why[0])
        assert found.code == fault.why[1], found.sentence
