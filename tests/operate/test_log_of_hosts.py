"""Lines that are logged while hosts are asked name the host, also from threads of a fetcher."""

from __future__ import annotations

import json
import logging

import pytest

from calipso.discover.fetchers.cli.answers import HostAnswers
from calipso.discover.fetchers.cli.connections import HostConnections
from calipso.errors import CliAccessError, ErrorKind
from calipso.settings import load_settings
from calipso.utils.inventory_mgr import InventoryMgr
from calipso.utils.log import bind_log, setup_logging
from tests.access.scan_context import context
from tests.operate.test_log import lines, logging_as_it_was

__all__ = ["logging_as_it_was"]


def test_hosts_asked_side_by_side_do_not_mix_their_lines(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def connect(_self: HostConnections, host: str) -> None:
        logging.getLogger("a.library").info("login at %s", host)
        raise CliAccessError(f"{host}: no", kind=ErrorKind.UNREACHABLE, host=host)

    monkeypatch.setattr(HostConnections, "get", connect)
    setup_logging("INFO", load_settings(log_json=True))
    answers = HostAnswers(context())

    bind_log(environment="lab", scan="s1", task="ScanHost")
    answers.prefetch(["h1", "h2", "h3"])
    logging.getLogger("a.library").info("after")

    said = [json.loads(line) for line in lines(capsys)]
    assert {(line["message"], line["host"], line["scan"]) for line in said[:3]} == {
        (f"login at {host}", host, "s1") for host in ("h1", "h2", "h3")
    }
    assert "host" not in said[3]
