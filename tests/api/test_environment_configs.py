"""`/environment_configs` on real stores: secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.model.environment import Environment
from calipso.model.scan import ScanRequest
from calipso.secrets.box import MASK
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.scans.scan_store import ScanStore
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
            "expected 1 or more",
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
        {"name": "CLI", "direct": None, "known_hosts": None, "port": 2222},
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


def with_hosts(environment: Environments, **cli: Any) -> None:
    """An environment whose host compute-1 has an address and a password of its own."""
    sections = {item["name"]: item for item in deepcopy(BODY["configuration"])}
    own = {"compute-1": {"host": "192.0.2.31", "pwd": SECRET}}
    sections["CLI"] |= {"hosts": own} | cli
    environment("prod", configuration=[*sections.values()])


@pytest.mark.parametrize(
    ("section", "kept"),
    [
        ({"host": "192.0.2.66", "pwd": "another"}, "hosts.compute-1.pwd"),
        ({"hosts": {"compute-1": {"host": "192.0.2.66", "pwd": MASK}}}, "hosts.compute-1.pwd, pwd"),
        ({"hosts": {"compute-1": {"host": "192.0.2.66", "pwd": "another"}}}, "pwd"),
    ],
)
def test_the_secret_of_a_host_is_not_sent_elsewhere(
    login: Login, environment: Environments, section: dict[str, Any], kept: str
) -> None:
    with_hosts(environment)
    before = EnvironmentStore().get("prod").document()
    change = {"configuration": [{"name": "CLI"} | section]}

    refused = login("operator", prod="edit").patch(f"{PATH}/prod", json=change)

    assert refused.status_code == 422
    assert refused.json["error"]["hint"] == f"Give {kept} again, in the same request."
    assert EnvironmentStore().get("prod").document() == before


def test_the_secret_of_a_host_stays_when_it_is_sent_back_masked(
    login: Login, environment: Environments
) -> None:
    with_hosts(environment)
    client = login("operator", prod="edit")
    sections = {item["name"]: item for item in client.get(f"{PATH}/prod").json["configuration"]}
    sections["CLI"]["hosts"]["compute-1"]["user"] = "ops"

    changed = client.patch(f"{PATH}/prod", json={"configuration": [sections["CLI"]]})

    assert changed.status_code == 200, changed.text
    hosts = EnvironmentStore().get("prod").document()["configuration"][2]["hosts"]
    assert hosts == {"compute-1": {"host": "192.0.2.31", "pwd": SECRET, "user": "ops"}}


def test_another_cloud_names_no_host_for_stored_secrets(
    login: Login, environment: Environments
) -> None:
    """What Nova calls a host is logged in to: with `accept_new_hosts`, whoever answers there."""
    with_hosts(environment, accept_new_hosts=True)
    client = login("operator", prod="edit")
    cloud = {"name": "OpenStack", "host": "192.0.2.66", "pwd": "another", "admin_token": "a"}
    cli = {"name": "CLI", "pwd": "another", "hosts": None}

    refused = client.patch(f"{PATH}/prod", json={"configuration": [cloud]})
    partly = client.patch(f"{PATH}/prod", json={"configuration": [cloud, cli | {"hosts": {}}]})

    assert (refused.status_code, partly.status_code) == (422, 200)
    assert "CLI.hosts.compute-1.pwd" in refused.json["error"]["hint"]
    assert "CLI.pwd" in refused.json["error"]["hint"]


def test_another_cloud_may_be_named_where_new_hosts_are_not_trusted(
    login: Login, environment: Environments
) -> None:
    with_hosts(environment)
    cloud = {"name": "OpenStack", "host": "192.0.2.66", "pwd": "another", "admin_token": "a"}
    client = login("operator", prod="edit")

    assert client.patch(f"{PATH}/prod", json={"configuration": [cloud]}).status_code == 200


def test_a_section_given_twice_is_refused(admin: FlaskClient, environment: Environments) -> None:
    environment("prod")
    sections = [{"name": "mysql", "host": "192.0.2.66", "pwd": "x"}, {"name": "mysql", "pwd": MASK}]

    answer = admin.patch(f"{PATH}/prod", json={"configuration": sections})

    assert answer.status_code == 422
    assert "given twice" in answer.json["error"]["message"]


#: Sections that name files on the machines of the workers.
PATHS = [
    ({"name": "CLI", "known_hosts": "/var/lib/calipso/secret.keys"}, "CLI.known_hosts"),
    ({"name": "CLI", "key": "/etc/other/id"}, "CLI.key"),
    ({"name": "CLI", "hosts": {"c.1": {"key": "/etc/other/id"}}}, "CLI.hosts.c.1.key"),
    ({"name": "mysql", "ca_file": "/etc/passwd"}, "mysql.ca_file"),
    ({"name": "OpenStack", "ca_file": "/etc/passwd"}, "OpenStack.ca_file"),
    ({"name": "AMQP", "ca_file": "/etc/passwd"}, "AMQP.ca_file"),
]


def spoiled(section: dict[str, Any]) -> list[dict[str, Any]]:
    """All sections of the body, one with more in it."""
    sections = deepcopy(BODY["configuration"])
    return [item | (section if item["name"] == section["name"] else {}) for item in sections]


@pytest.mark.parametrize(("section", "field"), PATHS, ids=[field for _, field in PATHS])
def test_only_an_admin_names_files_of_the_workers(
    login: Login, admin: FlaskClient, section: dict[str, Any], field: str
) -> None:
    client = login("operator", **{"*": "edit"})
    whole = body(configuration=spoiled(section))
    (given,) = [item for item in whole["configuration"] if item["name"] == section["name"]]

    added = client.post(PATH, json=whole)
    admin.post(PATH, json=body())
    before = EnvironmentStore().get("prod").document()
    replaced = client.put(f"{PATH}/prod", json=whole)
    changed = client.patch(f"{PATH}/prod", json={"configuration": [given]})

    for refused in (added, replaced, changed):
        assert refused.status_code == 403
        assert field in refused.json["error"]["message"]
        assert "ask an admin" in refused.json["error"]["hint"]
    assert EnvironmentStore().get("prod").document() == before
    assert admin.patch(f"{PATH}/prod", json={"configuration": [given]}).status_code == 200


def test_files_that_are_stored_may_be_sent_back(login: Login, admin: FlaskClient) -> None:
    section = {"name": "CLI", "key": "/etc/calipso/id", "hosts": {"c.1": {"key": "/etc/one"}}}
    whole = body(configuration=spoiled(section))
    admin.post(PATH, json=whole)
    client = login("operator", prod="edit")
    read = client.get(f"{PATH}/prod").json

    changed = client.patch(f"{PATH}/prod", json={"configuration": read["configuration"]})
    replaced = client.put(f"{PATH}/prod", json=whole)
    left_out = client.put(f"{PATH}/prod", json=body())

    assert [changed.status_code, replaced.status_code, left_out.status_code] == [200, 200, 200]


@pytest.mark.parametrize("secret", [MASK, "enc:v1:gAAAAAB", "enc:v1:"])
def test_what_is_no_secret_is_not_stored_as_one(
    admin: FlaskClient, environment: Environments, secret: str
) -> None:
    section = {"name": "VMware", "deep": {"list": {"password": [secret]}}}
    whole = body(configuration=[*BODY["configuration"], section])
    environment("dev")

    answers = [
        admin.post(PATH, json=whole),
        admin.put(f"{PATH}/dev", json=whole | {"name": "dev"}),
        admin.patch(f"{PATH}/dev", json={"configuration": [section]}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert all("a secret" in answer.json["error"]["message"] for answer in answers)


def test_null_takes_a_field_away(admin: FlaskClient) -> None:
    queues = {"cli": "cli-far"}
    sections = spoiled({"name": "mysql", "schema": "nova_x", "connect_timeout": 9})
    admin.post(PATH, json=body(queues=queues, configuration=sections, distribution="RDO"))

    change = {
        "auth": None,
        "queues": None,
        "distribution": None,
        "configuration": [{"name": "mysql", "schema": None}],
    }
    changed = admin.patch(f"{PATH}/prod", json=change)

    assert changed.status_code == 200, changed.text
    assert changed.json.keys().isdisjoint({"auth", "queues"})
    assert changed.json["distribution"] == ""
    stored = EnvironmentStore().get("prod").document()["configuration"][1]
    assert stored.keys() == {"name", "host", "port", "user", "pwd", "connect_timeout"}


def test_a_section_is_taken_away_unless_it_is_needed(admin: FlaskClient) -> None:
    admin.post(PATH, json=body(listen=True))
    place = f"{PATH}/prod/configuration"

    assert admin.delete(f"{place}/mysql").status_code == 422
    listens = admin.delete(f"{place}/AMQP")
    assert (listens.status_code, listens.json["error"]["details"][0]["field"]) == (422, "listen")
    admin.patch(f"{PATH}/prod", json={"listen": False})
    gone = admin.delete(f"{place}/AMQP")
    assert [item["name"] for item in gone.json["configuration"]] == ["OpenStack", "mysql", "CLI"]
    missing = admin.delete(f"{place}/AMQP")
    assert (missing.status_code, missing.json["error"]["hint"]) == (
        404,
        "It has OpenStack, mysql, CLI.",
    )


def test_a_change_of_somebody_else_meanwhile_is_a_conflict(
    admin: FlaskClient, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    document = Environment.document

    def meanwhile(self: Environment) -> dict[str, Any]:
        update = {"$set": {"user": "somebody else"}}
        EnvironmentStore().collection.update_one({"name": "prod"}, update)
        return document(self)

    monkeypatch.setattr(Environment, "document", meanwhile)
    answer = admin.patch(f"{PATH}/prod", json={"distribution": "RDO"})
    monkeypatch.undo()

    assert answer.status_code == 409
    assert EnvironmentStore().get("prod").user == "somebody else"


def test_a_document_is_replaced_with_its_secrets_and_a_mask_is_no_secret(
    admin: FlaskClient,
) -> None:
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


def test_chosen_fields_are_those_asked_for(admin: FlaskClient, environment: Environments) -> None:
    environment("prod", distribution="Kolla")

    def items(fields: str) -> Any:
        return admin.get(f"{PATH}?fields={fields}").json["items"]

    assert items("id") == [{"id": "prod"}]
    assert items("id,distribution") == [{"id": "prod", "distribution": "Kolla"}]
    assert items("distribution") == [{"distribution": "Kolla"}]


def test_the_audit_names_the_environment_that_was_added(login: Login, admin: FlaskClient) -> None:
    login("operator", mine="edit").post(PATH, json=body())
    admin.post(PATH, json=body())

    entries = [*AuditStore().collection.find({"operation": "POST /environment_configs"})]
    assert {(entry["status"], entry["environment"]) for entry in entries} == {
        (403, "prod"),
        (201, "prod"),
    }


def test_grants_go_with_an_environment(login: Login, admin: FlaskClient) -> None:
    """Else another one that is given its name would be open to them."""
    name = "prod 1.2"
    client = login("operator", **{name: "edit", "other": "view"})
    admin.post(PATH, json=body(name=name, auth=None))

    admin.delete(f"{PATH}/{name}")
    admin.post(PATH, json=body(name=name, auth=None))

    assert client.get(f"{PATH}/{name}").status_code == 404
    assert client.get("/api/v1/users/me").json["grants"] == {"other": "view"}


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
