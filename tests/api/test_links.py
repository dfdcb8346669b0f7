"""`/links` on real stores."""

from __future__ import annotations

from collections.abc import Callable

from bson import ObjectId
from flask.testing import FlaskClient

from calipso.utils.inventory_mgr import InventoryMgr
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


def test_without_a_token_nothing_is_told(app) -> None:  # type: ignore[no-untyped-def]
    answer = app.test_client().get("/api/v1/links")

    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "unauthorized"


def test_the_specification_is_served(app) -> None:  # type: ignore[no-untyped-def]
    spec = app.test_client().get("/api/v1/swagger.json").json

    assert "/links" in spec["paths"]
    assert spec["paths"]["/links"]["get"]["responses"]["200"]["schema"]


def test_an_unchanged_answer_is_not_sent_again(admin: FlaskClient) -> None:
    first = admin.get("/api/v1/links")
    again = admin.get("/api/v1/links", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
