"""A parsed answer is made once a scan: each level of the scan comes back to every host."""

from __future__ import annotations

from functools import partial

import pytest

from calipso.sources.cli import answers
from calipso.sources.cli.answers import HostAnswers
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.access.scan_context import context

HOSTS = [f"h{number}" for number in range(answers.MOST_PARSED + 1)]


def parse(host: str, made: list[str]) -> str:
    made.append(host)
    return host.upper()


def read_all(kept: HostAnswers, made: list[str]) -> None:
    for host in HOSTS:
        found = kept.parsed(host, "links", str, partial(parse, host, made))
        assert found == host.upper()


def test_an_answer_is_parsed_once_however_many_hosts_come_between(inv: InventoryMgr) -> None:
    made: list[str] = []
    kept = HostAnswers(context())

    for _level in range(3):
        read_all(kept, made)

    assert made == HOSTS


def test_what_is_kept_has_a_limit(inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "KEPT_PARSED", 5)
    monkeypatch.setattr(answers, "MOST_PARSED", 10)
    made: list[str] = []
    kept = HostAnswers(context())

    for _level in range(2):
        read_all(kept, made)

    assert made == HOSTS + HOSTS[5:]
