"""`/connection_tests`: really made, by the steps of `calipso env test`, and by a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso import dispatch
from calipso.discover.connection_test import run_job
from calipso.settings import settings
from calipso.utils.connection_tests import ConnectionTestStore
from calipso.utils.environment_store import EnvironmentStore
from calipso.utils.scan_store import now
from calipso.utils.secrets import MASK
from calipso.utils.worker_store import WorkerStore
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
    assert running["targets_configuration"][0]["pwd"].startswith("enc:v1:")
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
    assert "user is missing" in wrong.json["error"]["message"]


def test_what_calipso_does_not_log_in_to_is_knocked_at(
    admin: FlaskClient, environment: Environments, at_once: None, cloud: RunningCloud
) -> None:
    environment("prod")
    port = cloud.section("mysql")["port"]
    amqp = {"name": "AMQP", "host": "127.0.0.1", "port": port, "user": "u", "pwd": SECRET}
    test = made(admin, test_targets=["AMQP"], targets_configuration=[amqp])
    closed = made(admin, test_targets=["AMQP"], targets_configuration=[amqp | {"port": 1}])

    assert "logging in was not tried" in test["results"]["AMQP"]["steps"][0]["message"]
    assert (test["test_results"], closed["test_results"]) == ({"AMQP": True}, {"AMQP": False})


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
    cluster.worker("scan,api,db,cli")
    answer = admin.post(PATH, json={"environment": "prod", "test_targets": ["mysql", "CLI"]})

    def ended() -> Any:
        test = admin.get(answer.headers["Location"]).json
        return test if test["status"] == "response" else None

    test: Any = wait_for(ended, 60)
    assert test["test_results"] == {"mysql": True, "CLI": True}
