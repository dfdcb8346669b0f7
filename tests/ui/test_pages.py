"""The pages in a real browser: each screen's question answered, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.ui.conftest import PASSWORD, Walk
from tests.ui.screens import instance, screens, settled

pytestmark = pytest.mark.slow

Open = Callable[..., Walk]
HOSTILE = "<img src=x onerror=alert(1)>\u202eevil\x1b[31m" + "x" * 10_000


def test_what_a_ticket_says_leads_to_the_way_to_the_wire(walk: Open, scanned: InventoryMgr) -> None:
    found = instance(scanned)
    open_page = walk()
    page = open_page.page
    open_page.log_in()
    page.get_by_role("searchbox").fill(found["mac_address"].replace(":", "-"))
    page.locator(".found .hits a", has_text=found["name"]).first.click()
    page.get_by_role("heading", name=found["name"]).wait_for()

    ways = page.get_by_role("region", name="Ways to networks")
    ways.wait_for()
    assert "network" in ways.inner_text()
    assert page.locator("g.node.focal title").text_content().startswith("instance ")
    assert "seen" in page.locator("header.object").inner_text()
    assert (open_page.errors, open_page.elsewhere) == ([], [])


def test_every_screen_opens_by_its_address_and_asks_no_other_server(
    walk: Open, scanned: InventoryMgr
) -> None:
    open_page = walk()
    open_page.log_in()
    for path in screens(scanned).values():
        open_page.open(path)
        settled(open_page.page)
        assert open_page.page.get_by_role("heading", level=1).count() == 1, path
        assert open_page.page.get_by_role("alert").count() == 0, path
        assert open_page.page.url == open_page.address + path

    assert (open_page.errors, open_page.elsewhere) == ([], [])


#: Screens of the quick test; those of the long one are all.
MAIN = ("search", "object-graph", "object-facts", "environment", "scan", "setup-CLI")


@pytest.mark.parametrize(
    ("scheme", "names"),
    [
        ("light", MAIN),
        pytest.param("light", (), marks=pytest.mark.long, id="light, all"),
        pytest.param("dark", (), marks=pytest.mark.long, id="dark, all"),
    ],
)
def test_no_screen_violates_a_rule_of_accessibility(
    walk: Open, scanned: InventoryMgr, scheme: str, names: tuple[str, ...]
) -> None:
    open_page = walk(color_scheme=scheme, bypass_csp=True)  # for axe, which is put into the page
    open_page.open()
    open_page.page.get_by_label("Name").wait_for()
    found = {"login": open_page.axe()}
    open_page.log_in()
    for name, path in screens(scanned).items():
        if names and name not in names:
            continue
        open_page.open(path)
        settled(open_page.page)
        found[path] = open_page.axe()

    assert {path: told for path, told in found.items() if told} == {}


def test_a_to_b_is_answered_with_a_verdict_its_hops_and_what_was_not_checked(
    walk: Open, scanned: InventoryMgr
) -> None:
    names = sorted(item["name"] for item in scanned.find_all("inventory", {"type": "instance"}))
    open_page = walk()
    page = open_page.page
    open_page.log_in()
    page.get_by_role("searchbox").fill(f"{names[0]} to {names[1]}")
    answer = page.get_by_role("region", name="Answer")
    answer.wait_for()
    text = answer.inner_text()

    assert text.split()[0] in ("yes", "no", "degraded", "unknown")
    assert answer.locator(".strip li").count() > 3
    assert "Not checked" in text
    assert page.locator(".found .hits").count() == 2
    assert open_page.errors == []


def test_everything_is_reached_by_keyboard(walk: Open, scanned: InventoryMgr) -> None:
    found = instance(scanned)
    open_page = walk()
    page = open_page.page
    open_page.open()
    page.get_by_label("Name").wait_for()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("searchbox").wait_for()
    page.keyboard.type(found["id"])
    page.locator(".found .hits a").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("g.node.focal").wait_for()
    page.keyboard.press("t")
    page.get_by_role("table", name="What it depends on").wait_for()
    page.keyboard.press("g")
    page.locator("g.node.focal").focus()
    page.keyboard.press("ArrowRight")
    beside = page.evaluate("document.activeElement.querySelector('title').textContent")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name=beside.split(", ")[0].split()[-1]).wait_for()
    page.keyboard.press("/")
    page.get_by_role("searchbox").wait_for()

    assert beside.startswith("vnic ")
    assert page.evaluate("document.activeElement.id") == "q"


def test_a_view_is_its_address_and_back_goes_back(walk: Open, scanned: InventoryMgr) -> None:
    key = instance(scanned)["_id"]
    open_page = walk()
    page = open_page.page
    open_page.log_in(f"/ui/object/{key}?view=links")
    page.get_by_role("table", name="Links").wait_for()
    page.get_by_role("link", name="Facts").click()
    page.get_by_role("table", name="Facts").wait_for()
    page.go_back()
    page.get_by_role("table", name="Links").wait_for()

    assert page.url.endswith("view=links")


def test_hostile_names_are_text(walk: Open, scanned: InventoryMgr) -> None:
    key = instance(scanned)["_id"]
    names = {"name": HOSTILE, "object_name": HOSTILE, "status": HOSTILE[:100]}
    scanned.update_by_keys("inventory", [key], {"$set": names})
    open_page = walk(width=390)
    page = open_page.page
    page.on("dialog", lambda dialog: open_page.errors.append(dialog.message))
    open_page.log_in()
    for path in screens(scanned).values():
        open_page.open(path)
        settled(page)
        assert page.locator("img").count() == 0
        assert "\u202e" not in page.locator("body").inner_text()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, (path, wide)

    assert open_page.errors == []


def test_a_lost_connection_is_said_and_heals(walk: Open, scanned: InventoryMgr) -> None:
    open_page = walk()
    page = open_page.page
    open_page.log_in("/ui/search")
    page.route("**/api/v1/**", lambda route: route.abort())
    page.get_by_role("searchbox").fill("vm")
    page.get_by_text("Connection lost").wait_for()
    page.unroute("**/api/v1/**")
    page.locator(".found .hits a").first.wait_for()

    assert page.get_by_text("Connection lost").count() == 0


def test_a_wrong_password_is_said_with_a_hint_and_logging_out_ends_the_session(
    walk: Open, scanned: InventoryMgr
) -> None:
    open_page = walk()
    page = open_page.page
    open_page.open()
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    assert "Name or password is wrong" in page.get_by_role("alert").inner_text()
    open_page.log_in()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Password").wait_for()
    page.reload()

    page.get_by_label("Password").wait_for()


def test_who_depends_on_an_object_is_what_the_api_says(walk: Open, scanned: InventoryMgr) -> None:
    found = instance(scanned)
    bridge = scanned.find_all("inventory", {"type": "vedge", "host": found["host"]})[0]
    path = f"/ui/object/{bridge['_id']}?view=dependents"
    open_page = walk()
    page = open_page.page
    open_page.log_in(path)
    rows = page.get_by_role("table", name="Who depends on it").locator("tbody tr")
    rows.first.wait_for()
    told = rows.all_inner_texts()
    scanned.collection("cliques").delete_many({})
    page.goto(f"{open_page.address}/ui/object/{found['_id']}?view=dependents")
    page.get_by_text("Not known: ").wait_for()

    assert [text for text in told if found["name"] in text and "instance" in text]
    assert page.get_by_text("Nothing that Calipso knows").count() == 0


def test_a_problem_says_what_found_it(walk: Open, scanned: InventoryMgr) -> None:
    key = instance(scanned)["_id"]
    by = {"scanner": "ScanHost", "fetcher": "FetchTaps", "parent_id": "h1"}
    problem = {"code": "tap_missing", "message": "no tap", "hint": "", "found_by": by}
    scanned.update_by_keys("inventory", [key], {"$set": {"problems": [problem]}})
    open_page = walk()
    open_page.log_in(f"/ui/object/{key}")
    section = open_page.page.get_by_role("region", name="Problems")
    section.wait_for()

    assert "tap_missing, found by FetchTaps" in section.inner_text()


def test_a_list_that_is_cut_says_so(walk: Open, scanned: InventoryMgr) -> None:
    key = instance(scanned)["_id"]
    open_page = walk()
    page = open_page.page

    def cut(route: Any) -> None:
        answer = route.fetch()
        found = answer.json()
        if "children" in found:
            found["hidden"] += 7
        else:
            found["next"] = "there-is-more"
        route.fulfill(response=answer, json=found)

    lists = ("*/links", "*/changes", "tree")
    for path in (*(f"inventory/{name}" for name in lists), "scans"):
        page.route(f"**/api/v1/{path}?*", cut)
    open_page.log_in()
    for path in ("scans", f"object/{key}?view=links", f"object/{key}?view=changes"):
        open_page.open(f"/ui/{path}")
        page.get_by_text("there are more").wait_for()
    open_page.open("/ui/tree/demo")

    page.get_by_text("7 more are not shown").wait_for()
