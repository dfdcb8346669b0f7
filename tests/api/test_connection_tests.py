"""`/connection_tests`: really made, by the steps of `calipso env test`, and by a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso import dispatch
from calipso.model.sections import OTHER_KEYS
from calipso.probe.connection_test import run_job
from calipso.secrets.box import MASK
from calipso.settings import settings
from calipso.stores.config.connection_tests import ConnectionTestStore
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now
from tests.access.small_servers import Web
from tests.api.conftest import Login
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.workers.conftest import Cluster, cluster, wait_for

__all__ = ["cluster"]

Environments = Callable[..., str]
PATH = "/api/v1/connection_tests"
SECRET = "another-Pässword"


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(hosts=2, instances=2, networks=1, ssh_user="ops") as running:
        yield running


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done in this process, where a worker would do them."""

    def do(test_id: str, queues: list[str]) -> None:
        for number in range(len(queues)):
            run_job(test_id, number)

    monkeypatch.setattr(dispatch, "send_connection_test", do)
    WorkerStore().beat("w1@here", ["scan", "api", "db", "cli"])


def stored(cloud: RunningCloud, **fields: Any) -> None:
    """The sample cloud as environment `prod`."""
    EnvironmentStore().add(deepcopy(cloud.environment) | {"name": "prod"} | fields, replace=True)


def made(client: FlaskClient, **fields: Any) -> Any:
    """The test after it was asked for."""
    body = {"environment": "prod", "test_targets": ["OpenStack", "mysql", "CLI"]} | fields
    answer = client.post(PATH, json=body)
    assert answer.status_code == 202, answer.text
    assert answer.json["message"] == "Created a new connection test for environment prod"
    return client.get(answer.headers["Location"]).json


def test_each_target_is_tested_step_by_step(
    admin: FlaskClient, at_once: None, cloud: RunningCloud
) -> None:
    stored(cloud)
    test = made(admin)

    assert test["status"] == "response"
    assert test["test_results"] == {"OpenStack": True, "mysql": True, "CLI": True}
    assert test["response_time"].endswith("ms")
    steps = {name: [step["name"] for step in test["results"][name]["steps"]] for name in ("mysql",)}
    assert steps["mysql"][0] == "DB login"
    assert any(": sudo" in step["name"] for step in test["results"]["CLI"]["steps"])


def test_ovn_is_asked_on_hosts_that_the_api_names_and_not_where_a_scan_does_not(
    admin: FlaskClient, at_once: None, cloud: RunningCloud
) -> None:
    stored(cloud)
    ovn = {"test_targets": ["OVN"], "targets_configuration": [{"name": "OVN"}]}
    without = made(admin, **ovn)["results"]["OVN"]["steps"]
    stored(cloud, mechanism_drivers=["OVN"])
    asked = made(admin, **ovn)["results"]["OVN"]["steps"]

    assert [step["ok"] for step in without] == [False]
    assert "mechanism drivers" in without[0]["message"]
    assert [step["ok"] for step in asked] == [False]  # this cloud has no OVN
    assert "mechanism drivers" not in asked[0]["message"]
    assert asked[0]["hint"]


def test_what_fails_says_why_and_what_to_do_and_the_others_pass(
    admin: FlaskClient, at_once: None, cloud: RunningCloud
) -> None:
    stored(cloud)
    mysql = cloud.section("mysql") | {"pwd": SECRET}
    test = made(admin, test_targets=["mysql", "OpenStack"], targets_configuration=[mysql])

    assert test["test_results"] == {"mysql": False, "OpenStack": True}
    assert test["last_response_message"] == "failed: mysql"
    failed = [step for step in test["results"]["mysql"]["steps"] if not step["ok"]]
    assert failed[0]["message"]
    assert failed[0]["hint"]


