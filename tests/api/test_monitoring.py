"""`/monitoring` on real stores: results in, statuses out, who works on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.big import Big
from tests.api.conftest import Login

Environments = Callable[..., str]
ROOT = "/api/v1/monitoring"


@pytest.fixture
def vnic(environment: Environments, inv: InventoryMgr) -> dict[str, Any]:
    """A vNIC of a cloud."""
    environment("prod")
    environment("other")
    Big("prod", hosts=2, instances=2).write(inv)
    return sorted(inv.find("prod", "vnic"), key=lambda item: item["id"])[0]


def post(client: FlaskClient, vnic: dict[str, Any], status: int, **more: Any) -> Any:
    result = {"type": "vnic", "id": vnic["id"], "status": status, "output": "said"} | more
    return client.post(f"{ROOT}/results?env_name=prod", json={"results": [result]})


def test_a_monitoring_user_sends_results_and_may_do_nothing_else(
    login: Login, admin: FlaskClient, vnic: dict[str, Any]
) -> None:
    sender = login("monitoring", prod="edit")

    answer = post(sender, vnic, 2)

    assert (answer.status_code, answer.json) == (
        200,
        {"answers": ["stored"], "counts": {"stored": 1}},
    )
    assert sender.get(f"{ROOT}/statuses").status_code == 403
    assert sender.get("/api/v1/inventory?env_name=prod").status_code == 403
    foreign = sender.post(f"{ROOT}/results?env_name=other", json={"results": [{"status": 0}]})
    assert foreign.status_code == 404
    (found,) = admin.get(f"{ROOT}/statuses?env_name=prod&kind=object").json["items"]
    assert (found["id"], found["label"], found["source"]) == (vnic["id"], "Error", "other")
    shown = admin.get(f"/api/v1/inventory/{vnic['_id']}").json
    assert shown["monitoring"]["text"] == "said"


def test_more_results_in_a_minute_than_the_limit_are_refused_and_count_nothing(
    login: Login, vnic: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_MONITORING_RESULTS", "100")
    settings.cache_clear()
    sender = login("monitoring", prod="edit")
    many = {"results": [{"type": "vnic", "id": vnic["id"], "status": 0}] * 80}

    first = sender.post(f"{ROOT}/results?env_name=prod", json=many)
    second = sender.post(f"{ROOT}/results?env_name=prod", json=many)

    assert (first.status_code, second.status_code) == (200, 429)
    assert int(second.headers["Retry-After"]) >= 1


def test_acknowledge_silence_and_their_ends(admin: FlaskClient, vnic: dict[str, Any]) -> None:
    path = f"{ROOT}/objects/{vnic['_id']}"
    assert admin.put(f"{path}/acknowledgement", json={"why": "x"}).status_code == 409
    post(admin, vnic, 2)

    done = admin.put(f"{path}/acknowledgement", json={"why": "ticket 1"})
    assert (done.status_code, done.json["acknowledged"]["why"]) == (200, "ticket 1")
    assert admin.delete(f"{path}/acknowledgement").status_code == 204

    made = admin.post(f"{path}/silence", json={"hours": 1, "why": "works"})
    assert made.status_code == 201
    (listed,) = admin.get(f"{ROOT}/silences").json["items"]
    assert (listed["why"], listed["id"]) == ("works", vnic["id"])
    assert admin.get(f"{ROOT}/summary?env_name=prod").json["silenced"] == 1
    assert admin.delete(f"{ROOT}/silences/{listed['_id']}").status_code == 204
    assert admin.get(f"{ROOT}/summary?env_name=prod").json["silenced"] == 0


def test_a_webhook_shows_neither_its_secret_nor_its_path(
    admin: FlaskClient, vnic: dict[str, Any]
) -> None:
    body = {"environment": "prod", "name": "chat", "url": "https://chat.example.org/S3CRET"}

    made = admin.post(f"{ROOT}/webhooks", json=body | {"secret": "S3CRET-key"})
    again = admin.post(f"{ROOT}/webhooks", json=body)
    listed = admin.get(f"{ROOT}/webhooks")

    assert (made.status_code, again.status_code) == (201, 409)
    assert "S3CRET" not in made.text + listed.text
    assert listed.json["webhooks"][0]["address"] == "https://chat.example.org"
    key = made.json["id"]
    assert admin.delete(f"{ROOT}/webhooks/{key}").status_code == 204
    for wrong in ("file:///etc/passwd", "http://user:x@example.org/", "javascript:alert(1)"):
        assert admin.post(f"{ROOT}/webhooks", json=body | {"url": wrong}).status_code == 400


def test_metrics_have_counts_and_a_series_only_for_what_is_not_ok(
    admin: FlaskClient, vnic: dict[str, Any]
) -> None:
    post(admin, vnic, 2)

    text = admin.get("/metrics").text

    series = [line for line in text.splitlines() if line.startswith("calipso_object_status{")]
    assert [line for line in series if 'type="vnic"' in line]
    assert all(line.endswith((" 1.0", " 2.0", " 3.0")) for line in series)
    assert f'id="{vnic["id"]}"' in text


def test_a_picture_and_a_graph_show_the_status(admin: FlaskClient, vnic: dict[str, Any]) -> None:
    post(admin, vnic, 2)
    path = f"/api/v1/inventory/{vnic['_id']}/graph?format="

    svg, dot = admin.get(f"{path}svg").text, admin.get(f"{path}dot").text

    assert "monitoring: Error" in svg
    assert "said" in svg
    assert "red3" in dot
    nodes = admin.get(f"{path}json").json["nodes"]
    mine = next(n["data"] for n in nodes if n["data"]["id"] == vnic["id"])
    assert (mine["monitoring"]["label"], "rev" in mine["monitoring"]) == ("Error", False)


def test_the_live_stream_sends_the_counts(
    admin: FlaskClient, vnic: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_API_STREAM_SECONDS", "0.2")
    settings.cache_clear()
    post(admin, vnic, 1)

    text = admin.get(f"{ROOT}/stream?env_name=prod").text

    assert text.count("event: progress") == 1
    assert '"Warning": 1' in text


def test_counts_of_projects_are_of_what_the_caller_may_see(
    login: Login, admin: FlaskClient, vnic: dict[str, Any]
) -> None:
    shown = admin.get(f"{ROOT}/projects?env_name=prod").json["projects"]

    assert sum(row["not_checked"] for row in shown) == 6  # 4 instances, 2 networks
    assert admin.get(f"{ROOT}/projects?env_name=nowhere").status_code == 404
    assert login("viewer", other="view").get(f"{ROOT}/projects?env_name=prod").status_code == 404
