"""Pages of answers, events and monitoring: path, why, drift, impact, compare, the past."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.config.mute_store import MuteStore
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore
from calipso.stores.scans.listener_store import ListenerStore
from calipso.utils.clock import now
from tests.ui.answered import Cloud, Open, cloud, ends, walk
from tests.ui.screens import screens, settled

__all__ = ["cloud", "walk"]

pytestmark = pytest.mark.slow


HOSTILE = "<img src=x onerror=alert(1)>\u202eevil" + "x" * 2000


def test_a_to_b_leads_to_both_ways_with_the_first_bad_hop_as_hops_picture_and_table(
    walk: Open, cloud: Cloud
) -> None:
    first, other = ends(cloud)
    open_page = walk("/ui/")
    page = open_page.page
    page.get_by_role("searchbox").fill(f"{first} to {other}")
    page.keyboard.press("Enter")
    answer = page.get_by_role("region", name="Answer")
    page.get_by_role("heading", name="Path", level=1).wait_for()
    answer.get_by_text("First bad hop on the way there").wait_for()
    there, back = (page.get_by_role("region", name=name) for name in ("There", "Back"))

    assert "First bad hop on the way back" in answer.inner_text()
    assert "What guests do themselves" in answer.inner_text()
    for way in (there, back):
        assert way.locator(".first-bad").count() == 1
        assert cloud.nic["host"] in way.inner_text()
    assert "security groups: yes" in there.inner_text()
    page.get_by_role("link", name="Table", exact=True).click()
    table = page.get_by_role("table", name="Hops")
    table.wait_for()
    assert {"there", "back"} == set(table.locator("tbody td:first-child").all_inner_texts())
    page.get_by_role("link", name="Picture").click()
    page.get_by_role("group", name="Way from").wait_for()
    page.locator("g.node.bad").first.wait_for()
    page.get_by_label("Protocol").select_option("tcp")
    page.get_by_label("Port").fill("22")
    page.get_by_role("button", name="Follow").click()
    page.wait_for_url(re.compile("proto=tcp&port=22&view=graph"))
    assert (open_page.errors, open_page.elsewhere) == ([], [])


def test_a_port_without_a_protocol_is_told_in_words(walk: Open, cloud: Cloud) -> None:
    first, other = ends(cloud)
    page = walk(f"/ui/path?env=demo&from={first}&to={other}&port=22").page

    page.get_by_role("alert").get_by_text("a port needs a protocol").wait_for()
    page.get_by_text("For example tcp and 22.").wait_for()


def test_why_of_an_instance_shows_the_checks_in_order(walk: Open, cloud: Cloud) -> None:
    item = cloud.on(str(cloud.nic["host"]))
    page = walk(f"/ui/object/{item['_id']}?view=why").page
    table = page.get_by_role("table", name="Checks")
    table.wait_for()

    assert table.locator("tbody td:first-child").first.inner_text() == "it runs"
    assert "unknown" in page.url or page.get_by_role("region", name="Answer").is_visible()
    key = cloud.nic["_id"]
    page.goto(f"{cloud.served.address}/ui/object/{key}")
    page.get_by_role("link", name="If it fails").wait_for()
    assert page.get_by_role("link", name="Why no network").count() == 0


def test_a_finding_is_muted_with_a_reason_and_heard_again(walk: Open, cloud: Cloud) -> None:
    open_page = walk("/ui/environment/demo")
    page = open_page.page
    page.get_by_role("region", name="Drift, monitoring and events").get_by_role(
        "link", name="Drift"
    ).click()
    table = page.get_by_role("table", name="Findings")
    table.get_by_text("What helps").first.wait_for()
    page.get_by_role("link", name="mute agent_dead of").click()
    page.get_by_label("Why").fill("CHG-17 replaces it")
    page.get_by_role("button", name="Mute it").click()
    mutes = page.get_by_role("table", name="Mutes")
    mutes.get_by_text("CHG-17 replaces it").wait_for()

    assert table.get_by_text("Muted by anna").count() == 1
    (mute,) = MuteStore().of(["demo"])
    assert (mute["rule"], mute["id"]) == ("agent_dead", cloud.agent["id"])
    page.goto(f"{cloud.served.address}/ui/object/{cloud.agent['_id']}")
    page.get_by_role("region", name="Findings of drift").get_by_text("CHG-17").wait_for()
    page.goto(f"{cloud.served.address}/ui/drift?env=demo")
    page.get_by_role("button", name="end now: the mute of").click()
    mutes.wait_for(state="detached")
    assert list(MuteStore().of(["demo"])) == []
    assert open_page.errors == []


def test_what_a_failure_costs_is_told_with_others_and_saved_as_csv(
    walk: Open, cloud: Cloud
) -> None:
    host = str(cloud.nic["host"])
    (item,) = cloud.inv.find_all("inventory", {"type": "host", "name": host})
    first, other = ends(cloud)
    open_page = walk(f"/ui/object/{item['_id']}?view=impact")
    page = open_page.page
    table = page.get_by_role("table", name="What it costs")
    table.get_by_text(first, exact=True).wait_for()
    assert table.get_by_text(other, exact=True).count() == 0
    page.get_by_label("And also").fill(other)
    page.get_by_role("button", name="Add").click()
    table.get_by_text(other, exact=True).wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()

    assert re.search(r"also=\w{24}", page.url)
    assert f'"lost","{_project(cloud, first)}"' in download.value.path().read_text()
    page.get_by_role("link", name="All single points of failure").click()
    page.get_by_role("table", name="Single points of failure").wait_for()
    assert open_page.errors == []


def _project(cloud: Cloud, name: str) -> str:
    (found,) = cloud.inv.find_all("inventory", {"type": "instance", "name": name})
    return str(found["project"])


def test_two_scans_are_compared_by_cause_and_findings(walk: Open, cloud: Cloud) -> None:
    scans = cloud.inv.find_all("scans", {}, sort=[("submit_timestamp", 1)])
    open_page = walk(f"/ui/compare?env=demo&from={scans[0]['_id']}&to={scans[-1]['_id']}")
    page = open_page.page
    table = page.get_by_role("table", name="Differences")
    table.get_by_text("made-later").first.wait_for()
    happened = page.get_by_role("region", name="What happened")
    happened.get_by_role("link", name="changed").click()
    table.get_by_text("made-later").first.wait_for(state="detached")

    assert table.get_by_text(str(cloud.nic["name"])).count() >= 1
    assert page.url.endswith("by=change&is=changed")
    assert open_page.errors == []


def test_a_time_in_the_address_shows_how_it_was_and_stays_from_page_to_page(
    walk: Open, cloud: Cloud
) -> None:
    at = cloud.between.isoformat().replace("+00:00", "Z")
    open_page = walk(f"/ui/object/{cloud.nic['_id']}?view=facts&at={at}")
    page = open_page.page
    banner = page.get_by_role("region", name="Time")
    banner.get_by_role("status").get_by_text("As it was at").wait_for()
    page.locator("header.object .state.good").wait_for()
    page.locator("header.object").get_by_role("link", name=str(cloud.nic["host"])).click()
    page.wait_for_url(re.compile(r"/ui/search\?at=.*q="))
    page.go_back()
    page.get_by_role("link", name="Graph", exact=True).click()
    page.locator("g.node.focal.good").wait_for()
    page.get_by_role("link", name="Back to now").click()
    page.locator("g.node.focal.bad").wait_for()

    assert banner.count() == 0
    assert "at=" not in page.url
    page.goto(f"{cloud.served.address}/ui/tree/demo?at={at}")
    banner.get_by_role("status").get_by_text("As it was at").wait_for()
    early = datetime(2020, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    page.goto(f"{cloud.served.address}/ui/object/{cloud.nic['_id']}?at={early}")
    page.get_by_role("alert").first.wait_for()
    assert all("2020" in told for told in open_page.errors)  # the refusals of that time


def test_events_are_heard_as_they_come_and_what_was_given_up_is_tried_again(
    walk: Open, cloud: Cloud
) -> None:
    open_page = walk("/ui/events?env=demo")
    page = open_page.page
    feed = page.get_by_role("table", name="Events")
    feed.get_by_text("router.interface.create").wait_for()
    assert "half of them within 5 s" in page.locator("main").inner_text()
    (old,) = EventStore().find({"id": "m2"})
    new = old | {"_id": "demo/new", "id": "new", "type": "subnet.create.end", "received": now()}
    EventStore().add([new])
    ListenerStore().count("demo", {("subnet.create.end", "handled"): 1}, {"neutron": now()})
    feed.get_by_text("subnet.create.end").wait_for()

    page.get_by_role("button", name="Try all again").click()
    page.get_by_role("region", name="Given up in demo").wait_for(state="detached")
    assert EventKeys().dead("demo") == []
    page.get_by_label("State").select_option("failed")
    page.get_by_role("button", name="Show", exact=True).click()
    feed.get_by_text("no route to host").wait_for()
    assert feed.locator("tbody tr").count() == 1
    assert open_page.errors == []


def test_where_nothing_can_arrive_the_page_says_what_to_do(walk: Open, cloud: Cloud) -> None:
    login = {"host": "192.0.2.1", "user": "u", "pwd": "p"}
    sections = [{"name": name, **login} for name in ("OpenStack", "mysql", "CLI")]
    EnvironmentStore().add({"name": "quiet", "configuration": sections})
    try:
        page = walk("/ui/events?env=quiet").page
        page.get_by_text("Nobody listens to").wait_for()
        page.get_by_role("link", name="settings of the message bus").wait_for()
        page.goto(f"{cloud.served.address}/ui/monitoring?env=quiet")
        page.get_by_text("does not check the hosts of").wait_for()
    finally:
        EnvironmentStore().remove("quiet")


def test_a_status_is_acknowledged_and_silenced_and_the_silence_ended(
    walk: Open, cloud: Cloud
) -> None:
    open_page = walk("/ui/monitoring?env=demo")
    page = open_page.page
    table = page.get_by_role("table", name="Not OK")
    table.get_by_text("is gone").wait_for()
    row = table.get_by_role("row").filter(has_text="is gone")
    row.get_by_role("link", name="acknowledge, silence").click()
    panel = page.get_by_role("region", name="Acknowledge or silence")
    panel.get_by_label("Why").first.fill("ticket 4711")
    panel.get_by_role("button", name="I know of it").click()
    row.get_by_text("ticket 4711").wait_for()
    row.get_by_role("link", name="acknowledge, silence").click()
    panel.get_by_label("Why").last.fill("maintenance")
    panel.get_by_role("button", name="Silence it").click()
    row.get_by_text("silent until").wait_for()
    silences = page.get_by_role("table", name="Silences")
    silences.get_by_text("maintenance").wait_for()
    page.get_by_role("button", name="end now: the silence of").click()
    silences.wait_for(state="detached")
    page.get_by_role("button", name=f"Check {cloud.nic['host']} now").click()
    page.get_by_text("is checked with the next tick").wait_for()
    assert open_page.errors == []


def test_somebody_who_may_only_look_is_offered_nothing_to_change(walk: Open, cloud: Cloud) -> None:
    page = walk("/ui/drift?env=demo", name="otto").page
    page.get_by_role("table", name="Findings").wait_for()
    assert page.get_by_role("link", name="mute ").count() == 0
    assert page.get_by_role("button", name="Apply the rules now").count() == 0
    page.goto(f"{cloud.served.address}/ui/monitoring?env=demo")
    page.get_by_role("table", name="Hosts").wait_for()
    assert page.get_by_role("link", name="acknowledge, silence").count() == 0
    assert page.get_by_role("button", name="Check compute").count() == 0
    page.goto(f"{cloud.served.address}/ui/events?env=demo")
    page.get_by_role("table", name="Events").wait_for()
    assert page.get_by_role("button", name="Try all again").count() == 0


def test_hostile_words_of_a_cloud_are_text_in_a_narrow_window(walk: Open, cloud: Cloud) -> None:
    inv = cloud.inv
    finding = inv.find_all("findings", {"open": True}, limit=1)[0]
    trouble = inv.find_all("monitoring_troubles", {"kind": "object"}, limit=1)[0]
    event = EventStore().find({"id": "m3"})[0]
    words = {"name": HOSTILE, "sentence": HOSTILE, "text": HOSTILE, "outcome": HOSTILE}
    stored = (("findings", finding), ("monitoring_troubles", trouble), ("events", event))
    for collection, item in stored:
        inv.db[collection].update_one({"_id": item["_id"]}, {"$set": words})
    try:
        open_page = walk("/ui/", width=390)
        page = open_page.page
        for path in ("drift", "monitoring", "events", f"path?from={HOSTILE[:100]}&to=internet"):
            page.goto(f"{cloud.served.address}/ui/{path}")
            settled(page)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert (path, wide) == (path, 0)
            assert "<img" in page.content() or "&lt;img" in page.content()
            assert page.locator("main img").count() == 0
        assert [told for told in open_page.errors if "alert" in told] == []
    finally:
        for collection, item in stored:
            inv.db[collection].replace_one({"_id": item["_id"]}, item)


SHOWN = ("way-hops", "way-graph", "way-table", "drift", "spof", "compare", "monitoring", "events")


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_answers_violates_a_rule_of_accessibility(
    walk: Open, cloud: Cloud, scheme: str
) -> None:
    first, _ = ends(cloud)
    open_page = walk("/ui/", color_scheme=scheme, bypass_csp=True)
    found = {}
    paths = screens(cloud.inv, first)
    for name in (*SHOWN, "object-impact", "object-why"):
        open_page.open(paths[name])
        settled(open_page.page)
        found[name] = open_page.axe()

    assert {name: told for name, told in found.items() if told} == {}
