"""Log lines of scans in the store: which ones, in what shape, and never in the way of a scan."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator

import pytest
from pymongo.errors import AutoReconnect

from calipso.model.scan import ScanRequest
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.message_store import WAITING, MessageHandler, MessageStore
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.log import log_context

log = logging.getLogger("calipso.test.messages")


@pytest.fixture
def handler() -> Iterator[MessageHandler]:
    handler = MessageHandler()
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    yield handler
    log.removeHandler(handler)
    handler.close()
    if handler._thread is not None:
        handler._thread.join(10)


def test_lines_of_a_scan_are_stored_with_what_is_known_of_it(
    inv: InventoryMgr, handler: MessageHandler
) -> None:
    scan_id = ScanStore().create(ScanRequest(environment="lab"))

    with log_context(scan=scan_id, task="ScanHost"):
        log.warning("no answer", extra={"host": "h1", "hint": "Is it up?", "pwd": "hidden-one"})
    assert handler.flush_for(10)

    (line,) = MessageStore().of_scan(scan_id)
    assert {key: line[key] for key in ("environment", "scan_id", "level", "message")} == {
        "environment": "lab",
        "scan_id": scan_id,
        "level": "warn",
        "message": "no answer",
    }
    assert (line["source_system"], line["viewed"], line["origin_type"]) == (
        "Calipso",
        False,
        "manual scan",
    )
    assert (line["related_object"], line["related_object_type"]) == ("h1", "host")
    assert line["task"] == "ScanHost"
    assert line["details"] == {"hint": "Is it up?", "pwd": "********"}
    assert line["id"].count(".") == 2
    assert line["received_timestamp"] >= line["timestamp"]


def test_only_lines_of_scans_from_info_on_are_stored(
    inv: InventoryMgr, handler: MessageHandler
) -> None:
    log.error("of no scan")
    with log_context(scan="s1"):
        log.debug("too small")
        log.info("kept")
    assert handler.flush_for(10)

    assert [line["message"] for line in MessageStore().messages.find()] == ["kept"]


def test_lines_come_back_in_order_by_level_and_the_last_ones(
    inv: InventoryMgr, handler: MessageHandler
) -> None:
    with log_context(scan="s1"):
        for number in range(1200):
            level = logging.ERROR if number % 400 == 0 else logging.INFO
            log.log(level, "line %d", number)
    assert handler.flush_for(30)

    store = MessageStore()
    assert [line["message"] for line in store.of_scan("s1")] == [f"line {n}" for n in range(1200)]
    assert [line["message"] for line in store.of_scan("s1", level="error")] == [
        "line 0",
        "line 400",
        "line 800",
    ]
    assert [line["message"] for line in store.of_scan("s1", limit=2)] == ["line 1198", "line 1199"]


def test_values_the_store_cannot_hold_lose_no_line(
    inv: InventoryMgr, handler: MessageHandler
) -> None:
    with log_context(scan="s1"):
        log.info("odd", extra={"details": {"a.b": object(), "$c": b"\xff"}, "when": {1, 2}})
        log.info("after it")
    assert handler.flush_for(10)

    assert len(MessageStore().of_scan("s1")) == 2


def test_a_store_that_is_away_neither_stops_nor_fails_who_logs(
    inv: InventoryMgr, handler: MessageHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = threading.Event()

    def add(_self: MessageStore, _lines: list[object]) -> None:
        away.wait(15)
        raise AutoReconnect("no server")

    monkeypatch.setattr(MessageStore, "add", add)
    began = time.monotonic()

    with log_context(scan="s1"):
        for number in range(WAITING + 2000):
            log.info("line %d", number)
    handler.flush()
    spent = time.monotonic() - began
    away.set()

    assert spent < 15
    assert handler.dropped >= 1000
    assert not handler.flush_for(0.1), "nobody is told that it is stored"


def test_a_forked_process_stores_its_own_lines(inv: InventoryMgr, handler: MessageHandler) -> None:
    with log_context(scan="s1"):
        log.info("parent")
    assert handler.flush_for(10)

    child = os.fork()
    if child == 0:
        with log_context(scan="s1"):
            log.info("child")
        os._exit(0 if handler.flush_for(20) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert {line["message"] for line in MessageStore().of_scan("s1")} == {"parent", "child"}
