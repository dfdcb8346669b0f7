"""`/search`: what an operator types, and what it finds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson import ObjectId
from flask.testing import FlaskClient

from calipso.stores.inventory import search_cache
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.search import Rank, SearchIndex
from calipso.stores.inventory.search_cache import SearchCache
from tests.api.big import Big
from tests.api.conftest import Login

ROOT = "/api/v1/search"


@pytest.fixture
def filled(inv: InventoryMgr, environment: Callable[..., str]) -> InventoryMgr:
    """Two environments of three hosts each."""
    for name in ("prod", "other"):
        Big(environment(name), hosts=3, instances=4).write(inv)
    return inv


def found(client: FlaskClient, text: str, **more: str | int) -> list[tuple[str, str]]:
    """(id, match) of what a search in `prod` finds."""
    answer = client.get(ROOT, query_string={"q": text, "env_name": "prod", **more})
    assert answer.status_code == 200, answer.text
    return [(item["id"], item["match"]) for item in answer.json["items"]]


@pytest.mark.parametrize(
    "text",
    [
        "fa:16:00:00:00:05",
        "FA-16-00-00-00-05",
        "fa16.0000.0005",
        "FA1600000005",
        " fa1600-0000-05 ",
    ],
)
def test_a_mac_is_found_in_any_writing(admin: FlaskClient, filled: InventoryMgr, text: str) -> None:
    assert found(admin, text) == [(f"compute-00001-tap{5:08x}", "exact")]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("compute-00001", ("compute-00001", "exact")),
        ("COMPUTE-00001-ovs", ("compute-00001-OVS", "exact")),
        ("web-000005", (f"{5:08x}-0000-4000-8000-{5:012x}", "exact")),
        ("172.16.0.2", ("compute-00001-otep", "exact")),
        ("172.16.0.0/30", ("compute-00000-otep", "network")),
        ("10.1.255.1", ("net-0001", "network")),
        ("10.1.0.0/16", ("net-0001", "exact")),
        ("web-0000", (f"{0:08x}-0000-4000-8000-{0:012x}", "beginning")),
        ("b-000005", (f"{5:08x}-0000-4000-8000-{5:012x}", "part")),
    ],
)
def test_the_best_comes_first(
    admin: FlaskClient, filled: InventoryMgr, text: str, first: tuple[str, str]
) -> None:
    assert found(admin, text)[0] == first


def test_an_exact_name_stands_before_names_that_begin_so(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    for name in ("web", "web-2", "my-web"):
        filled.set({"environment": "prod", "type": "instance", "id": f"id-{name}", "name": name})

    assert [item for item, _ in found(admin, "web", type="instance", limit=200)][:1] == ["id-web"]
    kinds = [match for _, match in found(admin, "web", limit=200)]
    assert kinds == sorted(kinds, key=["exact", "beginning", "part"].index)


@pytest.mark.parametrize("text", [".*", "$ne", "\x1f", "\n", "^web", "[a-z]", "no-such-name"])
def test_signs_are_only_text(admin: FlaskClient, filled: InventoryMgr, text: str) -> None:
    answer = admin.get(ROOT, query_string={"q": f"{text}x", "env_name": "prod"})

    assert answer.json == {"items": [], "more": False}


@pytest.mark.parametrize("text", ["\0", "\x00web"])
def test_what_no_store_takes_is_refused(admin: FlaskClient, text: str) -> None:
    answer = admin.get(ROOT, query_string={"q": f"{text}x", "env_name": "prod"})

    assert answer.status_code == 400
    (detail,) = answer.json["error"]["details"]
    assert detail == {"field": "q", "message": "holds a control character"}


def test_every_environment_one_may_view_is_searched_and_no_other(
    login: Login, filled: InventoryMgr
) -> None:
    both = login("viewer", prod="view", other="view").get(f"{ROOT}?q=compute-00001-OVS").json
    one = login("viewer", prod="view").get(f"{ROOT}?q=compute-00001-OVS").json

    assert [item["environment"] for item in both["items"]] == ["other", "prod"]
    assert [item["environment"] for item in one["items"]] == ["prod"]
    assert login("viewer", prod="view").get(f"{ROOT}?q=web&env_name=other").status_code == 404
    assert login("viewer").get(f"{ROOT}?q=web").json == {"items": [], "more": False}


def test_a_limit_keeps_the_best_and_says_that_there_is_more(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    cut = admin.get(f"{ROOT}?q=web&limit=3").json
    all_of_it = admin.get(f"{ROOT}?q=web&limit=200&type=instance").json

    assert (len(cut["items"]), cut["more"]) == (3, True)
    assert (len(all_of_it["items"]), all_of_it["more"]) == (24, False)


def test_types_limit_what_is_found(admin: FlaskClient, filled: InventoryMgr) -> None:
    found_types = admin.get(f"{ROOT}?q=compute-00001&type=host&type=otep&limit=200").json["items"]

    assert {item["type"] for item in found_types} == {"host", "otep"}
    assert found(admin, "compute-00001", type="switch") == []


def test_what_a_scan_wrote_is_found_and_what_is_gone_is_not(
    admin: FlaskClient, filled: InventoryMgr
) -> None:
    assert found(admin, "brand-new") == []
    filled.set({"environment": "prod", "type": "instance", "id": "i-1", "name": "brand-new"})
    filled.collection("inventory").delete_many({"environment": "prod", "id": "compute-00001-OVS"})
    assert found(admin, "i-1") == [("i-1", "exact")]  # by id: at once
    filled.db["scans"].update_one({"environment": "prod"}, {"$set": {"level": 3}})

    assert found(admin, "brand-ne") == [("i-1", "beginning")]
    assert found(admin, "compute-00001-ovs") == []


def objects(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        yield {"_id": ObjectId(), "type": "host", "id": f"h{number}", "name": f"h{number}"}


def test_an_index_that_is_being_made_keeps_nobody_from_another(
    filled: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, begun, go_on = SearchCache(), threading.Event(), threading.Event()
    make = SearchCache._make

    def slow(self: SearchCache, key: Any, inv: InventoryMgr, name: str, stamp: str) -> Any:
        if name == "prod":
            begun.set()
            go_on.wait(10)
        return make(self, key, inv, name, stamp)

    monkeypatch.setattr(SearchCache, "_make", slow)
    first = threading.Thread(target=cache.index, args=(filled, "prod"))
    first.start()
    assert begun.wait(10)

    assert len(cache.index(filled, "nothing there")) == 0
    assert first.is_alive()
    go_on.set()
    first.join(10)


def test_an_index_that_takes_long_is_renewed_beside_the_searches(
    filled: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_cache, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(search_cache, "PAUSE", 0.0)
    cache = SearchCache()
    before = cache.index(filled, "prod")
    filled.set({"environment": "prod", "type": "host", "id": "new", "name": "new"})
    filled.db["scans"].update_one({"environment": "prod"}, {"$set": {"level": 3}})
    stale = cache.index(filled, "prod")
    deadline = time.monotonic() + 10
    while cache.index(filled, "prod") is before and time.monotonic() < deadline:
        time.sleep(0.02)

    assert stale is before
    assert [rank for rank, _ in cache.index(filled, "prod").find("new", 5)] == [Rank.EXACT]


def test_indexes_take_bounded_memory(filled: InventoryMgr) -> None:
    size = SearchCache().index(filled, "prod").size
    cache = SearchCache(most_bytes=int(1.5 * size))
    first = cache.index(filled, "prod")
    cache.index(filled, "other")

    assert cache.index(filled, "other") is cache.index(filled, "other")
    assert cache.index(filled, "prod") is not first


def test_addresses_of_all_forms_are_known_of_a_type_that_is_not_declared() -> None:
    item = {
        "_id": ObjectId(),
        "type": "firewall",
        "id": "v",
        "name": "v",
        "addresses": ["192.0.2.7/24", {"device": "eth0", "address": "2001:DB8::1"}, "fe80::1%eth0"],
        "fixed_ips": [{"ip_address": "198.51.100.9", "subnet_id": "s"}],
        "IP Address": "203.0.113.5",
        "mac_address": "",
        "cidrs": None,
    }
    index = SearchIndex([item, *objects(3)])
    hits = {
        text: [key for _, key in index.find(text, 5)]
        for text in (
            "192.0.2.7",
            "2001:db8:0::1",
            "fe80::1",
            "198.51.100.9",
            "203.0.113.0/24",
            "2001:db8::/64",
        )
    }

    assert hits == {text: [item["_id"]] for text in hits}
    assert index.find("198.51.100.0/30", 5) == []


def test_an_empty_index_finds_nothing() -> None:
    assert SearchIndex([]).find("x", 5) == []
