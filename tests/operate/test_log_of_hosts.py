"""Lines that are logged while hosts are asked name the host, also from threads of a fetcher."""

from __future__ import annotations

import json
import logging

import pytest

from calipso.discover.engine.scanner import problem_of
from calipso.discover.engine.scanners_metadata import FetchType
from calipso.errors import CliAccessError, ErrorKind
from calipso.model.inventory import Fetched
from calipso.settings import load_settings
from calipso.sources.cli.answers import HostAnswers
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.connections import HostConnections
from calipso.stores.inventory.inventory_mgr import InventoryMgr
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


class Chatty(CliAccess):
    """Logs what it reads, as parsers do."""

    def host_of(self, parent_id: str) -> str:
        return parent_id.partition("-")[0]

    def get(self, parent_id: str) -> list[Fetched]:
        logging.getLogger("a.parser").warning("odd line of %s", parent_id)
        return []


def test_what_is_read_of_a_host_is_logged_with_its_name(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(HostAnswers, "prefetch", lambda *_: None)
    setup_logging("INFO", load_settings(log_json=True))
    fetcher = Chatty()
    fetcher.bind(context())

    for _ in fetcher.get_many(["h1-eth0", "h2-eth0"]):
        logging.getLogger("a.library").warning("stored")

    said = [json.loads(line) for line in lines(capsys)]
    assert [(line["message"], line.get("host")) for line in said] == [
        ("odd line of h1-eth0", "h1"),
        ("stored", None),
        ("odd line of h2-eth0", "h2"),
        ("stored", None),
    ]


@pytest.mark.parametrize("host", ["h1", ""])
def test_a_defect_met_at_a_host_is_logged_with_its_name(
    inv: InventoryMgr, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    setup_logging("INFO", load_settings(log_json=True))
    fetch_type = FetchType("ScanHost", 0, "pnic", "Chatty")

    problem_of(RuntimeError("odd"), fetch_type, Chatty(), host, "h1-eth0")

    (line,) = [json.loads(line) for line in lines(capsys)]
    assert line["message"] == "Chatty failed for h1-eth0"
    assert line.get("host", "") == host
