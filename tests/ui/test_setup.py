"""The pages that set something up: environments with live tests, schedules, users, cliques."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from calipso import dispatch
from calipso.model.user import Grant, Role, User
from calipso.probe.connection_test import run_job
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.user_store import UserStore
from calipso.stores.scans.worker_store import WorkerStore
from tests.ui.conftest import PASSWORD, Walk

pytestmark = pytest.mark.slow

Open = Callable[..., Walk]


@pytest.fixture
def tester(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that makes connection tests, as a thread of this process."""
    WorkerStore().beat("tester@here", ["scan", "api", "db", "cli", "links", "cliques"])

    def do(test_id: str, queues: list[str]) -> None:
        for number in range(len(queues)):
            threading.Thread(target=run_job, args=(test_id, number), daemon=True).start()

    monkeypatch.setattr(dispatch, "send_connection_test", do)


def fill(page: Any, section: str, values: dict[str, Any]) -> None:
    """Fill in a tab of the wizard."""
    page.get_by_label("Parts of the environment").get_by_role("link", name=section).click()
    for name, value in values.items():
        if isinstance(value, bool):
            page.get_by_role("checkbox", name=name).set_checked(value)
        else:
            page.get_by_label(name, exact=True).fill(str(value))


def test_the_databases_of_ovn_have_a_tab_with_a_live_test(
    walk: Open, scanned: InventoryMgr, tester: None
) -> None:
    open_page = walk()
    page = open_page.page
    open_page.log_in("/ui/admin/environments/demo?tab=OVN")
    page.get_by_role("button", name="Fill it in").click()
    page.get_by_label("command_prefix", exact=True).fill("docker exec ovn_nb_db")
    page.get_by_label("hosts", exact=True).fill('["controller-1"]')
    page.get_by_role("button", name="Test OVN", exact=True).click()
    page.get_by_text("OVN: does not work").wait_for()

    page.get_by_text("the mechanism drivers of this environment have no OVN").first.wait_for()
    assert open_page.errors == []


def test_an_environment_is_added_tested_live_and_deleted_by_its_name(
    walk: Open, scanned: InventoryMgr, tester: None
) -> None:
    known = {section.name: section for section in EnvironmentStore().get("demo").configuration}
    api, db, ssh = (known[name] for name in ("OpenStack", "mysql", "CLI"))
    open_page = walk()
    page = open_page.page
    open_page.log_in("/ui/environments")
    page.get_by_role("link", name="Add an environment").click()
    page.get_by_label("Name", exact=True).fill("second")
    page.get_by_role("checkbox", name="LXB").check()
    url = f"http://127.0.0.1:{api.port}/v3"
    fill(page, "API", {"auth_url": url, "user": api.user, "pwd": "wrong"})
    fill(page, "Database", {"host": db.host, "port": db.port, "user": db.user, "pwd": db.pwd})
    ssh_values = {"host": ssh.host, "port": ssh.port, "user": ssh.user, "pwd": ssh.pwd}
    fill(page, "Hosts (SSH)", ssh_values | {"accept_new_hosts": True})

    page.get_by_label("Parts of the environment").get_by_role("link", name="API").click()
    page.get_by_role("button", name="Test OpenStack").click()
    page.get_by_text("OpenStack: does not work").wait_for()
    page.get_by_label("pwd", exact=True).fill(api.pwd)
    page.get_by_role("button", name="Test all").click()
    for name in ("OpenStack", "mysql", "CLI"):
        page.get_by_text(f"{name}: works").wait_for()
    page.get_by_role("button", name="Add the environment").click()
    page.get_by_role("heading", name="Settings of second").wait_for()

    assert page.get_by_label("pwd", exact=True).input_value() == ""
    for secret in (api.pwd, db.pwd, ssh.pwd):
        assert secret not in page.content()
    stored = EnvironmentStore().get("second")
    assert {one.name for one in stored.configuration} == {"OpenStack", "mysql", "CLI"}

    page.get_by_text("Delete this environment").click()
    page.get_by_label("Type the name of the environment").fill("secon")
    assert page.get_by_role("button", name="Delete second").is_disabled()
    page.get_by_label("Type the name of the environment").fill("second")
    page.get_by_role("button", name="Delete second").click()
    page.get_by_role("heading", name="Environments").wait_for()
    assert EnvironmentStore().names() == ["demo"]
    assert open_page.errors == []


def test_a_change_keeps_the_secrets_and_a_wrong_field_is_named(
    walk: Open, scanned: InventoryMgr
) -> None:
    before = {one.name: one for one in EnvironmentStore().get("demo").configuration}
    open_page = walk()
    page = open_page.page
    open_page.log_in("/ui/admin/environments/demo?tab=mysql")
    page.get_by_text("more fields").click()
    page.get_by_label("connect_timeout").fill("500")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").wait_for()
    assert "connect_timeout" in page.get_by_role("alert").inner_text()
    page.get_by_label("connect_timeout").fill("7")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()

    after = {one.name: one for one in EnvironmentStore().get("demo").configuration}
    assert after["mysql"].model_dump() == before["mysql"].model_dump() | {"connect_timeout": 7.0}
    assert after["CLI"] == before["CLI"]


