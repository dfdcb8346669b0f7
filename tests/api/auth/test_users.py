"""`/users` and `/audit` on real stores."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pymongo.errors import AutoReconnect

from calipso.errors import Conflict
from calipso.model.user import Grant, Role, User
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.token_store import Method, TokenStore
from calipso.stores.people.user_store import UserStore
from tests.api.auth.test_tokens import PASSWORD, log_in, who
from tests.api.conftest import Login

USERS, AUDIT = "/api/v1/users", "/api/v1/audit"
NEW = {"name": "Anna", "role": "operator", "grants": {"prod": "edit"}, "password": PASSWORD}


def test_a_user_is_added_read_changed_and_removed(admin: FlaskClient) -> None:
    made = admin.post(USERS, json=NEW)

    assert made.status_code == 201
    assert made.headers["Location"] == f"{USERS}/anna"
    one = admin.get(made.headers["Location"])
    assert one.json == made.json
    assert (one.json["role"], one.json["grants"]) == ("operator", {"prod": "edit"})
    assert log_in(admin, "anna").status_code == 201
    changed = admin.patch(f"{USERS}/anna", json={"role": "viewer", "grants": {"*": "view"}}).json
    assert (changed["role"], changed["grants"]) == ("viewer", {"*": "view"})
    assert admin.delete(f"{USERS}/anna").status_code == 204
    assert admin.get(f"{USERS}/anna").status_code == 404
    assert log_in(admin, "anna").status_code == 401


def test_users_are_listed_by_name_and_filtered(login: Login, admin: FlaskClient) -> None:
    for name in ("cleo", "anna", "ben"):
        login("viewer", name, **{"a.b": "view"})

    def names(query: str) -> list[str]:
        return [item["name"] for item in admin.get(f"{USERS}?{query}").json["items"]]

    assert names("role=viewer") == ["anna", "ben", "cleo"]
    assert names("sort=-name&limit=1&role=viewer") == ["cleo"]
    assert names("origin=ldap") == []
    key = admin.get(f"{USERS}/ben").json["id"]
    assert names(f"id={key}") == ["ben"]
    assert admin.get(f"{USERS}?id={key}&fields=grants").json["items"] == [
        {"grants": {"a.b": "view"}}
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (NEW | {"name": "me"}, 400),
        (NEW | {"name": "a/b"}, 400),
        (NEW | {"password": "short"}, 400),
        (NEW | {"role": "root"}, 400),
        (NEW | {"grants": {"$where": "edit"}}, 400),
        (NEW | {"grants": {"prod": "own"}}, 400),
        (NEW | {"origin": "ldap"}, 400),
        (NEW | {"name": "TAKEN"}, 409),
    ],
)
def test_what_makes_no_user_is_refused(
    admin: FlaskClient, login: Login, body: dict[str, object], status: int
) -> None:
    login("viewer", "taken")

    assert admin.post(USERS, json=body).status_code == status


def test_an_admin_sees_what_a_user_may_do_and_who_says_so(
    admin: FlaskClient, environment: Callable[..., str]
) -> None:
    environment("lab", auth={"view-env": ["ANNA"], "edit-env": []})
    environment("far", auth={"view-env": ["anna"], "edit-env": ["anna", "ben"]})
    environment("off", auth={"view-env": ["ben"]})
    own = {"prod": "edit", "far": "view"}
    made = admin.post(USERS, json=NEW | {"grants": own}).json

    assert made["grants"] == own
    assert made["effective_grants"] == {
        "far": {"grant": "edit", "user": "view", "environment": "edit"},
        "lab": {"grant": "view", "user": None, "environment": "view"},
        "prod": {"grant": "edit", "user": "edit", "environment": None},
    }
    assert admin.get(f"{USERS}/anna").json == made
    every = admin.patch(f"{USERS}/anna", json={"grants": {"*": "edit"}}).json["effective_grants"]
    assert {name: item["grant"] for name, item in every.items()} == dict.fromkeys(
        ["*", "far", "lab"], "edit"
    )


def test_a_grant_of_an_environment_is_withdrawn_there(
    admin: FlaskClient, environment: Callable[..., str]
) -> None:
    environment("lab", auth={"view-env": ["anna", "ben"]})
    admin.post(USERS, json=NEW | {"grants": {}})
    admin.patch("/api/v1/environment_configs/lab", json={"auth": {"view-env": ["ben"]}})

    assert admin.get(f"{USERS}/anna").json["effective_grants"] == {}


def test_the_last_admin_stays(admin: FlaskClient, login: Login) -> None:
    me = admin.get(f"{USERS}/me").json["name"]
    changes = ({"role": "viewer"}, {"disabled": True})

    assert [admin.patch(f"{USERS}/{me}", json=one).status_code for one in changes] == [409, 409]
    assert admin.delete(f"{USERS}/{me}").status_code == 409
    login("admin", "second")
    assert admin.patch(f"{USERS}/{me}", json={"role": "viewer"}).status_code == 200
    assert admin.get(USERS).status_code == 403


def lowers(name: str) -> None:
    UserStore().change(name, role=Role.VIEWER, grants={})


def disables(name: str) -> None:
    UserStore().change(name, disabled=True)


def removes(name: str) -> None:
    UserStore().remove(name)


@pytest.mark.parametrize("first", [lowers, disables, removes])
@pytest.mark.parametrize("second", [lowers, disables, removes])
def test_of_two_admins_who_end_each_other_at_once_one_stays(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: Callable[[str], None],
    second: Callable[[str], None],
) -> None:
    for name in ("anna", "ben"):
        UserStore().add(User(name=name, role=Role.ADMIN, grants={"prod": Grant.EDIT}), PASSWORD)
    before = UserStore().collection.find_one({"name": "anna"})
    another, overtaken = UserStore._another_admin, [second]

    def slow(store: UserStore, name: str) -> bool:
        """Between this look and the change that follows, the other admin goes."""
        found = another(store, name)
        while overtaken:
            overtaken.pop()("ben")
        return found

    monkeypatch.setattr(UserStore, "_another_admin", slow)
    with pytest.raises(Conflict, match="anna is the last admin"):
        first("anna")

    assert UserStore().collection.find_one({"name": "anna"}) == before
    ben = UserStore().find("ben")
    assert ben is None or ben.disabled or ben.role is Role.VIEWER


def test_who_cannot_log_in_is_no_other_admin(home: Path) -> None:
    UserStore().add(User(name="anna", role=Role.ADMIN), PASSWORD)
    UserStore().add(User(name="ben", role=Role.ADMIN))
    with pytest.raises(Conflict, match="last admin that can log in"):
        UserStore().remove("anna")
    UserStore().change("ben", role=Role.VIEWER)
    UserStore().change("ben", role=Role.ADMIN)
    TokenStore().issue("ben", 600, method=Method.SERVICE)

    UserStore().remove("anna")
    assert [user.name for user in UserStore().all()] == ["ben"]


def test_everybody_may_change_the_own_password_knowing_the_old_one(
    admin: FlaskClient, login: Login
) -> None:
    UserStore().add(User(name="anna"), PASSWORD)
    token = log_in(admin, "anna").json["token"]
    mine = {"X-Auth-Token": token}
    wrong = {"old_password": "no", "password": "another horse"}
    right = wrong | {"old_password": PASSWORD}

    assert admin.put(f"{USERS}/me/password", json=wrong, headers=mine).status_code == 403
    assert admin.put(f"{USERS}/me/password", json=right, headers=mine).status_code == 204
    assert who(admin, token).status_code == 401
    assert log_in(admin, "anna", "another horse").status_code == 201


def test_service_tokens_are_given_listed_and_ended(admin: FlaskClient, login: Login) -> None:
    login("operator", "backup", prod="edit")
    given = admin.post(f"{USERS}/backup/tokens", json={"days": 90, "label": "nightly"})

    assert given.status_code == 201
    assert given.headers["Cache-Control"] == "no-store"
    script = {"X-Auth-Token": given.json["token"]}
    me = admin.get("/api/v1/auth/tokens", headers=script).json
    assert (me["name"], me["method"]) == ("backup", "service")
    listed = admin.get(f"{USERS}/backup/tokens").json["items"]
    assert [item["label"] for item in listed] == ["", "nightly"]
    assert [item["used_at"] is None for item in listed] == [True, False]
    assert listed == admin.get(f"{USERS}/me/tokens", headers=script).json["items"]
    assert admin.delete(f"{USERS}/anybody/tokens/{me['id']}").status_code == 404
    assert admin.delete(f"{USERS}/backup/tokens/{me['id']}").status_code == 204
    assert admin.get("/api/v1/auth/tokens", headers=script).status_code == 401
    assert admin.delete(f"{USERS}/backup/tokens").status_code == 204
    assert admin.get(f"{USERS}/backup/tokens").json == {"items": []}


@pytest.mark.parametrize(("days", "status"), [("2.0", 201), ("2.5", 400), ("1e400", 400)])
def test_a_whole_number_may_have_a_point_in_json(
    admin: FlaskClient, login: Login, days: str, status: int
) -> None:
    login("operator", "backup")
    body = f'{{"days": {days}, "label": "nightly"}}'

    given = admin.post(f"{USERS}/backup/tokens", data=body, content_type="application/json")

    assert given.status_code == status, given.json


def test_the_specification_says_what_a_key_of_grants_may_be(admin: FlaskClient) -> None:
    schemas = admin.get("/api/v1/openapi.json").json["components"]["schemas"]

    new, change = (schemas[name]["properties"]["grants"] for name in ("NewUser", "UserChange"))
    pattern = new["propertyNames"]["pattern"]
    assert '"propertyNames"' in json.dumps(change)
    assert re.fullmatch(pattern, "*")
    assert re.fullmatch(pattern, "prod 1")
    assert not re.fullmatch(pattern, "")
    assert not re.fullmatch(pattern, "ä")


def test_own_tokens_belong_to_nobody_else(admin: FlaskClient, login: Login) -> None:
    anna, ben = login("viewer", "anna"), login("viewer", "ben")
    (of_anna,) = anna.get(f"{USERS}/me/tokens").json["items"]

    assert ben.delete(f"{USERS}/me/tokens/{of_anna['id']}").status_code == 404
    assert anna.delete(f"{USERS}/me/tokens/{of_anna['id']}").status_code == 204
    assert anna.get(f"{USERS}/me").status_code == 401


def test_each_change_leaves_an_entry_and_reads_leave_none(
    admin: FlaskClient, login: Login, environment: Callable[..., str]
) -> None:
    environment("prod")
    anna = login("operator", "anna", prod="edit")
    anna.get("/api/v1/links")
    anna.patch(
        "/api/v1/environment_configs/prod",
        json={"configuration": [{"name": "mysql", "pwd": "new-db-secret"}]},
        headers={"X-Request-ID": "req-1"},
    )
    anna.delete("/api/v1/environment_configs/none")
    anna.post(USERS, json=NEW)
    items = admin.get(f"{AUDIT}?user=anna&sort=time").json["items"]

    assert [item["status"] for item in items] == [200, 404, 403]
    first = items[0]
    assert first["operation"] == "PATCH /environment_configs/<string:name>"
    assert (first["target"], first["environment"]) == ("prod", "prod")
    assert first["fields"] == ["configuration.name", "configuration.pwd"]
    assert (first["request_id"], first["address"]) == ("req-1", "127.0.0.1")
    assert (first["method"], first["source"]) == ("credentials", "api")
    assert first["token"] == anna.get("/api/v1/auth/tokens").json["id"]
    assert items[2]["fields"] == []
    one = admin.get(f"{AUDIT}?env_name=prod&request_id=req-1&status=200&fields=user").json
    assert one["items"] == [{"user": "anna"}]
    assert admin.get(f"{AUDIT}?end_time=2020-01-01T00:00:00Z").json["items"] == []
    assert len(admin.get(f"{AUDIT}?start_time=2020-01-01T00:00:00%2B0100").json["items"]) == 3


def test_logins_are_in_the_audit_and_strangers_requests_are_not(admin: FlaskClient) -> None:
    UserStore().add(User(name="anna"), PASSWORD)
    stranger = admin.application.test_client()
    log_in(stranger, "anna")
    log_in(stranger, "anna", "wrong one")
    stranger.post(USERS, json=NEW)
    stranger.delete("/api/v1/environment_configs/prod", headers={"X-Auth-Token": "x"})
    items = admin.get(f"{AUDIT}?sort=time").json["items"]

    assert [(item["user"], item["status"]) for item in items] == [("anna", 201), ("anna", 401)]
    assert {item["operation"] for item in items} == {"POST /auth/tokens"}


def test_what_was_made_is_named_in_the_entry(
    admin: FlaskClient, environment: Callable[..., str]
) -> None:
    environment("prod")
    made = admin.post("/api/v1/scheduled_scans", json={"environment": "prod", "freq": "DAILY"})
    (entry,) = admin.get(AUDIT).json["items"]

    assert entry["target"] == made.headers["Location"].rpartition("/")[2]
    assert (entry["environment"], entry["fields"]) == ("prod", ["environment", "freq"])


def test_a_change_without_an_audit_entry_is_reported_in_the_log(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise AutoReconnect("away")

    monkeypatch.setattr(AuditStore, "add", fails)
    answer = admin.post(USERS, json=NEW)

    assert answer.status_code == 201
    assert "POST /users" in caplog.text
    assert PASSWORD not in caplog.text


def test_grants_count_at_the_next_request(admin: FlaskClient, login: Login) -> None:
    client = login("viewer", "anna")
    UserStore().grant("anna", {"prod": Grant.VIEW})
    assert client.get(f"{USERS}/me").json["grants"] == {"prod": "view"}
    UserStore().change("anna", role=Role.ADMIN)
    assert client.get(USERS).status_code == 200
