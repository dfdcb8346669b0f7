"""A worker may die between any two writes: the scan makes up for the second one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from calipso.stores.scans.scan_store import ScanStore
from tests.scan.conftest import ToyCloud, scan, toy

__all__ = ["scan", "toy"]

Run = Callable[..., dict[str, Any]]


def test_a_task_whose_worker_died_before_it_was_counted_is_counted_at_the_end(
    toy: ToyCloud, scan: Run, monkeypatch: pytest.MonkeyPatch
):
    toy.state["broken"] = ["h1"]
    toy.write()
    whole = scan()

    def lost(self: ScanStore, task: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Nothing of any task arrives."""

    monkeypatch.setattr(ScanStore, "add_results", lost)
    record = scan()

    assert whole["errors"]
    assert record["counts"] == whole["counts"]
    assert record["requests"] == whole["requests"]
    assert record["errors"] == whole["errors"]
    assert (record["error_count"], record["warning_count"]) == (1, 0)
    assert [level["done"] for level in record["levels"].values()] == [
        level["done"] for level in whole["levels"].values()
    ]


def test_a_worker_that_goes_on_after_the_end_does_not_count_its_task_again(
    toy: ToyCloud, scan: Run, monkeypatch: pytest.MonkeyPatch
):
    toy.state["broken"] = ["h1"]
    toy.write()
    add_results = ScanStore.add_results
    late: list[Callable[[], None]] = []

    def stands_still(self: ScanStore, task: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """The task is marked done; what would count it comes later."""
        late.append(lambda: add_results(self, dict(task), result))

    monkeypatch.setattr(ScanStore, "add_results", stands_still)
    record = scan()
    for goes_on in late:
        goes_on()

    assert len(late) > 1
    assert ScanStore().get(record["_id"]) == record
