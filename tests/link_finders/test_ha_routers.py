"""A highly available router is active on one host; more or none is told where it was read."""

from __future__ import annotations

import pytest

from calipso.discover.find_links import FindLinks
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import load_class
from tests.link_finders.casekit import FINDERS_PACKAGE, fill
from tests.link_finders.wiring import ENV, Item, item

TWICE, NOWHERE = "router_active_twice", "router_active_nowhere"


def router(host: str, state: str, *, stale: bool = False) -> Item:
    found = item("vservice", f"{host}-qrouter-r", "qrouter-gate", host)
    found |= {"service_type": "router", "router_id": "r", "ha_state": state}
    return found | ({"stale_since": "2026-05-04T00:00:00Z"} if stale else {})


@pytest.mark.parametrize(
    ("routers", "told"),
    [
        ([router("n1", "active"), router("n2", "standby")], {}),
        ([router("n1", "active"), router("n2", "active")], {"n1": TWICE, "n2": TWICE}),
        (
            [router("n1", "active"), router("n2", "active"), router("n3", "standby")],
            {"n1": TWICE, "n2": TWICE},
        ),
        ([router("n1", "standby"), router("n2", "standby")], {"n1": NOWHERE, "n2": NOWHERE}),
        ([router("n1", "standby"), router("n2", "standby", stale=True)], {}),
        ([router("n1", "active"), router("n2", "active", stale=True)], {}),
    ],
    ids=["one", "two", "two of three", "none", "an unread host may be", "an unread host was"],
)
def test_a_router_is_active_on_one_host(
    routers: list[Item], told: dict[str, str], inv: InventoryMgr
) -> None:
    fill(inv, routers)
    finder: FindLinks = load_class("FindRouterStates", FINDERS_PACKAGE)()
    finder.bind(ENV, inv)

    finder.run()

    assert {problem.host: problem.code for problem in finder.problems} == told
