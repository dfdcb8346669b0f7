"""The cliques that hold a member are found by walking back; all of them, and no others."""

from __future__ import annotations

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from monitoring.handlers import holding
from monitoring.handlers.holding import cliques_holding
from tests.monitoring.conftest import Watched


def test_each_member_of_a_clique_leads_to_exactly_the_cliques_that_hold_it(
    watched: Watched, inv: InventoryMgr
):
    cliques = inv.find_all("cliques", {"environment": watched.name})
    members = {key for c in cliques for key in (*c["objects"], *c["links"])}
    assert len(members) > 100

    for key in members:
        expected = {c["_id"] for c in cliques if key in (*c["objects"], *c["links"])}
        found = [c["_id"] for c in cliques_holding(inv, watched.name, [key])]
        assert sorted(found) == sorted(expected)


def test_many_members_are_looked_for_in_all_cliques(
    watched: Watched, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    cliques = inv.find_all("cliques", {"environment": watched.name})
    keys = list(cliques[0]["links"])
    near = {c["_id"] for c in cliques_holding(inv, watched.name, keys)}
    monkeypatch.setattr(holding, "MOST", 0)

    assert {c["_id"] for c in cliques_holding(inv, watched.name, keys)} == near
    assert cliques[0]["_id"] in near
