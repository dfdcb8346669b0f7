"""The base class of link finders, used as the developer guide shows."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.discover.find_links import FindLinks, joined_state
from calipso.discover.link_finders import FindLinks as ReExported
from calipso.model.inventory import link_key, object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.link_finders.casekit import fill
from tests.link_finders.wiring import ENV, instance, item, network, vnic


class FindLinksForNewType(FindLinks):
    """Written as a contributor would from the guide: one lookup, one `create_link` an object."""

    def add_links(self) -> None:
        new_objects = self.inv.find_items({"environment": self.get_env(), "type": "new_type"})
        for new_object in new_objects:
            old_object = self.inv.get_by_id(
                environment=self.get_env(), item_id=new_object["old_object_id"]
            )
            assert old_object is not None
            link_name = "{}-{}".format(old_object["name"], new_object["name"])
            self.create_link(
                env=self.get_env(),
                source=old_object["_id"],
                source_id=old_object["id"],
                target=new_object["_id"],
                target_id=new_object["id"],
                link_type="old_type-new_type",
                link_name=link_name,
                state="up",
                link_weight=0,
            )


def bound(finder: FindLinks, inv: InventoryMgr) -> FindLinks:
    finder.bind(ENV, inv)
    return finder


def test_finder_of_the_developer_guide_works_as_printed(inv: InventoryMgr) -> None:
    fill(inv, [item("old_type", "o1", "old"), item("new_type", "n1", "new", old_object_id="o1")])

    (link,) = bound(FindLinksForNewType(), inv).run()

    source, target = object_key(ENV, "old_type", "o1"), object_key(ENV, "new_type", "n1")
    assert link == {
        "_id": link_key(ENV, "old_type-new_type", source, target, "old-new"),
        "environment": ENV,
        "link_type": "old_type-new_type",
        "link_name": "old-new",
        "source": source,
        "source_id": "o1",
        "source_label": "",
        "target": target,
        "target_id": "n1",
        "target_label": "",
        "state": "up",
        "link_weight": 0,
        "implicit": False,
        "attributes": {},
        "host": "",
        "finder": "FindLinksForNewType",
    }


def test_a_finder_stores_nothing_itself(inv: InventoryMgr) -> None:
    fill(inv, [item("old_type", "o1", "old"), item("new_type", "n1", "new", old_object_id="o1")])

    bound(FindLinksForNewType(), inv).run()

    assert inv.collection("links").count_documents({}) == 0


def test_many_links_at_once_with_all_arguments(inv: InventoryMgr) -> None:
    keys = [object_key(ENV, "switch", name) for name in ("a", "b")]
    given: dict[str, Any] = {
        "env": ENV,
        "source": keys[0],
        "source_id": "a",
        "target": keys[1],
        "target_id": "b",
        "link_type": "switch-switch",
        "state": "down",
        "link_weight": 3,
        "source_label": "left",
        "target_label": "right",
        "switch": "a",
        "attributes": {"network": "n"},
        "implicit": True,
    }

    class Finder(FindLinks):
        def add_links(self) -> None:
            self.create_links([given | {"link_name": "one"}, given | {"link_name": "two"}])

    links = bound(Finder(), inv).run()

    assert sorted(link["link_name"] for link in links) == ["one", "two"]
    for link in links:
        assert (link["source_label"], link["target_label"]) == ("left", "right")
        assert (link["state"], link["link_weight"], link["implicit"]) == ("down", 3, True)
        assert link["attributes"] == {"network": "n"}
        assert dict(link)["switch"] == "a"


def test_type_and_host_of_a_link_come_from_its_ends(inv: InventoryMgr) -> None:
    fill(inv, [instance("a", "compute-1"), network("front")])

    class Finder(FindLinks):
        def add_links(self) -> None:
            (vm,), (net,) = self.find("instance", []), self.find("network", [])
            self.link(net, vm)
            self.link(vm, net, link_type="instance-home", host="elsewhere")

    links = bound(Finder(), inv).run()

    found = {(link["link_type"], link["host"], link["state"]) for link in links}
    assert found == {
        ("network-instance", "compute-1", "unknown"),
        ("instance-home", "elsewhere", "unknown"),
    }


def test_a_link_found_twice_is_one_and_a_second_run_starts_anew(inv: InventoryMgr) -> None:
    fill(inv, [instance("a", "compute-1"), network("front")])

    class Finder(FindLinks):
        def add_links(self) -> None:
            (vm,), (net,) = self.find("instance", []), self.find("network", [])
            self.link(vm, net, state="down")
            self.link(vm, net, state="up")

    finder = bound(Finder(), inv)

    assert [[link["state"] for link in finder.run()] for _ in range(2)] == [["up"], ["up"]]


def test_find_reads_only_the_fields_asked_for_and_only_this_environment(inv: InventoryMgr) -> None:
    fill(inv, [vnic("compute-1", "tap1", "a", "front")])
    fill(inv, [vnic("compute-1", "tap1", "a", "front") | {"environment": "other"}])

    (found,) = bound(FindLinksForNewType(), inv).find("vnic", ["state"])

    common = {"_id", "environment", "type", "id", "name", "object_name", "host"}
    assert set(found) == common | {"state"}
    assert found["environment"] == ENV


def test_a_finder_without_add_links_says_which(inv: InventoryMgr) -> None:
    class Empty(FindLinks):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty\.add_links"):
        bound(Empty(), inv).run()


def test_base_class_is_the_same_under_both_names() -> None:
    assert ReExported is FindLinks


@pytest.mark.parametrize(
    ("states", "joined"),
    [
        (("up", "up"), "up"),
        (("up", "DOWN"), "down"),
        (("unknown", "up"), "up"),
        ((None, ""), "unknown"),
        (("dormant",), "unknown"),
        ((), "unknown"),
    ],
)
def test_state_of_a_link_follows_what_is_known_of_its_ends(
    states: tuple[str | None, ...], joined: str
) -> None:
    assert joined_state(*states) == joined
