"""AMQP, LDAP, OVN, APIC and webhooks: each call ends, whatever the other side sends."""

from __future__ import annotations

import gc
import json
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from calipso.errors import AccessError, CalipsoError, OvnAccessError
from calipso.limits import memory
from calipso.limits.calls import Bounds
from calipso.model.ovn_section import OvnSection, remotes
from calipso.settings import settings
from calipso.sources.amqp.consumer import Delivery
from calipso.sources.ovn.jsonrpc import OvsdbClient
from monitoring.runner import alerts
from tests.hostile.calls import PASSWORD, Kind, ended, heard, kinds, serving
from tests.hostile.fake_amqp import CONSUME, broker, delivery, good, stream_modes
from tests.hostile.fake_ovsdb import ovsdb_modes
from tests.hostile.fakes import hostile, http_modes
from tests.hostile.table import resident
from tests.workers.conftest import wait_for

#: ldap3 uses names of pyasn1 that have newer ones.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ldap3.*")

MEMORY = 48
#: Megabytes that all modes of a source take together, with their servers, and what Python keeps.
GROWS = 400
#: Seconds after which a call counts as one that does not end. It takes one or two.
LONG = 120.0

GOOD = json.dumps({"event_type": "port.create.end", "message_id": "m", "payload": {}}).encode()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("API_TIMEOUT", "DB_TIMEOUT", "SSH_CONNECT_TIMEOUT", "LDAP_TIMEOUT"):
        monkeypatch.setenv(f"CALIPSO_{name}", "0.4")
    monkeypatch.setattr(alerts, "TIMEOUT", 0.4)
    monkeypatch.setenv("CALIPSO_SOURCE_MEMORY", str(MEMORY))
    monkeypatch.setattr(memory, "_budget", None)
    settings.cache_clear()
    yield
    settings.cache_clear()


#: Those that are tested one by one in another file.
OTHERS = ("Keystone", "MySQL", "SSH login", "SSH command")
NEW = [kind for kind in kinds() if kind.name not in OTHERS]
#: Modes in which the caller reads no more than is right: nobody reads the body of a webhook.
ANSWERED = {("LDAP bind", "text that is no UTF-8")} | {
    ("Webhook", mode) for mode in http_modes() if mode.startswith(("body", "chunks", "gzip"))
}


@pytest.mark.parametrize("kind", NEW, ids=[kind.name for kind in NEW])
def test_each_call_ends_with_an_error_of_its_source(kind: Kind, tmp_path: Path) -> None:
    before = resident()
    with serving(kind, tmp_path) as ports, ThreadPoolExecutor(len(ports)) as pool:
        asked = {mode: pool.submit(ended, kind.call, port) for mode, port in ports.items()}
        wrong = {mode: told for mode, call in asked.items() if (told := _wrong(call.result(LONG)))}
        del asked

    assert resident() - before < GROWS
    with warnings.catch_warnings():  # frames of the errors hold sockets of TLS
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert {mode: told for mode, told in wrong.items() if (kind.name, mode) not in ANSWERED} == {}


def _wrong(error: CalipsoError | None) -> str:
    if error is None:
        return "answered"
    if not error.hint or PASSWORD in str(error):
        return f"no hint, or the password: {error}"
    return ""


def listened(say: object, wanted: int) -> list[Delivery]:
    stop = threading.Event()
    with hostile(say) as port:  # type: ignore[arg-type]
        consumer, found = heard(port, stop)
        thread = threading.Thread(target=consumer.run, daemon=True)
        thread.start()
        try:
            wait_for(lambda: len(found) >= wanted, 60)
        finally:
            stop.set()
            thread.join(60)
    assert not thread.is_alive()
    return found


@pytest.mark.parametrize(
    "mode", ["a message of 20 MB", "headers 5,000 deep", "a message of no bytes"]
)
def test_a_message_that_is_wrong_costs_a_listener_no_other(mode: str) -> None:
    found = listened(stream_modes(GOOD)[mode], 3)

    assert [body for body, *_ in found[:3]].count(GOOD) == 2
    assert all(len(body) <= settings().event_bytes + 1 for body, *_ in found)


@pytest.mark.parametrize(
    "mode",
    ["a message without end", "a message a byte at a time", "messages on a thousand channels"],
)
def test_a_listener_leaves_a_broker_whose_messages_do_not_end(mode: str) -> None:
    stop = threading.Event()
    with hostile(stream_modes(GOOD)[mode]) as port:
        consumer, _ = heard(port, stop)
        thread = threading.Thread(target=consumer.run, daemon=True)
        thread.start()
        wait_for(lambda: consumer.state.connects > 1, 60)
        stop.set()
        thread.join(60)

    assert not thread.is_alive()


def test_messages_without_end_are_taken_piece_by_piece() -> None:
    before = resident()

    listened(stream_modes(GOOD)["small messages without end"], 2000)

    assert resident() - before < GROWS


def test_a_listener_that_is_shut_stops_though_the_broker_says_nothing_more() -> None:
    silent = broker(lambda question, channel: [] if question == (50, 10) else None)
    stop = threading.Event()
    with hostile(silent) as port:
        consumer, _ = heard(port, stop)
        thread = threading.Thread(target=consumer.run, daemon=True)
        thread.start()
        wait_for(lambda: "in time" in consumer.state.reason, 60)
        stop.set()
        thread.join(60)

    assert not thread.is_alive()


def test_a_message_comes_whole_in_frames_of_any_size() -> None:
    body = json.dumps({"a": "x" * 300_000}).encode()

    def answer(question: tuple[int, int], channel: int) -> list[bytes] | None:
        if question != CONSUME:
            return None
        return [good(CONSUME, channel), delivery(body, channel)]

    found = listened(broker(answer), 1)

    assert found[0][0] == body


def test_the_end_of_a_scan_ends_a_question_to_ovn() -> None:
    bounds = Bounds()
    with hostile(ovsdb_modes()["says nothing"]) as port:
        place = f"tcp:127.0.0.1:{port}"
        section = OvnSection(name="OVN", nb_connection=place, sb_connection=place)
        (remote,) = remotes(place)
        with OvsdbClient(remote, section, bounds) as client:
            threading.Timer(0.3, bounds.end, ["scan cancelled"]).start()
            with pytest.raises(OvnAccessError):
                client.columns("OVN_Northbound")

    with pytest.raises(AccessError, match="does not answer"):
        OvsdbClient(remote, section, bounds)
