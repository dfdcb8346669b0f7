"""The log of real workers: a scan's story in a page, each line with its scan."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.main import main
from calipso.dispatch import submit
from calipso.model.scan import LogLevel, ScanRequest
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.message_store import MessageStore
from tests.operate.conftest import Cluster, wait_for, wait_for_end
from tests.scan.conftest import ToyCloud

pytestmark = pytest.mark.broker


def logged(folder: Path, name: str) -> list[dict[str, Any]]:
    """JSON lines of a worker's log; its banner is not one."""
    lines = (folder / f"{name}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture
def json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALIPSO_LOG_JSON", "true")
    settings.cache_clear()


def last_line_of(scan_id: str) -> Any:
    found = MessageStore().of_scan(scan_id)
    return found and found[-1]["message"].startswith("scan ") and found


def messages_of(scan_id: str) -> list[str]:
    return [line["message"] for line in MessageStore().of_scan(scan_id)]


def test_the_log_describes_a_scan_in_one_page(
    cluster: Cluster, toy: ToyCloud, json_lines: None
) -> None:
    toy.state["broken"] = ["h10"]
    toy.write()
    cluster.worker("scan,api,cli", number=4)
    cluster.worker("links,cliques", pool="prefork", number=2)

    scan_id = submit(ScanRequest(environment="toy"))
    wait_for_end(scan_id)
    told = wait_for(lambda: last_line_of(scan_id), 40)

    assert isinstance(told, list)
    messages = [line["message"] for line in told]
    assert messages[0] == "scan started"
    assert messages[-1] == "scan completed with errors"
    assert messages.count("h10: no answer") == 1
    assert len(messages) < 40
    (error,) = [line for line in told if line["level"] == "error"]
    assert (error["host"], error["details"]["hint"]) == ("h10", "Is it up?")
    assert told[-1]["details"]["errors"] == 1
    lines = [line for name in ("w0", "w1") for line in logged(cluster.folder, name)]
    of_scan = [line for line in lines if "scan" in line]
    assert {(line["environment"], line["scan"]) for line in of_scan} == {("toy", scan_id)}
    assert sorted(line["message"] for line in of_scan) == sorted(messages)


def test_lines_of_fetchers_and_libraries_carry_their_scan(
    cluster: Cluster, toy: ToyCloud, json_lines: None
) -> None:
    toy.state["log"] = "asked h1 with pwd=hidden-one"
    toy.write()
    cluster.worker("scan,api,cli,links,cliques")

    first = submit(ScanRequest(environment="toy"))
    wait_for_end(first)
    second = submit(ScanRequest(environment="toy"))
    wait_for_end(second)
    wait_for(lambda: last_line_of(second), 40)

    lines = [line for line in logged(cluster.folder, "w0") if line["logger"] == "a.library"]
    assert {line["scan"] for line in lines} == {first, second}
    assert {line["task"] for line in lines} == {"ScanPnicsRoot: CliFetchToyNics"}
    assert {line["message"] for line in lines} == {"asked h1 with pwd=********"}
    kept = [line["message"] for line in MessageStore().of_scan(second)]
    assert "asked h1 with pwd=********" in kept


def test_a_scan_keeps_the_lines_of_the_level_it_was_asked_for(
    cluster: Cluster, toy: ToyCloud, json_lines: None
) -> None:
    toy.state["log"] = "told at the usual level"
    toy.write()
    cluster.worker("scan,api,cli,links,cliques")
    kept: dict[LogLevel, list[str]] = {}
    for level in (LogLevel.DEBUG, LogLevel.WARNING):
        scan_id = submit(ScanRequest(environment="toy", log_level=level))
        wait_for_end(scan_id)
        wait_for(lambda scan_id=scan_id: "scan completed" in messages_of(scan_id), 40)
        kept[level] = messages_of(scan_id)

    assert kept[LogLevel.WARNING] == ["scan started", "scan completed"]
    assert {"task ended", "told at the usual level"} < set(kept[LogLevel.DEBUG])
    shown = {line["message"] for line in logged(cluster.folder, "w0")}
    assert "told at the usual level" in shown
    assert "task ended" not in shown


def test_nothing_is_logged_for_each_task(cluster: Cluster, toy: ToyCloud, json_lines: None) -> None:
    cluster.beat()
    cluster.worker()
    scan_id = submit(ScanRequest(environment="toy"))
    wait_for_end(scan_id)

    lines = logged(cluster.folder, "w1") + logged(cluster.folder, "beat")
    assert lines

    assert not [line for line in lines if re.search("succeeded|received|Sending", line["message"])]


def test_scan_log_shows_lines_by_level_and_as_json(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.state["broken"] = ["h1"]
    toy.write()
    cluster.worker()
    scan_id = submit(ScanRequest(environment="toy"))
    wait_for_end(scan_id)
    wait_for(lambda: last_line_of(scan_id), 40)
    capsys.readouterr()

    assert main(["scan", "log", "last", "--level", "error"]) == 0
    text = capsys.readouterr().out
    assert main(["scan", "log", scan_id, "-f", "json"]) == 0
    documents = json.loads(capsys.readouterr().out)

    assert re.search(r"error h1: no answer .*\n +hint: Is it up\?\n$", text)
    assert len(text.splitlines()) == 2
    assert documents[0]["message"] == "scan started"
    assert {line["scan_id"] for line in documents} == {scan_id}
    assert main(["scan", "log", "no-such-scan"]) == 1


def test_following_a_scan_shows_each_line_once_and_ends_with_it(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.state["slow"] = 1.0
    toy.write()
    cluster.worker()
    scan_id = submit(ScanRequest(environment="toy"))

    assert main(["scan", "log", scan_id, "--follow", "-f", "json"]) == 0

    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert shown[-1]["message"] == "scan completed"
    stored = {line["id"] for line in MessageStore().of_scan(scan_id)}
    assert len(shown) == len(stored)
    assert {line["id"] for line in shown} == stored


def test_a_store_that_is_away_while_a_scan_logs_fails_no_scan(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr
) -> None:
    """The collection refuses every line; the scan does not notice."""
    inv.db.create_collection("messages")
    inv.db["messages"].create_index("source_system", unique=True, name="refuse")
    cluster.worker()

    ended = wait_for_end(submit(ScanRequest(environment="toy")))

    assert ended["status"] == "completed"
