"""Webhooks against a receiver of their own: signed, bounded, where workers may connect, again."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.main import main
from calipso.model.answer import Answer
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring import alert_store
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.stores.monitoring.notices import LONGEST, of_finding
from calipso.utils.clock import now
from monitoring.runner import alerts
from tests.environments.conftest import openstack_document

FINDING = {
    "rule": "mtu_differs",
    "severity": "major",
    "sentence": "tap1 has another MTU",
    "type": "vnic",
    "id": "compute-1-tap1",
    "name": "tap1",
    "host": "compute-1",
    "evidence": [{"source": "cli", "command": "ip link", "line": "mtu 1400"}],
}


class Receiver(HTTPServer):
    """Notes what came; answers what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.body = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/S3CRET-path"


class _Request(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def store(inv: InventoryMgr, receiver: Receiver) -> AlertStore:
    EnvironmentStore().add(openstack_document(name="prod"))
    made = AlertStore(inv.db)
    hook = {"environment": "prod", "name": "chat", "url_secret": receiver.url, "secret": "key"}
    made.add(hook | {"at_least": 1, "types": [], "topics": ["status", "drift"]})
    return made


def hook(store: AlertStore) -> dict[str, Any]:
    return store.webhooks({"name": "chat"})[0]


def publish(store: AlertStore, **more: Any) -> int:
    return store.publish("prod", [of_finding("prod", FINDING | more, cleared=False)])


def test_a_finding_arrives_signed_and_as_an_answer(store: AlertStore, receiver: Receiver) -> None:
    assert publish(store) == 1

    assert alerts.deliver(store) == {"sent": 1, "failed": 0, "given_up": 0}

    ((headers, body),) = receiver.got
    digest = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert headers["X-Calipso-Signature"] == f"sha256={digest}"
    told = json.loads(body)
    fields = {name: told.pop(name) for name in ("topic", "environment", "object", "cleared")}
    assert fields["object"]["id"] == "compute-1-tap1"
    assert Answer.model_validate(told).code == "mtu_differs"
    assert hook(store)["last_sent"] <= now()


def test_a_webhook_hears_only_what_it_asks_for(store: AlertStore) -> None:
    assert publish(store, severity="minor") == 0  # less than Warning
    store.db["monitoring_webhooks"].update_one({}, {"$set": {"types": ["host"]}})
    assert publish(store) == 0
    store.db["monitoring_webhooks"].update_one({}, {"$set": {"types": [], "topics": ["status"]}})
    assert publish(store) == 0


def test_an_answer_that_is_no_success_is_a_failure_and_a_redirection_is_not_followed(
    store: AlertStore, receiver: Receiver
) -> None:
    publish(store)
    publish(store)
    receiver.status = 307

    # the second is not even tried: the webhook is left alone for this run
    assert alerts.deliver(store) == {"sent": 0, "failed": 1, "given_up": 0}

    assert len(receiver.got) == 1
    assert (hook(store)["last_problem"], store.waiting(hook(store))) == ("answered 307", 2)


def test_an_answer_without_end_is_not_read(store: AlertStore, receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, b"x" * (3 * 1024 * 1024)
    publish(store)

    assert alerts.deliver(store)["sent"] == 1
    assert hook(store)["last_problem"] == ""


def test_an_address_that_workers_may_not_reach_is_refused(
    store: AlertStore, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_SOURCE_NETWORKS", "192.0.2.0/24")
    settings.cache_clear()
    publish(store)

    assert alerts.deliver(store)["failed"] == 1

    assert receiver.got == []
    assert "none of the networks" in hook(store)["last_problem"]


def test_alerts_are_bounded_in_size_and_number(
    store: AlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_store, "MOST_WAITING", 2)
    long = [{"source": "cli", "line": "x" * 1000}] * 100

    assert sum(publish(store, evidence=long) for _ in range(5)) == 2

    assert hook(store)["dropped"] == 3
    for alert in store.collection.find({}):
        assert len(json.dumps(alert["body"])) < LONGEST
        assert alert["body"]["not_checked"]


def test_the_commands_add_test_list_and_remove_without_showing_secrets(
    store: AlertStore, receiver: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address, secret = tmp_path / "url", tmp_path / "secret"
    address.write_text(receiver.url + "\n")
    secret.write_text("S3CRET-hmac\n")
    files = ["--url-file", str(address), "--secret-file", str(secret)]
    command = ["monitoring", "webhook"]

    assert main([*command, "add", "prod", "ops", *files, "--topic", "drift"]) == 0
    assert main([*command, "test", "prod", "ops"]) == 0
    assert alerts.deliver(store)["sent"] == 1
    assert main([*command, "list", "-e", "prod", "-f", "json"]) == 0
    address.write_text("ftp://x\n")
    assert main([*command, "add", "prod", "bad", *files]) == 1
    assert main([*command, "remove", "prod", "ops"]) == 0
    assert main([*command, "test", "prod", "ops"]) == 1

    said = capsys.readouterr()
    assert "S3CRET" not in said.out + said.err
    ((headers, body),) = receiver.got
    assert json.loads(body)["code"] == "webhook_test"
    assert "X-Calipso-Signature" in headers
