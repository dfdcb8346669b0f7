"""`/links` on real stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from bson import ObjectId
from flask.testing import FlaskClient

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import walk
from tests.api.big import Big
from tests.api.conftest import Login


def add_links(inv: InventoryMgr, environment: str, count: int) -> None:
    """Links of an environment, numbered."""
    inv.collection("links").insert_many(
        {
            "environment": environment,
            "link_type": "instance-vnic",
            "link_name": f"link-{number:03}",
            "source": ObjectId(),
            "target": ObjectId(),
            "state": "up",
        }
        for number in range(count)
    )


def test_the_pages_of_a_list_hold_every_link_once(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    add_links(inv, environment("prod"), 25)
    found, marker = [], ""
    while marker is not None:
        page = admin.get("/api/v1/links?env_name=prod&limit=10" + marker).json
        found += [link["id"] for link in page["items"]]
        marker = page["next"] and f"&marker={page['next']}"

    assert len(found) == len(set(found)) == 25


def test_a_long_list_is_the_same_whatever_is_read_at_once_for_its_landmarks(
    admin: FlaskClient,
    inv: InventoryMgr,
    environment: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("prod", "other"):
        add_links(inv, environment(name), 60)
    links, lead = inv.collection("links"), ("link_type", "source")
    monkeypatch.setattr(walk, "SHORT", 0)
    monkeypatch.setattr(walk, "STRETCH", 4)
    whole = walk._find(links, "prod", lead)
    monkeypatch.setattr(walk, "PIECE", 10)

    assert walk._find(links, "prod", lead) == whole
    assert len(whole) == 14


def test_a_foreign_environment_looks_like_none(
    login: Login, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    add_links(inv, environment("prod"), 3)
    add_links(inv, environment("other"), 3)
    client = login("viewer", prod="view")

    assert {link["environment"] for link in client.get("/api/v1/links").json["items"]} == {"prod"}
    hidden = client.get("/api/v1/links?env_name=other")
    assert hidden.status_code == client.get("/api/v1/links?env_name=none").status_code == 404


def test_every_wrong_key_is_named_at_once(admin: FlaskClient) -> None:
    answer = admin.get("/api/v1/links?limit=0&colour=red&host=")

    assert answer.status_code == 400
    assert {item["field"] for item in answer.json["error"]["details"]} == {
        "limit",
        "colour",
        "host",
    }


def test_without_a_token_nothing_is_returned(app) -> None:  # type: ignore[no-untyped-def]
    answer = app.test_client().get("/api/v1/links")

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "unauthorized"


def test_the_specification_is_served(app) -> None:  # type: ignore[no-untyped-def]
    spec = app.test_client().get("/api/v1/openapi.json").json

    assert "/links" in spec["paths"]
    assert spec["paths"]["/links"]["get"]["responses"]["200"]["content"]["application/json"]


def test_an_unchanged_answer_is_not_sent_again(admin: FlaskClient) -> None:
    first = admin.get("/api/v1/links")
    again = admin.get("/api/v1/links", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")


def test_filters_narrow_the_links(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    for name in ("prod", "other"):
        Big(environment(name), hosts=3, instances=4).write(inv)
    one = inv.find_all("links", {"environment": "prod", "link_type": "vnic-vedge"})[0]
    on_vedge = f"attributes:network={one['attributes']['network']}&source_id={one['source_id']}"
    expected = {
        f"id={one['_id']}": 1,
        f"source_id={one['source_id']}": 1,
        f"source_id={one['source_id']}&state=down": 0,
        "target_id=compute-00001-OVS": 4,
        "target_id=compute-00001-OVS&source_id=nothing": 0,
        "host=compute-00001": 13,
        "link_type=vedge-otep": 3,
        "link_type=vedge-otep&state=up&link_name=link": 3,
        "state=unknown": 0,
        "implicit=false&link_type=vedge-otep": 3,
        "attributes:network=net-0001&link_type=host_pnic-network": 3,
        on_vedge: 1,
        f"{on_vedge}&attributes:vlan=1": 0,
        "attributes:mac_address=x": 0,
    }

    found = {
        query: len(admin.get(f"/api/v1/links?env_name=prod&{query}").json["items"])
        for query in expected
    }
    assert found == expected


@pytest.mark.parametrize("name", ["", "$where", "a" * 65, "x\0y"])
def test_an_attribute_must_have_a_name(admin: FlaskClient, name: str) -> None:
    answer = admin.get("/api/v1/links", query_string={f"attributes:{name}": "1"})

    assert answer.status_code == 400


def test_a_list_of_values_has_each_of_them(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    add_links(inv, environment("prod"), 2)
    first = inv.find_all("links", {})[0]
    both = {"$set": {"attributes": {"network": ["n1", "n2"], "vlan": 100}}}
    inv.collection("links").update_one({"_id": first["_id"]}, both)

    for query in ("attributes:network=n2", "attributes:vlan=100"):
        found = admin.get(f"/api/v1/links?{query}").json["items"]
        assert [item["id"] for item in found] == [str(first["_id"])]


def test_links_of_an_object_are_those_of_both_its_sides(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    Big(environment("prod"), hosts=2, instances=3).write(inv)
    switch = inv.get_by_id("prod", "compute-00001-OVS")
    assert switch
    path = f"/api/v1/inventory/{switch['_id']}/links"
    first = admin.get(f"{path}?limit=3").json
    rest = admin.get(f"{path}?limit=3&marker={first['next']}").json

    found = [*first["items"], *rest["items"]]
    assert [item["link_type"] for item in found] == ["vedge-otep", *["vnic-vedge"] * 3]
    assert rest["next"] is None


@pytest.mark.parametrize("chosen", ["", "&fields=last_scanned,stale_since"])
def test_a_link_is_as_old_as_its_older_end(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str], chosen: str
) -> None:
    environment("prod")
    old, new = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 4, tzinfo=UTC)
    ends = {}
    for kind, seen in (("instance", new), ("vnic", old)):
        place = {"environment": "prod", "type": kind, "id": kind, "id_path": f"/prod/{kind}"}
        inv.set(place | {"last_scanned": seen} | ({"stale_since": new} if seen is old else {}))
        ends[kind] = inv.get_by_id("prod", kind)["_id"]  # type: ignore[index]
    link = {"environment": "prod", "link_type": "instance-vnic", "link_name": "x", "state": "up"}
    link |= {"source": ends["instance"], "target": ends["vnic"], "last_scanned": new}
    clique = {"environment": "prod", "clique_type": "instance", "focal_point": ends["instance"]}
    clique |= {"focal_point_id": "instance", "focal_point_type": "instance", "last_scanned": new}
    key = inv.collection("links").insert_one(link).inserted_id
    members = {"links": [key], "objects": list(ends.values())}
    whole = inv.collection("cliques").insert_one(clique | members).inserted_id

    lists = ["links", "cliques", f"inventory/{ends['vnic']}/links", f"cliques/{whole}/links"]
    lists.append(f"inventory/{ends['instance']}/cliques")
    found = [admin.get(f"/api/v1/{name}?limit=5{chosen}").json["items"][0] for name in lists]
    if not chosen:
        found += [
            admin.get(f"/api/v1/{name}").json for name in (f"links/{key}", f"cliques/{whole}")
        ]

    assert {(item["last_scanned"], item["stale_since"]) for item in found} == {
        ("2026-05-01T00:00:00Z", "2026-05-04T00:00:00Z")
    }
    assert not chosen or all(item.keys() == {"last_scanned", "stale_since"} for item in found)
