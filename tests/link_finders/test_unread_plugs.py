"""A problem of an object that could not be read this time stays, on it and on whom it cuts off."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calipso.discover.find_links import FindLinks
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_problems import ObjectProblems
from calipso.utils.metadata_parser import load_class
from tests.link_finders.casekit import FINDERS_PACKAGE, fill
from tests.link_finders.test_faults import LOST, QBR, Cloud, cloud
from tests.link_finders.test_ha_routers import NOWHERE, TWICE, router
from tests.link_finders.wiring import ENV

EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
SWITCH = "c1-OVS"


def run(inv: InventoryMgr, finder_name: str, generation: int) -> None:
    """One scan's run of a finder, with its problems put on the objects."""
    finder: FindLinks = load_class(finder_name, FINDERS_PACKAGE)()
    finder.bind(ENV, inv)
    finder.run()
    problems = ObjectProblems(inv, ENV, f"s{generation}", generation=generation)
    problems.report_of_finder(finder_name, finder.problems, finder.unknown)
    problems.place()


def codes(inv: InventoryMgr, object_id: str) -> set[str]:
    (found,) = inv.find_all("inventory", {"environment": ENV, "id": object_id})
    return {problem["code"] for problem in found.get("problems", ())}


def change(inv: InventoryMgr, object_id: str, **fields: object) -> None:
    query = {"environment": ENV, "id": object_id}
    inv.collection("inventory").update_one(query, {"$set": fields})


def faulty(fault: str) -> tuple[Cloud, str, str]:
    """The cloud with a fault, the object that has it, and its code."""
    alter, item_id, code, _ = LOST[fault]
    objects = cloud()
    alter(objects)
    return objects, item_id, code


@pytest.mark.parametrize("unread", ["the object", "the switch"])
@pytest.mark.parametrize("fault", LOST)
def test_a_loose_plug_stays_one_until_it_can_be_read(
    fault: str, unread: str, inv: InventoryMgr
) -> None:
    objects, item_id, code = faulty(fault)
    owner = "vm-b" if item_id == QBR else f"vm-{item_id[-1]}"
    fill(inv, objects.values())
    run(inv, "FindLinksForVedges", 1)
    assert (codes(inv, item_id), codes(inv, owner)) == ({code}, {"cut_off"})

    change(inv, item_id if unread == "the object" else SWITCH, stale_since=EARLIER)
    run(inv, "FindLinksForVedges", 2)

    assert (codes(inv, item_id), codes(inv, owner)) == ({code}, {"cut_off"})


@pytest.mark.parametrize("fault", LOST)
def test_a_plug_that_is_read_and_well_again_has_no_problem(fault: str, inv: InventoryMgr) -> None:
    objects, item_id, _ = faulty(fault)
    fill(inv, objects.values())
    run(inv, "FindLinksForVedges", 1)

    for well in cloud().values():
        change(inv, str(well["id"]), **well)
    run(inv, "FindLinksForVedges", 2)

    assert codes(inv, item_id) == codes(inv, "vm-a") == codes(inv, "vm-b") == set()


@pytest.mark.parametrize(("state", "code"), [("active", TWICE), ("standby", NOWHERE)])
def test_a_router_keeps_its_problem_while_one_of_its_hosts_is_unread(
    state: str, code: str, inv: InventoryMgr
) -> None:
    routers = [router(host, state) for host in ("n1", "n2")]
    fill(inv, routers)
    run(inv, "FindRouterStates", 1)
    assert [codes(inv, item["id"]) for item in routers] == [{code}, {code}]

    change(inv, str(routers[1]["id"]), stale_since=EARLIER)
    run(inv, "FindRouterStates", 2)

    assert [codes(inv, item["id"]) for item in routers] == [{code}, {code}]
