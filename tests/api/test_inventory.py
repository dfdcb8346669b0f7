"""`/inventory`: objects, trees, and what a list costs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import stretches, walk
from tests.api.big import Big
from tests.api.conftest import Login

ROOT = "/api/v1/inventory"
HOST = "compute-00001"


@pytest.fixture
def filled(inv: InventoryMgr, environment: Callable[..., str]) -> InventoryMgr:
    """Two environments of three hosts each."""
    for name in ("prod", "other"):
        Big(environment(name), hosts=3, instances=4).write(inv)
    return inv


def every(client: FlaskClient, path: str) -> list[dict]:  # type: ignore[type-arg]
    """All items of a list, page by page."""
    found, marker = [], ""
    while marker is not None:
        answer = client.get(path + marker)
        assert answer.status_code == 200, answer.text
        found += answer.json["items"]
        marker = answer.json["next"] and f"&marker={answer.json['next']}"
    return found


def key_of(client: FlaskClient, kind: str, item_id: str, environment: str = "prod") -> str:
    """The key of an object."""
    answer = client.get(ROOT, query_string={"env_name": environment, "type": kind, "id": item_id})
    return str(answer.json["items"][0]["_id"])


def test_pages_hold_every_object_once_and_in_order(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    found = every(admin, f"{ROOT}?limit=7")

    keys = [(item["environment"], item["type"], item["id"]) for item in found]
    assert keys == sorted(set(keys))
    assert len(keys) == filled.collection("inventory").count_documents({})


@pytest.mark.parametrize("path", ["?limit=7", "?env_name=prod&limit=5", "?type=vnic&limit=3"])
def test_a_long_list_read_in_stretches_is_the_same_list(
    admin: FlaskClient, filled: InventoryMgr, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    plain = every(admin, ROOT + path)
    monkeypatch.setattr(walk, "SHORT", 0)
    monkeypatch.setattr(walk, "STRETCH", 4)
    lead = ("type", "id")
    whole = walk._find(filled.collection("inventory"), "prod", lead)
    monkeypatch.setattr(stretches, "STRETCH_HOSTS", 1)
    walk._landmarks.clear()

    assert every(admin, ROOT + path) == plain
    assert any(marks for _, marks in walk._landmarks.values())
    assert walk._find(filled.collection("inventory"), "prod", lead) == whole


@pytest.mark.parametrize("hosts", [1, 100])
def test_ids_of_several_kinds_are_listed_too(
    admin: FlaskClient, filled: InventoryMgr, monkeypatch: pytest.MonkeyPatch, hosts: int
) -> None:
    monkeypatch.setattr(walk, "SHORT", 0)
    monkeypatch.setattr(walk, "STRETCH", 4)
    monkeypatch.setattr(stretches, "STRETCH_HOSTS", hosts)
    before = filled.collection("inventory").count_documents({"environment": "prod"})
    for number in (1, 2):
        document = {"environment": "prod", "type": "vnic", "id": number, "name": "of a number"}
        filled.collection("inventory").insert_one(document)
    walk._landmarks.clear()

    assert len(admin.get(f"{ROOT}?env_name=prod&limit=1000").json["items"]) == before + 2


def test_old_landmarks_hide_nothing(
    admin: FlaskClient, filled: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "SHORT", 0)
    monkeypatch.setattr(walk, "STRETCH", 4)
    walk._landmarks.clear()
    before = len(every(admin, f"{ROOT}?env_name=prod&limit=5"))
    for kind in ("a_new_type", "vnic", "zzz"):
        for number in range(9):
            filled.set({"environment": "prod", "type": kind, "id": f"compute-00001-x{number}"})

    assert len(every(admin, f"{ROOT}?env_name=prod&limit=5")) == before + 27


@pytest.mark.parametrize(
    ("query", "types", "count"),
    [
        ({"type": "instance"}, {"instance"}, 12),
        ({"host": HOST, "type": "instance"}, {"instance"}, 4),
        ({"host": HOST}, {"host", "host_pnic", "instance", "otep", "vedge", "vnic"}, 13),
        ({"id": f"{HOST}-OVS"}, {"vedge"}, 1),
        ({"id": f"{HOST}-OVS", "type": "otep"}, set(), 0),
        ({"id_path": f"/prod/RegionOne/{HOST}"}, {"host"}, 1),
        ({"parent_id": f"{HOST}-instances"}, {"instance"}, 4),
        ({"parent_id": f"{HOST}-instances", "host": "elsewhere"}, set(), 0),
        ({"name": "web-00000", "limit": 1000}, {"instance"}, 10),
        ({"name": "eth", "host": HOST}, {"host_pnic"}, 2),
        ({"sub_type": "instance_vnic"}, {"vnic"}, 12),
        ({"sub_type": "instance_vnic", "host": HOST}, {"vnic"}, 4),
        ({"parent_path": f"/prod/RegionOne/{HOST}/{HOST}-instances"}, {"instance"}, 4),
        ({"parent_path": f"/prod/RegionOne/{HOST}/{HOST}-instances/"}, {"instance"}, 4),
        ({"parent_path": "/prod"}, {"region"}, 1),
        ({"parent_path": "/prod/nowhere"}, set(), 0),
        ({"parent_path": "/none/RegionOne"}, set(), 0),
    ],
)
def test_filters_narrow_the_list(
    admin: FlaskClient,
    filled: InventoryMgr,
    query: dict[str, str],
    types: set[str],
    count: int,
) -> None:
    found = admin.get(ROOT, query_string={"env_name": "prod", "total": "true"} | query).json

    assert {item["type"] for item in found["items"]} == types
    assert len(found["items"]) == found["total"] == count


def test_the_objects_of_a_host_are_the_same_in_a_long_list(
    admin: FlaskClient, filled: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = every(admin, f"{ROOT}?env_name=prod&host={HOST}&limit=5")
    monkeypatch.setattr(walk, "SHORT", 0)

    assert every(admin, f"{ROOT}?env_name=prod&host={HOST}&limit=5") == plain


def test_a_sub_tree_holds_its_top_and_no_neighbour(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    place = f"/prod/RegionOne/{HOST}"
    filled.set({"environment": "prod", "type": "host", "id": "near", "id_path": f"{place}-b/x"})
    found = every(admin, f"{ROOT}?parent_path={place}&sub_tree=true&limit=4")

    assert {item["id_path"].startswith((place + "/", place)) for item in found} == {True}
    assert HOST in {item["id"] for item in found}
    assert "near" not in {item["id"] for item in found}
    assert len(found) == 1 + 1 + 1 + 1 + 2 + 8


def test_sub_tree_alone_means_nothing(admin: FlaskClient) -> None:
    answer = admin.get(f"{ROOT}?sub_tree=true")

    assert answer.status_code == 400
    assert answer.json["error"]["details"][0]["field"] == "sub_tree"


def test_stale_objects_are_found(admin: FlaskClient, filled: InventoryMgr) -> None:
    one = filled.find("prod", "vnic")[0]
    filled.update_by_keys("inventory", [one["_id"]], {"$set": {"stale_since": one["last_scanned"]}})

    stale = admin.get(f"{ROOT}?env_name=prod&stale=true").json["items"]
    fresh = admin.get(f"{ROOT}?env_name=prod&stale=false&type=vnic").json["items"]
    assert [item["id"] for item in stale] == [one["id"]]
    assert len(fresh) == 11


def test_objects_with_problems_are_found(admin: FlaskClient, filled: InventoryMgr) -> None:
    problem = {"code": "link_down", "message": "c: eth0 is down", "hint": "", "found_by": {}}
    where = {"environment": "prod", "type": "host", "id": HOST}
    filled.collection("inventory").update_one(where, {"$set": {"problems": [problem]}})

    (item,) = every(admin, f"{ROOT}?env_name=prod&problems=true")

    assert (item["id"], item["problems"][0]["code"]) == (HOST, "link_down")
    others = every(admin, f"{ROOT}?env_name=prod&problems=false&fields=id,type")
    whole = every(admin, f"{ROOT}?env_name=prod&fields=id,type")
    assert len(others) == len(whole) - 1


def test_chosen_fields_and_another_order(admin: FlaskClient, filled: InventoryMgr) -> None:
    found = admin.get(f"{ROOT}?env_name=prod&type=instance&sort=-name&fields=name&limit=2").json

    assert found["items"] == [{"name": "web-000011"}, {"name": "web-000010"}]


def test_numbered_pages_of_the_original(admin: FlaskClient, filled: InventoryMgr) -> None:
    pages = [
        admin.get(f"{ROOT}?env_name=prod&type=instance&page={number}&page_size=5").json["items"]
        for number in range(3)
    ]

    assert [len(page) for page in pages] == [5, 5, 2]
    assert len({item["id"] for page in pages for item in page}) == 12


@pytest.mark.parametrize("marker", ["x", "e30", "W1siZW52aXJvbm1lbnQiLDEsMV1d"])
def test_a_made_up_marker_is_refused(admin: FlaskClient, filled: InventoryMgr, marker: str) -> None:
    assert admin.get(f"{ROOT}?env_name=prod&marker={marker}").status_code == 400


def test_a_marker_with_other_kinds_of_values_does_no_harm(
    admin: FlaskClient, filled: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64
    import json

    monkeypatch.setattr(walk, "SHORT", 0)
    values = [["environment", 1, "prod"], ["type", 1, 7], ["id", 1, None], ["_id", 1, True]]
    marker = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()

    assert admin.get(f"{ROOT}?env_name=prod&marker={marker}").status_code in (200, 400)


def test_one_object_is_read_by_its_key(admin: FlaskClient, filled: InventoryMgr) -> None:
    key = key_of(admin, "host", HOST)
    found = admin.get(f"{ROOT}/{key}")

    assert (found.json["id"], found.json["last_scanned"]) == (HOST, "2026-11-20T08:00:00Z")
    for unknown in ("0" * 24, "nothing", f"{key}0"):
        assert admin.get(f"{ROOT}/{unknown}").status_code == 404


def test_children_are_those_of_the_object_and_of_no_namesake(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    namesake = {"environment": "prod", "type": "vnic", "id": "x", "parent_id": HOST}
    filled.set(namesake | {"parent_type": "region"})
    found = every(admin, f"{ROOT}/{key_of(admin, 'host', HOST)}/children?limit=2")

    assert [item["type"] for item in found] == [
        "host_pnic",
        "host_pnic",
        "instances_folder",
        "vedge",
    ]


def test_a_tree_is_as_deep_and_as_large_as_asked_for(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    key = key_of(admin, "host", HOST)
    flat = admin.get(f"{ROOT}/{key}/tree?depth=1").json
    deep = admin.get(f"{ROOT}/{key}/tree?depth=5").json
    cut = admin.get(f"{ROOT}/{key}/tree?depth=5&limit=3").json

    hidden = {child["type"]: child["hidden"] for child in flat["children"]}
    folders = {child["type"]: child["folder"] for child in [flat, *flat["children"]]}
    assert folders == {kind: kind.endswith("_folder") for kind in folders}
    assert set(folders.values()) == {True, False}
    assert hidden == {"host_pnic": 0, "instances_folder": 4, "vedge": 1}
    assert (flat["count"], flat["truncated"], flat["hidden"]) == (5, False, 0)
    assert (deep["count"], deep["truncated"]) == (10, False)
    assert (cut["count"], cut["truncated"], cut["hidden"]) == (3, True, 2)


def test_the_tree_of_an_environment_begins_at_its_regions(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    found = admin.get(f"{ROOT}/tree?env_name=prod&depth=2").json

    assert [child["id"] for child in found["children"]] == ["RegionOne"]
    assert {child["type"] for child in found["children"][0]["children"]} == {"host", "network"}


@pytest.mark.parametrize(
    "below",
    ["", "/children", "/tree", "/links", "/changes", "/cliques", "/graph", "/paths"],
)
def test_nothing_of_a_foreign_environment_is_returned(
    login: Login, admin: FlaskClient, filled: InventoryMgr, below: str
) -> None:
    foreign = key_of(admin, "host", HOST, "other")
    client = login("viewer", prod="view")

    hidden = client.get(f"{ROOT}/{foreign}{below}")
    unknown = client.get(f"{ROOT}/{'0' * 24}{below}")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json["error"]["message"].replace(foreign, "") == unknown.json["error"][
        "message"
    ].replace("0" * 24, "")


def test_a_list_over_all_environments_is_of_those_one_may_view(
    login: Login, filled: InventoryMgr
) -> None:
    client = login("viewer", prod="view")
    found = client.get(f"{ROOT}?limit=1000&total=true").json
    asked = client.get(f"{ROOT}?parent_path=/other&sub_tree=true").json["items"]

    assert {item["environment"] for item in found["items"]} == {"prod"}
    assert found["total"] == len(found["items"])
    assert asked == []
    assert client.get(f"{ROOT}?env_name=other").status_code == 404
    assert client.get(f"{ROOT}/tree?env_name=other").status_code == 404


def test_who_may_view_nothing_sees_an_empty_list(login: Login, filled: InventoryMgr) -> None:
    assert login("viewer").get(f"{ROOT}?total=true").json == {"items": [], "next": None, "total": 0}


def test_operators_of_the_store_are_only_text(admin: FlaskClient, filled: InventoryMgr) -> None:
    for text in ("$ne", '{"$gt":""}', ".*", "[a-z]"):
        found = admin.get(ROOT, query_string={"env_name": "prod", "id": text, "name": text})
        assert found.json["items"] == []


def test_another_inventory_is_read_by_its_name(admin: FlaskClient, filled: InventoryMgr) -> None:
    assert admin.get(f"{ROOT}?env_name=prod&inventory=inventory_dev").json["items"] == []
    assert admin.get(f"{ROOT}?inventory=users").status_code == 400