def test_a_schedule_is_added_with_its_next_five_times_and_switched_off(
    walk: Open, scanned: InventoryMgr
) -> None:
    open_page = walk(timezone_id="Europe/Berlin")
    page = open_page.page
    open_page.log_in("/ui/admin/schedules")
    page.get_by_text("No schedule.").wait_for()
    page.get_by_label("Name", exact=True).fill("demo-weekly")
    page.get_by_label("How often").select_option("weekly")
    page.get_by_role("button", name="Add the schedule").click()
    row = page.get_by_role("row", name="demo-weekly")
    row.wait_for()

    assert row.locator("time").count() == 5
    assert "03:00 Europe/Berlin" in row.inner_text()
    row.get_by_role("button", name="Switch off").click()
    row.get_by_role("button", name="Switch on").wait_for()
    row.get_by_role("button", name="Delete").click()
    page.get_by_text("No schedule.").wait_for()


def test_a_user_is_added_gets_a_grant_and_a_token_that_is_shown_once(
    walk: Open, scanned: InventoryMgr
) -> None:
    open_page = walk()
    page = open_page.page
    open_page.log_in("/ui/admin/users")
    page.get_by_label("Name", exact=True).fill("ben")
    page.get_by_role("button", name="Add the user").click()
    page.get_by_role("heading", name="ben").wait_for()
    page.get_by_label("Environment", exact=True).select_option("demo")
    page.get_by_role("checkbox", name="may also edit").check()
    page.get_by_role("button", name="Give the grant").click()
    page.get_by_role("table", name="Grants").get_by_role("row", name="demo").wait_for()
    page.get_by_label("What the token is for").fill("backup")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_role("table", name="Tokens").get_by_role("row", name="backup").wait_for()
    token = page.locator(".copied code").inner_text()

    assert UserStore().get("ben").grants == {"demo": Grant.EDIT}
    assert len(token) > 20
    page.reload()
    page.get_by_role("table", name="Tokens").get_by_role("row", name="backup").wait_for()
    assert token not in page.content()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("button", name="Enable").wait_for()
    assert UserStore().get("ben").disabled
    open_page.open("/ui/admin/audit?user=anna")
    page.get_by_role("row", name="POST /users/<string:name>/tokens").wait_for()


def test_clique_types_and_constraints_are_defined_and_deleted(
    walk: Open, scanned: InventoryMgr
) -> None:
    open_page = walk()
    page = open_page.page
    open_page.log_in("/ui/admin/clique-types")
    page.get_by_label("Name", exact=True).fill("short")
    page.get_by_label("Link types").fill("instance-vnic vnic-vedge")
    page.get_by_label("Environment", exact=True).fill("demo")
    page.get_by_label("Focal point").select_option("instance")
    page.get_by_role("button", name="Add the clique type").click()
    page.get_by_role("button", name="Delete short").click()
    page.get_by_text("Deleted short").wait_for()
    open_page.open("/ui/admin/constraints")
    page.get_by_label("Focal point").select_option("vnic")
    page.get_by_role("button", name="Define").click()
    page.get_by_role("button", name="Delete the constraints of vnic").click()
    page.get_by_text("the constraints of the file apply again").wait_for()

    assert open_page.errors == []


#: What each sees of the tabs of `Set up`, and whether buttons that change something are there.
ROLES: dict[str, tuple[Role, dict[str, Grant], set[str], set[str]]] = {
    "viewer": (Role.VIEWER, {"demo": Grant.VIEW}, set(), set()),
    "watching": (Role.OPERATOR, {"demo": Grant.VIEW}, {"Environments"}, set()),
    "operator": (Role.OPERATOR, {"demo": Grant.EDIT}, {"Environments"}, {"Scan now", "Settings"}),
    "admin": (
        Role.ADMIN,
        {},
        {"Environments", "Users", "Audit"},
        {"Scan now", "Settings", "Add an environment"},
    ),
}
EVERYBODY = {"Schedules", "Clique types", "Constraints", "Your account"}


@pytest.mark.parametrize("who", ROLES)
def test_role_and_grant_decide_what_is_shown(walk: Open, scanned: InventoryMgr, who: str) -> None:
    role, grants, tabs, actions = ROLES[who]
    UserStore().add(User(name="ben", role=role, grants=grants), PASSWORD)
    open_page = walk()
    page = open_page.page
    open_page.log_in("/ui/admin", name="ben")
    seen = page.get_by_label("Set up").get_by_role("link").all_inner_texts()
    found = set()
    for path, titles in (
        ("/ui/environment/demo", ("Scan now", "Settings")),
        ("/ui/environments", ("Add an environment",)),
    ):
        open_page.open(path)
        page.get_by_text("demo").first.wait_for()
        page.get_by_text("Last scan").first.wait_for()
        found |= {title for title in titles if page.get_by_text(title, exact=True).count()}
    open_page.open("/ui/admin/users")
    page.get_by_role("heading", level=1).wait_for()
    admins = page.get_by_text("This page is for admins.").count() == 0

    assert set(seen) == tabs | EVERYBODY
    assert found == actions
    assert admins == (role is Role.ADMIN)
    assert page.get_by_role("alert").count() == 0


def test_the_first_start_leads_to_a_first_environment(walk: Open, inv: InventoryMgr) -> None:
    UserStore().add(User(name="anna", role=Role.ADMIN), PASSWORD)
    open_page = walk()
    page = open_page.page
    open_page.log_in()
    page.get_by_role("link", name="add an environment").click()
    page.get_by_text("There is no environment").wait_for()
    assert "make demo" in page.locator("main").inner_text()
    page.get_by_role("link", name="Add an environment").click()

    page.get_by_role("heading", name="Add an environment").wait_for()
