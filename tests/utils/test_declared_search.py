"""What search and neighbourhoods take from the declarations of types."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from calipso.analysis.neighbours import neighbours
from calipso.model.inventory import link_key
from calipso.model.types import OBJECT_TYPES, Field, Search, linked_types
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.search import FIELDS, SearchIndex

VALUES: dict[Search, tuple[Any, str]] = {
    Search.WORD: ("findme", "findme"),
    Search.MAC: ("fa:16:3e:00:00:01", "fa163e-000001"),
    Search.ADDRESS: (["192.0.2.7/24"], "192.0.2.7"),
    Search.NETWORK: (["192.0.2.0/24"], "192.0.2.9"),
    Search.PARTS: ({"system_name": "leaf-7", "vlan": 42}, "leaf-7"),
}
SEARCHED = [
    (kind.name, field)
    for kind in OBJECT_TYPES.values()
    for field in kind.fields
    if field.search is not None
]


@pytest.mark.parametrize(
    ("kind", "field"), SEARCHED, ids=[f"{kind}.{field.name}" for kind, field in SEARCHED]
)
def test_an_object_is_found_by_each_field_that_is_declared_so(kind: str, field: Field) -> None:
    assert field.search is not None
    value, asked = VALUES[field.search]
    item = {"_id": ObjectId(), "type": kind, "id": "x", "name": "x", field.name: value}

    found = SearchIndex([{key: item[key] for key in ("_id", *FIELDS) if key in item}]).find(
        asked, 5
    )

    assert [key for _, key in found] == [item["_id"]]


def test_the_address_of_a_host_does_not_find_the_instances_on_it() -> None:
    objects = [
        {"_id": ObjectId(), "type": kind, "id": kind, "name": kind, "ip_address": "192.0.2.7"}
        for kind in ("host", "instance")
    ]

    found = SearchIndex(objects).find("192.0.2.7", 5)

    assert [key for _, key in found] == [objects[0]["_id"]]


def put(inv: InventoryMgr, kind: str, name: str, path: str, **more: str) -> dict[str, Any]:
    document = {"environment": "e", "type": kind, "id": name, "name": name, "id_path": path}
    return {"_id": inv.set(document | more), **document, **more}


@pytest.mark.parametrize("kind", linked_types())
def test_what_links_join_is_in_the_neighbourhood_of_what_it_is_below(
    kind: str, inv: InventoryMgr
) -> None:
    above = put(inv, "host", "h", "/e/h", host="h")
    thing = put(inv, kind, "x", "/e/h/x", host="h")
    project = put(inv, "project", "p", "/e/p")
    other = put(inv, kind, "y", "/e/p/y")
    link_up(inv, thing, other)

    assert thing["_id"] in neighbours(inv, above, 0, 10).distance
    assert other["_id"] in neighbours(inv, project, 0, 10).distance


def link_up(inv: InventoryMgr, source: dict[str, Any], target: dict[str, Any]) -> None:
    kind = f"{source['type']}-{target['type']}"
    key = link_key("e", kind, source["_id"], target["_id"], "")
    ends = {"source": source["_id"], "target": target["_id"]}
    inv.collection("links").insert_one({"_id": key, "environment": "e", "link_type": kind} | ends)
