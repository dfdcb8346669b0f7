"""`/messages` on real stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from calipso.stores.scans.message_store import MessageStore
from tests.api.conftest import Login

Environments = Callable[..., str]
PATH = "/api/v1/messages"
BEGAN = datetime(2026, 5, 4, 3, tzinfo=UTC)


def add(environment: str = "prod", count: int = 1, **fields: Any) -> None:
    """Messages a minute apart; their ids are 0, 1, ..."""
    MessageStore().add(
        [
            {
                "id": str(number),
                "environment": environment,
                "source_system": "Calipso",
                "level": "info",
                "message": "said",
                "timestamp": BEGAN + timedelta(minutes=number),
                "viewed": False,
                "related_object": "compute-1",
                "related_object_type": "host",
            }
            | fields
            for number in range(count)
        ]
    )


def test_filters_of_the_original_and_newest_first(
    admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    add(count=3)
    add(level="warn", related_object="net-1", related_object_type="network", id="n")

    def ids(query: str) -> list[str]:
        return [item["id"] for item in admin.get(f"{PATH}?env_name=prod&{query}").json["items"]]

    assert ids("level=info") == ids("related_object=compute-1") == ["2", "1", "0"]
    assert ids("level=warn") == ids("related_object_type=network") == ["n"]
    assert ids("source_system=Sensu") == []
    assert ids("level=info&sort=timestamp") == ["0", "1", "2"]
    assert ids("id=1") == ["1"]
    between = "start_time=2026-05-04T03:01:00.000+0000&end_time=2026-05-04T05:01:00%2B0200"
    assert ids(between) == ["1"]
    assert admin.get(f"{PATH}?level=loud").status_code == 400
    assert ids("start_time=2026-05-04T03:01") == ["2", "1"]
    assert admin.get(f"{PATH}?start_time=yesterday").status_code == 400


def test_a_message_is_read_marked_and_deleted(
    login: Login, admin: FlaskClient, environment: Environments
) -> None:
    environment("prod")
    add()
    key = admin.get(PATH).json["items"][0]["_id"]
    viewer, operator = login("viewer", prod="view"), login("operator", prod="edit")

    assert viewer.get(f"{PATH}/{key}").json == viewer.get(f"{PATH}/0").json
    assert viewer.patch(f"{PATH}/{key}", json={"viewed": True}).status_code == 403
    assert operator.patch(f"{PATH}/{key}", json={"viewed": True}).json["viewed"]
    assert admin.get(f"{PATH}?viewed=false").json["items"] == []
    assert operator.delete(f"{PATH}/{key}").status_code == 403
    assert admin.delete(f"{PATH}/{key}").status_code == 204
    assert admin.get(f"{PATH}/{key}").status_code == 404


def test_messages_of_other_environments_are_not_there(
    login: Login, environment: Environments
) -> None:
    environment("prod")
    environment("other")
    add("other")
    key = str(MessageStore().messages.find_one({})["_id"])  # type: ignore[index]
    client = login("operator", prod="edit")

    assert client.get(f"{PATH}?total=true").json == {"items": [], "next": None, "total": 0}
    for path in (key, "0"):
        assert client.get(f"{PATH}/{path}").status_code == 404
        assert client.patch(f"{PATH}/{path}", json={"viewed": True}).status_code == 404
