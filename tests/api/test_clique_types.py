"""`/clique_types` and `/clique_constraints`: rules, rights, and that a scan goes by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.clique_type_store import Definitions
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.big import Big
from tests.api.conftest import Login

ROOT = "/api/v1/clique_types"
CONSTRAINTS = "/api/v1/clique_constraints"

SHORT = {
    "name": "short",
    "focal_point_type": "instance",
    "link_types": ["instance-vnic", "vnic-vedge"],
    "environment": "prod",
}
#: The same for a configuration.
FOR_OVS = {name: value for name, value in SHORT.items() if name != "environment"} | {
    "mechanism_drivers": "OVS"
}


def add(client: FlaskClient, document: dict[str, Any]) -> str:
    """Define a type; its id."""
    answer = client.post(ROOT, json=document)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(f"{ROOT}/{answer.json['id']}")
    return str(answer.json["id"])


def sizes(inv: InventoryMgr, environment: str = "prod") -> set[tuple[str, int]]:
    """Clique types and numbers of links of the instances' cliques."""
    cliques = inv.find_all("cliques", {"environment": environment, "focal_point_type": "instance"})
    return {(clique["clique_type"], len(clique["links"])) for clique in cliques}


def test_of_two_who_define_the_same_at_once_one_succeeds(
    admin: FlaskClient, environment: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    environment("other")
    key = add(admin, SHORT)
    other = add(admin, SHORT | {"environment": "other"})
    monkeypatch.setattr(Definitions, "_check_alone", lambda *_: None)  # both looked before

    assert admin.post(ROOT, json=SHORT).status_code == 409
    assert admin.put(f"{ROOT}/{other}", json=SHORT).status_code == 409
    assert admin.put(f"{ROOT}/{key}", json=SHORT | {"name": "same"}).status_code == 200
    assert "meant_for" not in admin.get(f"{ROOT}/{key}").json
    body = {"focal_point_type": "instance", "constraints": ["network"]}
    assert admin.post(CONSTRAINTS, json=body).status_code == 201
    assert admin.post(CONSTRAINTS, json=body).status_code == 409


def test_the_next_scan_goes_by_a_type_that_was_defined(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    for name in ("prod", "other"):
        Big(environment(name), hosts=3, instances=2).write(inv)
    key = add(admin, SHORT)
    for name in ("prod", "other"):
        scan = run_local(ScanRequest(environment=name, cliques_only=True))
        assert (scan["status"], scan["warning_count"]) == ("completed", 0)

    assert sizes(inv) == {("short", 2)}
    assert {name for name, _ in sizes(inv, "other")} == {"instance"}

    assert admin.delete(f"{ROOT}/{key}").status_code == 204
    run_local(ScanRequest(environment="prod", cliques_only=True))
    assert {name for name, _ in sizes(inv)} == {"instance"}


def test_the_list_has_the_defaults_of_the_file_too(
    login: Login, admin: FlaskClient, environment: Callable[..., str]
) -> None:
    environment("prod")
    key = add(admin, SHORT)
    found = admin.get(f"{ROOT}?focal_point_type=instance").json["items"]

    origins = [(item["name"], item["origin"]) for item in found]
    assert origins == sorted(origins)
    assert {("instance", "file"), ("short", "stored")} < set(origins)
    for item in found:
        assert admin.get(f"{ROOT}/{item['id']}").json == item
    assert [item["id"] for item in admin.get(f"{ROOT}?env_name=prod").json["items"]] == [key]
    foreign = login("viewer").get(ROOT).json["items"]
    assert "short" not in {item["name"] for item in foreign}
    assert login("viewer").get(f"{ROOT}/{key}").status_code == 404


def test_link_types_given_must_all_be_in_a_type(
    admin: FlaskClient, environment: Callable[..., str]
) -> None:
    environment("prod")
    add(admin, SHORT)
    both = admin.get(f"{ROOT}?link_type=instance-vnic&link_type=vnic-vedge").json["items"]
    none = admin.get(f"{ROOT}?link_type=instance-vnic&link_type=switch-switch_pnic").json["items"]

    assert {item["name"] for item in both} == {"short", "instance"}
    assert none == []
    assert admin.get(f"{ROOT}?distribution_version=1").status_code == 400


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"environment": None}, {"environment"}),
        ({"mechanism_drivers": "OVS"}, {"environment"}),
        ({"environment": "ANY"}, {"environment"}),
        ({"link_types": []}, {"link_types"}),
        ({"link_types": ["nothing-here"]}, {"link_types"}),
        ({"focal_point_type": "cow", "link_types": ["x"]}, {"focal_point_type", "link_types"}),
        ({"environment": None, "distribution_version": "1"}, {"distribution_version"}),
        ({"name": ""}, {"name"}),
        ({"use_implicit_links": "yes"}, {"use_implicit_links"}),
        ({"colour": "red"}, {"colour"}),
    ],
)
def test_wrong_types_are_refused_and_each_field_is_named(
    admin: FlaskClient,
    environment: Callable[..., str],
    changes: dict[str, Any],
    fields: set[str],
) -> None:
    environment("prod")
    body = {name: value for name, value in (SHORT | changes).items() if value is not None}
    answer = admin.post(ROOT, json=body)

    assert answer.status_code == 400
    assert {item["field"].split(".")[0] for item in answer.json["error"]["details"]} == fields


