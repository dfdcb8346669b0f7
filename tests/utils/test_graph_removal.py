"""Which links go: those at removed objects, and those of finders that are not used any more."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.model.inventory import link_key, object_key
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr


def key(name: str) -> Any:
    return object_key("e", "t", name)


def link(source: str, target: str, finder: str = "F") -> dict[str, Any]:
    ends = {"source": key(source), "source_id": source, "target": key(target), "target_id": target}
    fixed = {"environment": "e", "link_type": "t-t", "link_name": "", "finder": finder}
    return {"_id": link_key("e", "t-t", key(source), key(target), ""), **ends, **fixed}


def left(inv: InventoryMgr) -> set[tuple[str, str]]:
    return {(item["source_id"], item["target_id"]) for item in inv.find_all("links", {})}


def test_links_at_either_end_of_a_removed_object_go_once(inv: InventoryMgr) -> None:
    links = [link("a", "b"), link("b", "c"), link("b", "b"), link("c", "a")]
    GraphWriter(inv, "e", "s1", generation=1).save_links("F", links)

    dropped = GraphWriter(inv, "e", "s2", generation=2).drop_links_of(
        [{"_id": key("b"), "id": "b"}]
    )

    assert dropped == 3
    assert left(inv) == {("c", "a")}
    assert inv.collection("changes").count_documents({"scan_id": "s2", "change": "removed"}) == 3


@pytest.mark.parametrize("names", [["b", "d"], ["d", "b", "b"]])
def test_only_links_of_finders_that_are_known_stay(inv: InventoryMgr, names: list[str]) -> None:
    writer = GraphWriter(inv, "e", "s1", generation=1)
    for finder in ("a", "b", "b1", "c", "d", "e"):
        writer.save_links(finder, [link(finder, "x", finder)])

    dropped = GraphWriter(inv, "e", "s2", generation=2).drop_links_of_others(names)

    assert dropped == 4
    assert left(inv) == {("b", "x"), ("d", "x")}


def test_without_finders_no_link_stays(inv: InventoryMgr) -> None:
    GraphWriter(inv, "e", "s1", generation=1).save_links("F", [link("a", "b")])

    assert GraphWriter(inv, "e", "s2", generation=2).drop_links_of_others([]) == 1
    assert left(inv) == set()
