"""`/constants`, `/monitoring_config_templates` and `/supported_environments`."""

from __future__ import annotations

from flask.testing import FlaskClient

from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.utils.constants import load_constants


def test_a_list_of_constants_is_found_by_name(admin: FlaskClient) -> None:
    one = admin.get("/api/v1/constants/link_states").json

    assert one["data"][0] == {"label": "up", "value": "up"}
    assert admin.get("/api/v1/constants?name=link_states").json["items"] == [one]
    missing = admin.get("/api/v1/constants/link_state").json["error"]
    assert "link_states" in missing["message"]


def test_the_lists_of_constants_come_in_pages(admin: FlaskClient) -> None:
    names, marker = [], ""
    while marker is not None:
        page = admin.get(f"/api/v1/constants?fields=name&limit=7{marker}").json
        names += [item["name"] for item in page["items"]]
        marker = page["next"] and f"&marker={page['next']}"

    assert names == sorted(name for name in load_constants() if name != "_comment")


def test_templates_are_those_stored_and_their_order_may_be_text(admin: FlaskClient) -> None:
    path = "/api/v1/monitoring_config_templates"
    assert admin.get(path).json == {"items": [], "next": None}
    MongoAccess().db["monitoring_config_templates"].insert_many(
        [
            {"side": "client", "type": "a.json", "order": "1", "config": {"a[dot]b": 1}},
            {"side": "server", "type": "b.json", "order": 2, "config": {}},
        ]
    )

    def types(query: str) -> list[str]:
        return [item["type"] for item in admin.get(f"{path}?{query}").json["items"]]

    assert types("order=1") == types("side=client") == types("type=a.json") == ["a.json"]
    assert types("order=2") == ["b.json"]
    key = admin.get(f"{path}?order=1").json["items"][0]["id"]
    assert admin.get(f"{path}/{key}").json["config"] == {"a.b": 1}
    assert types(f"id={key}") == ["a.json"]
    assert admin.get(f"{path}/000000000000000000000000").status_code == 404


def test_what_the_scan_tree_reads_is_what_is_supported(admin: FlaskClient) -> None:
    path = "/api/v1/supported_environments?distribution=Kolla&fields=environment,features"
    found = {
        item["environment"]["mechanism_drivers"]: item["features"]["scanning"]
        for item in admin.get(path).json["items"]
    }

    read = ("OVS", "LXB", "OVN", "SRIOV", "MACVTAP")
    other = ("VPP", "Calico", "HyperV", "ODL")
    other += ("Mellanox", "DVS", "Midonet", "Arista", "Nexus")
    assert found == dict.fromkeys(read, True) | dict.fromkeys(other, False)
    one = admin.get(f"{path}&mechanism_drivers=OVS&total=true").json
    assert (one["total"], one["items"][0]["features"]["listening"]) == (1, False)