def test_one_environment_has_one_type_for_a_focal_point(
    admin: FlaskClient, environment: Callable[..., str]
) -> None:
    environment("prod")
    key = add(admin, SHORT)
    add(admin, FOR_OVS)

    assert admin.post(ROOT, json=SHORT | {"name": "other"}).status_code == 409
    assert admin.post(ROOT, json=FOR_OVS | {"name": "other"}).status_code == 409
    assert admin.put(f"{ROOT}/{key}", json=SHORT | {"name": "other"}).status_code == 200
    assert admin.put(f"{ROOT}/{key}", json=FOR_OVS).status_code == 409


def test_a_type_is_replaced_and_changed(
    admin: FlaskClient, environment: Callable[..., str]
) -> None:
    environment("prod")
    path = f"{ROOT}/{add(admin, SHORT | {'use_implicit_links': True})}"
    admin.put(path, json=SHORT | {"name": "new"})
    changed = admin.patch(path, json={"link_types": ["instance-vnic"]}).json

    assert (changed["name"], changed["link_types"]) == ("new", ["instance-vnic"])
    assert changed["use_implicit_links"] is False
    moved = admin.patch(path, json={"environment": None, "type_drivers": "vxlan"})
    assert moved.status_code == 200
    assert "environment" not in admin.get(path).json
    assert admin.patch(path, json={"link_types": None}).status_code == 400


def test_the_defaults_of_the_file_cannot_be_changed(admin: FlaskClient) -> None:
    default = admin.get(f"{ROOT}?focal_point_type=instance").json["items"][0]
    answer = admin.delete(f"{ROOT}/{default['id']}")

    assert answer.status_code == 409
    assert "file" in answer.json["error"]["message"]


def test_types_of_an_environment_go_with_its_data(
    admin: FlaskClient, environment: Callable[..., str]
) -> None:
    key = add(admin, SHORT | {"environment": environment("prod")})
    removed = EnvironmentStore().remove("prod", with_data=True)

    assert removed["clique_types"] == 1
    assert admin.get(f"{ROOT}/{key}").status_code == 404


def test_who_may_define_types(login: Login, environment: Callable[..., str]) -> None:
    environment("prod")
    editor, other = login("operator", prod="edit"), login("operator", prod="view")

    assert login("viewer", prod="view").post(ROOT, json=SHORT).status_code == 403
    assert other.post(ROOT, json=SHORT).status_code == 403
    assert login("operator").post(ROOT, json=SHORT).status_code == 404
    assert editor.post(ROOT, json=FOR_OVS).status_code == 403
    key = add(editor, SHORT)
    for client, status in ((other, 403), (login("operator"), 404), (editor, 204)):
        assert client.delete(f"{ROOT}/{key}").status_code == status


def test_constraints_defined_replace_those_of_the_file(
    login: Login, admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    Big(environment("prod"), hosts=3, instances=2).write(inv)
    free = {"focal_point_type": "instance", "constraints": []}
    run_local(ScanRequest(environment="prod", cliques_only=True))
    before = sizes(inv)
    path = f"{CONSTRAINTS}/{admin.post(CONSTRAINTS, json=free).json['id']}"
    run_local(ScanRequest(environment="prod", cliques_only=True))

    assert max(size for _, size in sizes(inv)) > max(size for _, size in before)
    listed = admin.get(f"{CONSTRAINTS}?focal_point_type=instance").json["items"]
    assert [(item["origin"], item["constraints"]) for item in listed] == [("stored", [])]
    assert admin.post(CONSTRAINTS, json=free).status_code == 409
    assert admin.put(path, json=free | {"constraints": ["network"]}).status_code == 200
    assert admin.put(path, json=free | {"constraints": ["colour"]}).status_code == 400
    assert login("operator").delete(path).status_code == 403
    assert admin.delete(path).status_code == 204
    again = admin.get(f"{CONSTRAINTS}?constraint=network&focal_point_type=instance").json["items"]
    assert [item["origin"] for item in again] == ["file"]
    assert admin.delete(f"{CONSTRAINTS}/{again[0]['id']}").status_code == 409
