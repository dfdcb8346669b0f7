"""`ETag`, `If-Match` and `Cache-Control`: who changes what nobody else has changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.api.test_messages import add as add_message
from tests.api.test_workers import worker

Environments = Callable[..., str]

TYPE = {
    "environment": "prod",
    "name": "short",
    "focal_point_type": "instance",
    "link_types": ["instance-vnic"],
}
CONSTRAINTS = {"focal_point_type": "instance", "constraints": ["network"]}
SCHEDULE = {"environment": "prod", "freq": "DAILY", "time": "03:00"}
USER = {"name": "anna", "role": "viewer"}

#: noun, what is posted (none: it is there), the change of a PATCH or the whole of a PUT
THINGS = [
    ("scheduled_scans", SCHEDULE, "PATCH", {"time": "04:00"}),
    ("scheduled_scans", SCHEDULE, "PUT", SCHEDULE | {"time": "04:00"}),
    ("clique_types", TYPE, "PATCH", {"name": "shorter"}),
    ("clique_constraints", CONSTRAINTS, "PUT", CONSTRAINTS | {"constraints": []}),
    ("users", USER, "PATCH", {"role": "operator"}),
    ("environment_configs/prod", None, "PATCH", {"distribution": "Mirantis"}),
    ("messages/0", None, "PATCH", {"viewed": True}),
]


@pytest.mark.parametrize(("noun", "body", "method", "change"), THINGS)
def test_what_was_changed_since_it_was_read_stays(
    admin: FlaskClient,
    environment: Environments,
    noun: str,
    body: dict[str, object] | None,
    method: str,
    change: dict[str, object],
) -> None:
    environment("prod")
    add_message()
    place = f"/api/v1/{noun}"
    if body:
        place = admin.post(place, json=body).headers["Location"]
    read = admin.get(place).headers["ETag"]

    changed = admin.open(place, method=method, json=change, headers={"If-Match": read})
    assert changed.status_code == 200
    for how, given in ((method, change), ("DELETE", None)):
        late = admin.open(place, method=how, json=given, headers={"If-Match": read})
        assert late.status_code == 412
        assert late.json["error"]["code"] == "precondition_failed"
    now = admin.get(place).headers["ETag"]
    assert now != read
    weak = {"If-Match": f'"other", W/{now}'}
    assert admin.delete(place, headers=weak).status_code in (200, 204)
    assert admin.delete(place, headers={"If-Match": "*"}).status_code == 404


def test_the_specification_describes_it_where_it_holds(admin: FlaskClient) -> None:
    paths = admin.get("/api/v1/openapi.json").json["paths"]

    for path, methods in paths.items():
        for method in methods.keys() & {"put", "patch", "delete"}:
            names = {item["name"] for item in methods[method]["parameters"]}
            told = ("If-Match" in names, "412" in methods[method]["responses"])
            assert told == ("get" in methods, "get" in methods), path


def test_what_may_be_kept_is_asked_for_again_and_nothing_else_is_kept(admin: FlaskClient) -> None:
    worker("w1@here")
    read, missing = admin.get("/api/v1/workers?fields=id"), admin.get("/api/v1/scans/none")

    assert read.headers["Cache-Control"] == "private, no-cache"
    assert read.headers["ETag"]
    assert missing.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in missing.headers
