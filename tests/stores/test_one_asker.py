"""Whether MongoDB stands still: one thread asks, the others take its answer."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from calipso.errors import StoreError
from calipso.stores.mongo import standstill


class Asked:
    """A client that notes who asks, and answers after a while."""

    def __init__(self, problem: PyMongoError | None = None) -> None:
        self.admin = self
        self.problem = problem
        self.times = 0

    def command(self, _name: str) -> None:
        self.times += 1
        time.sleep(0.3)
        if self.problem:
            raise self.problem


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standstill, "_seen", {})


def of_eight_threads(client: Any) -> list[str]:
    """What each of eight threads is told; empty for those that are told nothing."""
    told: list[str] = []

    def ask() -> None:
        try:
            standstill.check_moves(client, "mongodb://192.0.2.1/")
            told.append("")
        except StoreError as error:
            told.append(error.message)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return told


def test_a_server_that_moves_is_asked_once() -> None:
    client = Asked()

    assert of_eight_threads(client) == [""] * 8
    assert client.times == 1


def test_a_server_that_stands_still_is_asked_once_and_all_are_told() -> None:
    client = Asked(ServerSelectionTimeoutError("192.0.2.1: timed out"))

    told = of_eight_threads(client)

    assert client.times == 1
    assert len(told) == 8
    assert all("has not answered" in text for text in told)
