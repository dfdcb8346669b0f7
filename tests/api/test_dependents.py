"""`/inventory/<key>/dependents`, and what else leads to objects: roots, ids, fields, counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from calipso.api import pages
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.big import Big
from tests.api.conftest import Login

ROOT = "/api/v1"
INSTANCE = f"{5:08x}-0000-4000-8000-{5:012x}"


@pytest.fixture
def filled(inv: InventoryMgr, environment: Callable[..., str]) -> InventoryMgr:
    """Three hosts with four instances each."""
    Big(environment("prod"), hosts=3, instances=4).write(inv)
    return inv


@pytest.mark.usefixtures("filled")
def test_instances_that_need_a_vnic_are_listed_by_project(admin: FlaskClient) -> None:
    key = object_key("prod", "vnic", f"compute-00001-tap{5:08x}")
    answer = admin.get(f"{ROOT}/inventory/{key}/dependents").json

    told = [item["id"] for project in answer["projects"] for item in project["items"]]
    assert INSTANCE in told
    assert answer["counts"]["instance"] == 1
    assert answer["known"]
    assert not answer["truncated"]


@pytest.mark.usefixtures("filled")
def test_a_limit_cuts_the_list_and_not_the_counts(admin: FlaskClient) -> None:
    key = object_key("prod", "vedge", "compute-00001-OVS")
    answer = admin.get(f"{ROOT}/inventory/{key}/dependents?limit=1").json

    assert sum(len(project["items"]) for project in answer["projects"]) == 1
    assert sum(answer["counts"].values()) > 1
    assert answer["truncated"]


@pytest.mark.usefixtures("filled")
def test_who_may_not_see_the_environment_does_not_see_who_depends(login: Login) -> None:
    key = object_key("prod", "vedge", "compute-00001-OVS")
    assert login("viewer").get(f"{ROOT}/inventory/{key}/dependents").status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/v1", "/api/v1/"])
def test_the_roots_lead_to_the_documentation(
    admin: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "BUILT", tmp_path)  # no pages, whatever this checkout has built
    answer = admin.get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/api/v1/doc")


@pytest.mark.usefixtures("filled")
def test_a_field_that_nothing_has_is_an_error_with_the_nearest(admin: FlaskClient) -> None:
    answer = admin.get(f"{ROOT}/inventory?env_name=prod&type=host&fields=nmae")

    assert answer.status_code == 400
    assert "did you mean name?" in answer.json["error"]["details"][0]["message"]
    good = admin.get(f"{ROOT}/inventory?env_name=prod&type=host&fields=name,zone")
    assert good.status_code == 200


def test_each_page_of_a_list_answers_alike_to_a_field_that_some_have(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    """A field of a source that nobody declares, on the last of all objects only."""
    last = filled.find_all("inventory", {"environment": "prod"}, sort=[("type", -1), ("id", -1)])[0]
    filled.update_by_keys("inventory", [last["_id"]], {"$set": {"zzz_of_a_source": 1}})
    path = f"{ROOT}/inventory?env_name=prod&limit=10&fields=id,zzz_of_a_source"
    pages, marker = [], ""
    while marker is not None:
        answer = admin.get(path + marker)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json["items"])
        marker = answer.json["next"] and f"&marker={answer.json['next']}"

    assert len(pages) > 2
    assert pages[-1][-1]["zzz_of_a_source"] == 1


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("page", ["", "&page=1", "&page=1000"])
def test_each_page_of_a_long_list_refuses_a_mistyped_field(admin: FlaskClient, page: str) -> None:
    answer = admin.get(f"{ROOT}/inventory?env_name=prod&limit=5&fields=nmae{page}")

    assert answer.status_code == 400
    assert "did you mean name?" in answer.json["error"]["details"][0]["message"]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("path", ["inventory?env_name=prod&limit=5", "audit?limit=1", "messages?"])
def test_every_list_may_be_asked_for_its_keys(admin: FlaskClient, path: str) -> None:
    assert admin.get(f"{ROOT}/{path}&fields=_id").status_code == 200


def test_counts_without_folders_are_those_of_the_command_line(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    types = filled.collection("inventory").distinct("type")
    things = [name for name in types if not name.endswith("_folder")]
    wanted = filled.collection("inventory").count_documents({"type": {"$in": things}})
    answer = admin.get(f"{ROOT}/inventory?env_name=prod&folders=false&total=true&limit=5").json

    assert answer["total"] == wanted
