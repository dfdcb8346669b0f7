"""AnswerStore on a real store: one worker asks a host, the others take its answers."""

from __future__ import annotations

import threading
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from calipso.errors import CliAccessError, ErrorKind
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans import answers
from calipso.stores.scans.answers import AnswerStore, StoredAnswer

SAID = {"links": StoredAnswer(0, zlib.compress(b"[]"), zlib.compress(b""), "")}


@pytest.fixture
def one(inv: InventoryMgr) -> AnswerStore:
    return AnswerStore(inv, "test", "scan", settings())


@pytest.fixture
def two(inv: InventoryMgr) -> AnswerStore:
    return AnswerStore(inv, "test", "scan", settings())


def claim_later(store: AnswerStore, found: list[answers.Claim]) -> threading.Thread:
    thread = threading.Thread(target=lambda: found.append(store.claim("node-1")))
    thread.start()
    return thread


def test_second_worker_waits_for_the_answers_of_the_first(
    one: AnswerStore, two: AnswerStore
) -> None:
    mine, found = one.claim("node-1"), list[answers.Claim]()

    waiting = claim_later(two, found)
    time.sleep(0.3)
    assert not found
    with mine:
        mine.publish(SAID)
    waiting.join(5)

    assert mine.mine
    assert not found[0].mine
    assert found[0].answers == SAID


def test_failed_host_is_asked_by_nobody_else(one: AnswerStore, two: AnswerStore) -> None:
    with one.claim("node-1") as mine:
        mine.fail(CliAccessError("node-1: gone", kind=ErrorKind.UNREACHABLE, hint="Look."))

    claim = two.claim("node-1")

    assert not claim.mine
    assert claim.error is not None
    assert (claim.error.kind, claim.error.hint) == (ErrorKind.UNREACHABLE, "Look.")


def test_owner_that_gives_up_leaves_the_host_to_the_next(
    one: AnswerStore, two: AnswerStore
) -> None:
    with pytest.raises(RuntimeError), one.claim("node-1"):
        raise RuntimeError("a bug")

    assert two.claim("node-1").mine


def test_dead_owner_is_followed_and_cannot_write_any_more(
    one: AnswerStore, two: AnswerStore, inv: InventoryMgr
) -> None:
    dead = one.claim("node-1")
    past = datetime.now(UTC) - timedelta(seconds=1)
    inv.collection("answers").update_one({"_id": "scan/node-1"}, {"$set": {"lease_until": past}})

    follower = two.claim("node-1")
    dead.publish({})
    with follower:
        follower.publish(SAID)

    assert follower.mine
    assert one.claim("node-1").answers == SAID


def test_lease_is_renewed_while_the_owner_works(one: AnswerStore, two: AnswerStore) -> None:
    one.lease = two.lease = 0.6
    found: list[answers.Claim] = []

    with one.claim("node-1") as mine:
        waiting = claim_later(two, found)
        time.sleep(1.5)
        mine.publish(SAID)
    waiting.join(5)

    assert found[0].answers == SAID


def test_many_workers_at_once_give_one_owner(inv: InventoryMgr) -> None:
    stores = [AnswerStore(inv, "test", "scan", settings()) for _ in range(8)]
    found: list[answers.Claim] = []

    def work(store: AnswerStore) -> None:
        claim = store.claim("node-1")
        found.append(claim)
        if claim.mine:
            with claim:
                time.sleep(0.1)
                claim.publish(SAID)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(found) == 8
    assert [claim.mine for claim in found].count(True) == 1
    assert [claim.answers for claim in found].count(SAID) == 7


def test_scans_do_not_share_answers(one: AnswerStore, inv: InventoryMgr) -> None:
    with one.claim("node-1") as mine:
        mine.publish(SAID)
    other = AnswerStore(inv, "test", "other", settings())

    assert other.claim("node-1").mine
    one.forget()
    assert one.claim("node-1").mine
    assert not other.claim("node-2").answers


def test_answers_expire_by_an_index_that_follows_the_setting(
    one: AnswerStore, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.claim("node-1")
    monkeypatch.setenv("CALIPSO_ANSWERS_TTL", "60")
    settings.cache_clear()

    AnswerStore(inv, "test", "scan", settings()).claim("node-2")

    index = inv.collection("answers").index_information()["created_ttl"]
    assert index["expireAfterSeconds"] == 60
