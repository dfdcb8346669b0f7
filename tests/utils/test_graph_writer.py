"""Links and cliques when a worker dies between two writes: the next attempt makes up for it."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.model.inventory import clique_key, link_key, object_key
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr


class Died(Exception):
    """kill -9: nothing of ours runs after it."""


def key(name: str) -> Any:
    return object_key("e", "t", name)


def link(name: str, state: str = "up") -> dict[str, Any]:
    ends = {"source": key(name), "source_id": name, "target": key("x"), "target_id": "x"}
    fixed = {"environment": "e", "link_type": "t-t", "link_name": "", "finder": "F"}
    return {"_id": link_key("e", "t-t", key(name), key("x"), ""), **ends, **fixed, "state": state}


def clique(name: str, kind: str = "C") -> dict[str, Any]:
    ends = {"focal_point": key(name), "focal_point_id": name, "links": [], "objects": []}
    return {
        "_id": clique_key("e", kind, key(name)),
        "environment": "e",
        "clique_type": kind,
        **ends,
    }


def dies_at(patch: pytest.MonkeyPatch, method: str, collection: str) -> None:
    real = getattr(InventoryMgr, method)

    def dying(self: InventoryMgr, name: str, *args: Any) -> None:
        if name == collection:
            raise Died
        real(self, name, *args)

    patch.setattr(InventoryMgr, method, dying)


def flagged(inv: InventoryMgr) -> set[str]:
    return {item["id"] for item in inv.find_items({"environment": "e", "clique": True})}


def changed(inv: InventoryMgr, scan_id: str) -> set[tuple[str, str]]:
    found = inv.find_all("changes", {"scan_id": scan_id})
    return {(item["change"], item["id"].split()[0]) for item in found}


@pytest.mark.parametrize("method", ["bulk", "delete_by_keys"])
def test_changes_of_links_are_noted_whenever_a_worker_dies(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, method: str
):
    GraphWriter(inv, "e", "s1", generation=1).save_links("F", [link("a"), link("b"), link("c")])
    found = [link("a"), link("b", "down"), link("d")]

    with monkeypatch.context() as patch:
        dies_at(patch, method, "links")
        with pytest.raises(Died):
            GraphWriter(inv, "e", "s2", generation=2).save_links("F", found)
    GraphWriter(inv, "e", "s2", generation=2).save_links("F", found)

    assert changed(inv, "s2") == {("removed", "c"), ("changed", "b"), ("added", "d")}
    assert {item["source_id"] for item in inv.find_all("links", {})} == {"a", "b", "d"}


@pytest.mark.parametrize("collection", ["cliques", "inventory"])
def test_focal_points_are_flagged_whenever_a_worker_dies(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, collection: str
):
    inv.set({"environment": "e", "type": "t", "id": "a"})
    method = "bulk" if collection == "cliques" else "update_by_keys"

    with monkeypatch.context() as patch:
        dies_at(patch, method, collection)
        with pytest.raises(Died):
            GraphWriter(inv, "e", "s1", generation=1).save_cliques([clique("a")])
    GraphWriter(inv, "e", "s1", generation=1).save_cliques([clique("a")])

    assert flagged(inv) == {"a"}
    assert len(inv.find_all("cliques", {})) == 1


def test_a_flag_that_is_missing_comes_back_with_the_next_scan(inv: InventoryMgr):
    inv.set({"environment": "e", "type": "t", "id": "a"})
    GraphWriter(inv, "e", "s1", generation=1).save_cliques([clique("a")])
    inv.collection("inventory").update_many({}, {"$unset": {"clique": ""}})

    GraphWriter(inv, "e", "s2", generation=2).save_cliques([clique("a")])

    assert flagged(inv) == {"a"}


def test_old_cliques_go_with_their_flags_whenever_a_worker_dies(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    for name in ("a", "b", "c"):
        inv.set({"environment": "e", "type": "t", "id": name})
    first = [clique("a"), clique("b"), clique("c"), clique("c", "D")]
    GraphWriter(inv, "e", "s1", generation=1).save_cliques(first)
    GraphWriter(inv, "e", "s2", generation=2).save_cliques([clique("a"), clique("c")])

    with monkeypatch.context() as patch:
        dies_at(patch, "delete_by_keys", "cliques")
        with pytest.raises(Died):
            GraphWriter(inv, "e", "s2", generation=2).drop_old_cliques()
    assert GraphWriter(inv, "e", "s2", generation=2).drop_old_cliques() == 2

    assert flagged(inv) == {"a", "c"}
    assert {item["_id"] for item in inv.find_all("cliques", {})} == {
        clique("a")["_id"],
        clique("c")["_id"],
    }
