"""`/environment_configs` on real stores: secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.model.scan import ScanRequest
from calipso.utils.environment_store import EnvironmentStore
from calipso.utils.scan_store import ScanStore
from calipso.utils.secrets import MASK
from tests.api.conftest import Login

Environments = Callable[..., str]
PATH = "/api/v1/environment_configs"
SECRET = "s3cret-Pässword"

#: As the original's clients send it.
BODY: dict[str, Any] = {
    "name": "prod",
    "app_path": "/home/scan/calipso_prod/app",
    "distribution": "Mirantis",
    "distribution_version": "8.0",
    "listen": False,
    "mechanism_drivers": ["OVS"],
    "operational": "running",
    "type": "environment",
    "type_drivers": "vxlan",
    "user": "WS7j8oTbWPf3LbNne",
    "scanned": False,
    "last_scanned": "",
    "enable_monitoring": True,
    "monitoring_setup_done": False,
    "auth": {"view-env": ["u1"], "edit-env": ["u1"]},
    "environment_type": "OpenStack",
    "configuration": [
        {"name": "OpenStack", "host": "192.0.2.1", "port": 5000, "user": "admin", "pwd": SECRET}
        | {"admin_token": SECRET},
        {"name": "mysql", "host": "192.0.2.1", "port": 3306, "user": "scan", "pwd": SECRET},
        {"name": "CLI", "host": "192.0.2.1", "user": "scan", "pwd": SECRET},
        {"name": "AMQP", "host": "192.0.2.1", "port": 5673, "user": "nova", "pwd": SECRET},
    ],
}


def body(**changes: Any) -> dict[str, Any]:
    """The body with other fields."""
    return deepcopy(BODY) | changes


def test_an_environment_of_the_original_is_added_and_its_secrets_are_not_shown(
    admin: FlaskClient,
) -> None:
    answer = admin.post(PATH, json=body())
    read = admin.get(answer.headers["Location"])

    assert (answer.status_code, read.status_code) == (201, 200)
    assert read.json["name"] == read.json["id"] == "prod"
    assert read.json["auth"] == BODY["auth"]
    assert read.json["operational"] == "stopped"
    for said in (answer, read, admin.get(PATH)):
        assert SECRET not in said.text
        assert "enc:v1:" not in said.text
        assert MASK in said.text
    stored = EnvironmentStore().collection.find_one({"name": "prod"})
    assert SECRET not in str(stored)
    assert EnvironmentStore().get("prod").document()["configuration"][1]["pwd"] == SECRET


def test_a_taken_name_is_a_conflict(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")

    assert admin.post(PATH, json=body()).status_code == 409


def without(section: str) -> list[dict[str, Any]]:
    return [item for item in BODY["configuration"] if item["name"] != section]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"configuration": without("CLI")}, "configuration", "missing section CLI"),
        (
            {"configuration": [*BODY["configuration"], BODY["configuration"][0]]},
            "configuration",
            "given twice",
        ),
        (
            {"configuration": [*without("CLI"), {"name": "CLI", "host": "a", "user": "b"}]},
            "configuration[3].CLI.key",
            "CLI needs pwd or key",
        ),
        (
            {"configuration": [*without("mysql"), BODY["configuration"][1] | {"port": 0}]},
            "configuration[3].mysql.port",
            "greater than or equal to 1",
        ),
        ({"mechanism_drivers": ["VPP"]}, "mechanism_drivers", "not supported with VPP"),
        ({"mechanism_drivers": ["Ovs5"]}, "mechanism_drivers", "is not one of"),
        ({"type_drivers": "carrier pigeon"}, "type_drivers", "is not one of"),
        ({"listen": True, "configuration": without("AMQP")}, "listen", "needs a section AMQP"),
        ({"environment_type": "VMware"}, "environment_type", "not supported in VMware"),
    ],
)
def test_what_cannot_be_scanned_is_refused_with_the_field_named(
    admin: FlaskClient, changes: dict[str, Any], field: str, said: str
) -> None:
    answer = admin.post(PATH, json=body(**changes))

    assert answer.status_code == 422
    details = answer.json["error"]["details"]
    assert any(item["field"] == field and said in item["message"] for item in details), details
    assert admin.get(PATH).json["items"] == []


def test_all_that_is_wrong_in_a_body_is_named_at_once(admin: FlaskClient) -> None:
    wrong = body(listen="yes", colour="red", mechanism_drivers=[])
    del wrong["name"]
    answer = admin.post(PATH, json=wrong)

    assert answer.status_code == 400
    fields = {item["field"] for item in answer.json["error"]["details"]}
    assert fields == {"listen", "colour", "mechanism_drivers", "name"}


def test_a_change_keeps_the_secrets_it_does_not_give(
    admin: FlaskClient, environment: Environments
) -> None:
    admin.post(PATH, json=body())
    read = admin.get(f"{PATH}/prod").json
    sections = {item["name"]: item for item in read["configuration"]}
    change = {
        "distribution": "Kolla",
        "configuration": [
            {"name": "mysql", "schema": "nova_api"},
            sections["CLI"] | {"user": "ops"},
        ],
    }
    changed = admin.patch(f"{PATH}/prod", json=change)
    stored = EnvironmentStore().get("prod").document()
    found = {item["name"]: item for item in stored["configuration"]}

    assert changed.status_code == 200
    assert (found["mysql"]["schema"], found["mysql"]["pwd"]) == ("nova_api", SECRET)
    assert (found["CLI"]["user"], found["CLI"]["pwd"]) == ("ops", SECRET)
    assert stored["distribution"] == "Kolla"
    assert SECRET not in changed.text


@pytest.mark.parametrize(
    "section",
    [
        {"name": "mysql", "host": "192.0.2.66"},
        {"name": "mysql", "port": 3307},
        {"name": "OpenStack", "auth_url": "http://192.0.2.66:5000/v3"},
        {"name": "OpenStack", "endpoint_host": "192.0.2.66", "pwd": "********"},
        {"name": "CLI", "accept_new_hosts": True},
        {"name": "CLI", "hosts": {"compute-1": {"host": "192.0.2.66"}}},
    ],
)
def test_a_stored_secret_is_not_sent_elsewhere(
    login: Login, environment: Environments, section: dict[str, Any]
) -> None:
    name = environment("prod")
    before = EnvironmentStore().get(name).document()
    client = login("operator", prod="edit")

    refused = client.patch(f"{PATH}/prod", json={"configuration": [section]})
    assert refused.status_code == 422
    assert "pwd" in refused.json["error"]["message"]
    assert EnvironmentStore().get(name).document() == before

    given = client.patch(f"{PATH}/prod", json={"configuration": [section | {"pwd": "another"}]})
    assert given.status_code == 200


def test_a_document_is_replaced_with_its_secrets_and_masks_are_none(admin: FlaskClient) -> None:
    admin.post(PATH, json=body())
    EnvironmentStore().set_status("prod", scanned=True)
    replaced = admin.put(f"{PATH}/prod", json=body(distribution="RDO"))

    assert replaced.json["distribution"] == "RDO"
    assert replaced.json["scanned"]
    masked = {"configuration": replaced.json["configuration"]}
    assert admin.put(f"{PATH}/prod", json=body(**masked)).status_code == 422
    assert admin.put(f"{PATH}/prod", json=body(name="dev")).status_code == 422
    assert admin.put(f"{PATH}/dev", json=body(name="dev")).status_code == 404


def test_filters_of_the_original(admin: FlaskClient, environment: Environments) -> None:
    environment("prod", distribution="Kolla", mechanism_drivers=["OVS", "LXB"])
    environment("test", distribution="RDO", mechanism_drivers=["OVS"])

    def names(query: str) -> list[str]:
        return [item["name"] for item in admin.get(f"{PATH}?{query}").json["items"]]

    assert names("") == ["prod", "test"]
    assert names("name=prod") == names("distribution=Kolla") == ["prod"]
    assert names("mechanism_drivers=OVS&mechanism_drivers=LXB") == ["prod"]
    assert names("mechanism_drivers=OVS") == names("listen=false") == ["prod", "test"]
    assert names("scanned=true") == names("operational=running") == []
    assert names("limit=1&sort=-name") == ["test"]


def test_only_what_may_be_viewed_is_there(login: Login, environment: Environments) -> None:
    environment("prod")
    environment("other")
    client = login("operator", prod="view")

    assert [item["name"] for item in client.get(PATH).json["items"]] == ["prod"]
    assert client.get(f"{PATH}?name=other&total=true").json == {
        "items": [],
        "next": None,
        "total": 0,
    }
    for status, name in ((404, "other"), (403, "prod")):
        assert client.patch(f"{PATH}/{name}", json={}).status_code == status
        assert client.put(f"{PATH}/{name}", json=body(name=name)).status_code == status
        assert client.delete(f"{PATH}/{name}").status_code == status
    assert "other" not in client.get(f"{PATH}/none").json["error"]["hint"]


def test_who_edits_all_environments_may_add_one(login: Login) -> None:
    assert login("operator", mine="edit").post(PATH, json=body()).status_code == 403
    assert login("operator", **{"*": "view"}).post(PATH, json=body()).status_code == 403
    assert login("operator", **{"*": "edit"}).post(PATH, json=body()).status_code == 201


def test_it_goes_with_or_without_its_data_but_not_while_a_scan_runs(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    scan = ScanStore().create(ScanRequest(environment="prod"))

    assert admin.delete(f"{PATH}/prod").status_code == 409
    ScanStore().update(scan, {"status": "failed"})
    assert admin.delete(f"{PATH}/prod").json == {"name": "prod", "removed": {}}
    environment("prod")
    gone = admin.delete(f"{PATH}/prod?with_data=true").json
    assert gone["removed"] == {"scans": 1}
    assert admin.get(f"{PATH}/prod").status_code == 404


@pytest.mark.parametrize(
    "value", [10**30, {"$where": "1"}, {"a\0b": 1}, [[[[[[[[[[1]]]]]]]]]]], ids=lambda v: str(v)[:9]
)
def test_what_the_store_cannot_take_is_refused(admin: FlaskClient, value: object) -> None:
    sections = [*BODY["configuration"], {"name": "Bare-metal", "extra": value}]

    assert admin.post(PATH, json=body(configuration=sections)).status_code == 422


def test_sections_without_a_table_of_fields_are_taken_and_their_secrets_hidden(
    admin: FlaskClient,
) -> None:
    open_section = {
        "name": "VMware",
        "host": "192.0.2.9",
        "password": SECRET,
        "deep": {"pwd": SECRET},
    }
    answer = admin.post(PATH, json=body(configuration=[*BODY["configuration"], open_section]))

    assert answer.status_code == 201
    assert answer.json["configuration"][-1] == {
        "name": "VMware",
        "host": "192.0.2.9",
        "password": MASK,
        "deep": {"pwd": MASK},
    }
    assert SECRET not in str(EnvironmentStore().collection.find_one({"name": "prod"}))