def test_given_secrets_are_encrypted_while_it_runs_then_gone_and_never_shown(
    admin: FlaskClient, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    monkeypatch.setattr(dispatch, "send_connection_test", lambda *_: None)
    WorkerStore().beat("w1@here", ["db"])
    mysql = {"name": "mysql", "host": "127.0.0.1", "port": 1, "user": "u", "pwd": SECRET}
    test = made(admin, test_targets=["mysql"], targets_configuration=[mysql])
    running = ConnectionTestStore().tests.find_one({"_id": test["id"]})
    run_job(test["id"], 0)
    ended = ConnectionTestStore().tests.find_one({"_id": test["id"]})

    assert test["status"] == "request"
    assert test["targets_configuration"][0]["pwd"] == MASK
    assert running["targets_configuration"][0]["pwd"].startswith("enc:v2:")
    assert ended["targets_configuration"][0]["pwd"] == MASK
    assert SECRET not in str(running) + str(ended) + str(test)
    assert SECRET not in admin.get(f"{PATH}/{test['id']}").text + admin.get(PATH).text


def test_what_is_not_answered_in_time_has_failed_and_says_so(
    admin: FlaskClient, environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment("prod")
    monkeypatch.setattr(dispatch, "send_connection_test", lambda *_: None)
    WorkerStore().beat("w1@here", ["db"])
    test = made(admin, test_targets=["mysql"])
    late = {"deadline": now() - timedelta(seconds=1)}
    ConnectionTestStore().tests.update_one({"_id": test["id"]}, {"$set": late})
    test = admin.get(f"{PATH}/{test['id']}").json

    assert (test["status"], test["test_results"]) == ("response", {"mysql": False})
    assert "mysql (queue db): no answer within" in test["last_response_message"]
    assert run_job(test["id"], 0) == "over"


def test_a_test_stops_when_its_time_is_over(
    admin: FlaskClient, at_once: None, cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(cloud)
    monkeypatch.setattr(settings(), "connection_test_seconds", 0.0)
    monkeypatch.setattr(ConnectionTestStore, "end_late", lambda _: None)
    test = made(admin, test_targets=["OpenStack"])

    assert [step["name"] for step in test["results"]["OpenStack"]["steps"]][-1] == "timeout"


@pytest.mark.parametrize(("queues", "missing"), [([], "db, cli"), (["db"], "cli")])
def test_without_a_worker_nothing_is_queued(
    admin: FlaskClient, environment: Environments, queues: list[str], missing: str
) -> None:
    environment("prod")
    WorkerStore().beat("w1@here", queues)
    answer = admin.post(PATH, json={"environment": "prod", "test_targets": ["mysql", "CLI"]})

    assert answer.status_code == 503
    assert missing in answer.json["error"]["message"]
    assert answer.headers["Retry-After"]
    assert admin.get(PATH).json["items"] == []


def test_a_target_without_a_section_and_a_wrong_section_are_refused(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    body = {"environment": "prod", "test_targets": ["ACI"]}
    missing = admin.post(PATH, json=body)
    wrong = admin.post(PATH, json=body | {"targets_configuration": [{"name": "ACI", "host": "a"}]})

    assert (missing.status_code, wrong.status_code) == (422, 422)
    assert "no section ACI" in missing.json["error"]["message"]
    assert "ACI.user: missing" in wrong.json["error"]["message"]


def test_where_no_scan_reads_the_accounts_are_tried_too(
    admin: FlaskClient, environment: Environments, at_once: None
) -> None:
    environment("prod")
    with Web() as web:
        web.said = {"sensu": {}}
        sensu = dict.fromkeys(OTHER_KEYS["Monitoring"][0], "x") | {"name": "Monitoring"}
        sensu |= {"server_ip": "127.0.0.1", "api_port": web.port, "rabbitmq_port": web.port}
        amqp = {"name": "AMQP", "host": "127.0.0.1", "port": 1, "user": "u", "pwd": SECRET}
        test = made(admin, test_targets=["AMQP", "Monitoring"], targets_configuration=[amqp, sensu])

    assert test["test_results"] == {"AMQP": False, "Monitoring": True}
    (step,) = test["results"]["AMQP"]["steps"]
    assert step["message"] == "127.0.0.1:1: Connection refused"
    assert step["hint"]


def test_a_stored_password_is_not_tried_at_hosts_that_another_cloud_names(
    admin: FlaskClient, at_once: None, cloud: RunningCloud
) -> None:
    stored(cloud)
    host = {"environment": "prod", "type": "host", "id": "old-1", "name": "old-1"}
    InventoryMgr().collection("inventory").insert_one(host | {"id_path": "/prod/old-1"})
    sections = [cloud.section("OpenStack")]

    def hosts() -> set[str]:
        test = made(admin, test_targets=["CLI"], targets_configuration=sections)
        steps = test["results"]["CLI"]["steps"]
        return {step["name"].partition(":")[0] for step in steps if ": SSH" in step["name"]}

    assert hosts() == {"old-1"}
    sections.append(cloud.section("CLI"))
    assert len(hosts()) == cloud.state["summary"]["hosts"]


@pytest.mark.parametrize(
    "section",
    [
        {"name": "CLI", "host": "a", "user": "u", "pwd": "x", "known_hosts": "/tmp/any"},
        {"name": "CLI", "host": "a", "user": "u", "key": "/etc/other/id"},
        {"name": "mysql", "host": "a", "user": "u", "pwd": "x", "ca_file": "/etc/passwd"},
        {"name": "ACI", "host": "a", "user": "u", "pwd": "x", "ca_file": "/etc/passwd"},
    ],
    ids=lambda section: f"{section['name']}.{list(section)[-1]}",
)
def test_only_an_admin_names_files_of_the_workers(
    login: Login, environment: Environments, section: dict[str, Any]
) -> None:
    environment("prod")
    body = {"environment": "prod", "test_targets": ["mysql"], "targets_configuration": [section]}

    answer = login("operator", prod="edit").post(PATH, json=body)

    assert answer.status_code == 403
    assert "files on the workers' machines" in answer.json["error"]["message"]
    assert ConnectionTestStore().tests.count_documents({}) == 0


def test_a_path_that_is_stored_may_be_tested(login: Login, environment: Environments) -> None:
    cli = {"name": "CLI", "host": "192.0.2.1", "user": "u", "key": "/etc/calipso/id"}
    sections = [{"name": n, "host": "a", "user": "u", "pwd": "x"} for n in ("OpenStack", "mysql")]
    environment("prod", configuration=[*sections, cli])
    body = {"environment": "prod", "test_targets": ["CLI"]}
    body |= {"targets_configuration": [cli | {"host": "192.0.2.2"}]}

    assert login("operator", prod="edit").post(PATH, json=body).status_code == 503  # no worker


@pytest.mark.parametrize("secret", [MASK, "enc:v1:abc"])
def test_what_is_no_secret_is_not_tried(
    admin: FlaskClient, environment: Environments, secret: str
) -> None:
    environment("prod")
    section = {"name": "mysql", "host": "a", "user": "u", "pwd": secret}
    body = {"environment": "prod", "test_targets": ["mysql"], "targets_configuration": [section]}

    answer = admin.post(PATH, json=body)

    assert answer.status_code == 422
    assert "a secret" in answer.json["error"]["message"]


def test_an_environment_is_tested_before_it_is_stored(
    login: Login, at_once: None, cloud: RunningCloud
) -> None:
    client = login("operator", **{"*": "edit"})
    config = deepcopy(cloud.environment) | {"name": "prod"}
    for section in config["configuration"]:
        section.pop("key", None)
        section.pop("known_hosts", None)
    wrong = deepcopy(config)
    wrong["configuration"][1]["pwd"] = SECRET

    good = made(client, test_targets=["OpenStack", "mysql", "CLI"], environment_config=config)
    bad = made(client, test_targets=["mysql"], environment_config=wrong)

    assert good["test_results"] == {"OpenStack": True, "mysql": True, "CLI": True}
    assert bad["test_results"] == {"mysql": False}
    assert EnvironmentStore().names() == []
    assert SECRET not in str(bad) + str([*ConnectionTestStore().tests.find()])


def test_who_may_not_add_an_environment_does_not_test_one_either(
    login: Login, admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    config = EnvironmentStore().get("prod").document()

    def post(client: FlaskClient, name: str, **more: Any) -> int:
        body = {"environment": name, "environment_config": config | {"name": "new"}}
        return client.post(PATH, json=body | {"test_targets": ["mysql"]} | more).status_code

    assert post(login("operator", prod="edit"), "new") == 403
    assert post(admin, "other") == 422
    assert post(admin, "new", targets_configuration=config["configuration"][:1]) == 422
    assert post(admin, "prod", environment_config=config) == 409
    assert post(admin, "new", environment_config=config | {"name": "new", "listen": True}) == 422
    assert post(admin, "new") == 503  # no worker


def test_hosts_of_a_queue_are_tested_by_its_workers(
    admin: FlaskClient, at_once: None, cloud: RunningCloud
) -> None:
    hosts = cloud.state["summary"]["hosts"]
    stored(cloud, queues={"cli": "cli", "hosts": [{"hosts": ["*"], "queue": "far"}]})
    WorkerStore().beat("w2@far", ["far"])
    steps = made(admin, test_targets=["CLI"])["results"]["CLI"]["steps"]
    said = {step["name"]: step["message"] for step in steps if step["name"].startswith("hosts of")}

    assert said["hosts of cli"].startswith("0 of ")
    assert said["hosts of far"].startswith(f"{hosts} of {hosts}")


def test_filters_and_rights(login: Login, admin: FlaskClient, environment: Environments) -> None:
    environment("prod")
    environment("other")
    store = ConnectionTestStore()
    mine = store.create("prod", [("mysql", "db"), ("CLI", "cli")], [])
    theirs = store.create("other", [("mysql", "db")], [])
    store.report(theirs, 0, [{"name": "x", "ok": False, "seconds": 0, "message": "", "hint": ""}])

    def ids(client: FlaskClient, query: str = "") -> set[str]:
        return {item["id"] for item in client.get(f"{PATH}?{query}").json["items"]}

    assert ids(admin) == ids(admin, "test_targets=mysql") == {mine, theirs}
    assert ids(admin, "test_targets=mysql&test_targets=CLI") == {mine}
    assert ids(admin, "status=request") == {mine}
    assert ids(admin, "test_results=false&test_targets=mysql") == {theirs}
    viewer, operator = login("viewer", prod="view"), login("operator", prod="edit")
    assert ids(viewer) == {mine}
    body = {"environment": "prod", "test_targets": ["mysql"]}
    assert viewer.post(PATH, json=body).status_code == 403
    for client, key, status in (
        (operator, theirs, 404),
        (viewer, mine, 403),
        (operator, mine, 204),
    ):
        assert client.delete(f"{PATH}/{key}").status_code == status


@pytest.mark.broker
def test_a_worker_makes_the_test(admin: FlaskClient, cluster: Cluster, cloud: RunningCloud) -> None:
    stored(cloud)
    cluster.worker("scan,events,api,db,cli")
    answer = admin.post(PATH, json={"environment": "prod", "test_targets": ["mysql", "CLI"]})

    def ended() -> Any:
        test = admin.get(answer.headers["Location"]).json
        return test if test["status"] == "response" else None

    test: Any = wait_for(ended, 60)
    assert test["test_results"] == {"mysql": True, "CLI": True}
