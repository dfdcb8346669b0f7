"""`monitor.py`: the pipe program, started as monitoring systems start it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import ConfigError, NotFound
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from monitoring.handlers import monitor
from tests.api.big import Big
from tests.environments.conftest import openstack_document

PROGRAM = Path(monitor.__file__)


@pytest.fixture
def pnic(inv: InventoryMgr) -> dict[str, Any]:
    """A NIC of an environment."""
    EnvironmentStore().add(openstack_document(name="prod"))
    Big("prod", hosts=1, instances=1).write(inv)
    return inv.find("prod", "host_pnic")[0]


def event(pnic: dict[str, Any], **client: str) -> str:
    check = {
        "name": f"host_pnic_{pnic['id']}",
        "status": 2,
        "output": "no carrier",
        "executed": 1764500000,
        "calipso": {"environment": "prod", "type": "host_pnic", "id": pnic["id"]},
    }
    return json.dumps({"id": "1", "action": "create", "client": client, "check": check})


@pytest.mark.parametrize("start", [[str(PROGRAM)], ["-m", "monitoring.handlers.monitor"]])
def test_a_pipe_handler_of_sensu_starts_it_by_its_path_or_its_module(
    start: list[str], pnic: dict[str, Any], inv: InventoryMgr
) -> None:
    text = event(pnic, name="compute-1", environment="prod")

    done = subprocess.run(
        [sys.executable, *start], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "stored\n", "")
    found = inv.get_by_id("prod", pnic["id"], "host_pnic")
    assert found is not None
    assert (found["monitoring"]["label"], found["monitoring"]["text"]) == ("Error", "no carrier")


def test_it_says_why_it_took_nothing_and_ends_with_1(
    pnic: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for text, said in (
        ("{", "not JSON"),
        ("[1]", "expected an object"),
        (event(pnic), "names no environment"),
        (event(pnic, environment="nowhere"), "nowhere"),
    ):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        assert monitor.main([]) == 1
        assert said in capsys.readouterr().err


def test_the_environment_is_given_or_read_from_the_event(pnic: dict[str, Any]) -> None:
    text = event(pnic, name="compute-1")

    (answer,) = monitor.handle(io.StringIO(text), "sensu-core", "prod")

    assert answer.word == "stored"
    with pytest.raises(NotFound):
        monitor.handle(io.StringIO(text), "", "nowhere")
    with pytest.raises(ConfigError, match="no format xml"):
        monitor.handle(io.StringIO(text), "xml", "prod")


@pytest.mark.parametrize(
    ("payload", "form"),
    [
        ({"client": {}, "check": {}}, "sensu-core"),
        ({"entity": {}, "check": {}}, "sensu-go"),
        ({"type": "Event", "spec": {"entity": {}}}, "sensu-go"),
        ({"alerts": [], "version": "4"}, "alertmanager"),
        ({"type": "CheckResult", "check_result": {}}, "icinga2"),
        ({"line": "[1] PROCESS_SERVICE_CHECK_RESULT;h;s;0;ok"}, "nagios"),
        ({"results": []}, "own"),
    ],
)
def test_an_event_says_by_its_fields_which_format_it_has(
    payload: dict[str, Any], form: str
) -> None:
    assert monitor.format_of(payload) == form
