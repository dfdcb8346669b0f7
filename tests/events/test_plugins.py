"""Handlers and listeners outside the tree, written as the developer guide prints them."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from calipso.discover.events import events_metadata
from calipso.discover.events.event_base import EventBase, EventResult
from calipso.discover.events.event_intake import Body, Intake
from calipso.discover.events.events_metadata import load_events
from calipso.discover.events.listening import listener_of
from calipso.errors import MetadataError
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore
from tests.events.conftest import envelope, look_until_idle, notification
from tests.scan.conftest import ENVIRONMENT

#: As the guide has it, word for word.
GUIDE = """
from discover.events.event_base import EventBase, EventResult


class EventNewObjectAdd(EventBase):
    def handle(self, env: str, notification: dict) -> EventResult:
        obj_id = notification['payload']['new_object']['id']
        obj = {
            'id': obj_id,
            'type': 'new_object'
        }
        self.inv.set(obj)
        return EventResult(result=True)
"""

OTHERS = """
from calipso.discover.events.event_base import EventBase, EventResult


class EventOther(EventBase):
    def handle(self, env, notification):
        payload = notification["payload"]
        if payload.get("crash"):
            raise ValueError(payload["crash"])
        return EventResult(payload.get("result"), retry=payload.get("retry", False), message="said")
"""

LISTENER = """
from discover.events.listeners.listener_base import ListenerBase
from calipso.discover.events.event_intake import Body


class FileListener(ListenerBase):
    def listen(self) -> None:
        with open(self.environment.app_path) as lines:
            self.receive([Body(line) for line in lines])
"""


@pytest.fixture
def plugin(inv: InventoryMgr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of our own on the path, and a second file of handlers."""
    package = tmp_path / "ourevents"
    (package / "listeners").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "listeners" / "__init__.py").write_text("")
    (package / "event_new_object_add.py").write_text(GUIDE)
    (package / "event_other.py").write_text(OTHERS)
    (package / "listeners" / "file_listener.py").write_text(LISTENER)
    config = tmp_path / "config"
    config.mkdir()
    write(config, {"new_object.create": "EventNewObjectAdd", "other": "EventOther"})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(config))
    monkeypatch.setenv("CALIPSO_EVENT_QUIET", "0")
    settings.cache_clear()
    events_metadata._loaded.cache_clear()
    events_metadata.load_class.cache_clear()
    EnvironmentStore().add(ENVIRONMENT)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("ourevents")]:
        del sys.modules[name]
    events_metadata._loaded.cache_clear()
    events_metadata.load_class.cache_clear()


def write(config: Path, handlers: dict[str, str]) -> None:
    content = {
        "handlers_package": "ourevents",
        "listeners_package": "ourevents.listeners",
        "queues": [{"queue": "ours", "exchange": "our_exchange"}],
        "event_handlers": handlers,
    }
    (config / "our_events.json").write_text(json.dumps(content))


def take(event_type: str, payload: dict[str, object]) -> str:
    message = notification(event_type, payload)
    Intake("toy").take([Body(json.dumps(envelope(message)))])
    return str(message["message_id"])


def test_the_example_of_the_guide_adds_its_object(plugin: Path, inv: InventoryMgr):
    sent = take("new_object.create", {"new_object": {"id": "n1"}})

    look_until_idle("toy")

    found = inv.get_by_id("toy", "n1", "new_object")
    assert found is not None
    assert EventStore().get("toy", sent)["state"] == "done"
    (change,) = inv.find_all("changes", {"id": "n1"})
    assert (change["change"], change["origin"]) == ("added", "event")
    assert change["event"]["user"] == "alice"


def test_the_second_file_adds_exchanges_and_keeps_our_handlers(plugin: Path):
    found = load_events()

    assert found.exchanges == ["nova", "neutron", "keystone", "our_exchange"]
    assert {"new_object.create", "port.create.end"} <= found.handlers.keys()
    assert found.warnings == []


def test_a_second_file_that_takes_the_place_of_a_handler_is_told(plugin: Path):
    write(plugin / "config", {"port.create.end": "EventOther"})
    events_metadata._loaded.cache_clear()

    found = load_events()

    assert found.handlers["port.create.end"].__name__ == "EventOther"
    (warning,) = found.warnings
    assert "EventOther takes the place of EventPortAdd" in warning


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        ({"result": True}, "done"),
        ({"result": False}, "failed"),
        ({"crash": "S3CRET"}, "failed"),
    ],
)
def test_what_a_handler_answers_is_the_state_of_its_message(
    plugin: Path, payload: dict[str, object], state: str
):
    sent = take("other", payload)

    look_until_idle("toy")

    message = EventStore().get("toy", sent)
    assert message["state"] == state
    assert "S3CRET" not in message["outcome"]


def test_a_handler_that_wants_another_try_gets_ten_and_then_no_more(
    plugin: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("calipso.stores.scans.event_keys.FIRST_PAUSE", 0.0)
    sent = take("other", {"result": False, "retry": True})

    look_until_idle("toy")

    assert EventStore().get("toy", sent)["state"] == "dead"
    (key,) = EventKeys().dead("toy")
    assert (key["attempts"], key["reason"]) == (10, "said")


def test_a_listener_of_ones_own_is_used_where_the_environment_names_it(
    plugin: Path, inv: InventoryMgr
):
    lines = plugin / "lines"
    body = json.dumps(notification("new_object.create", {"new_object": {"id": "n2"}}))
    lines.write_text(f"{body}\nnot JSON\n")
    changes = {"event_listener": "FileListener", "app_path": str(lines)}
    EnvironmentStore().update("toy", changes)

    listener_of("toy").listen()
    look_until_idle("toy")

    assert inv.get_by_id("toy", "n2", "new_object") is not None


def test_a_listener_nobody_has_is_told_with_the_nearest_name(plugin: Path):
    EnvironmentStore().update("toy", {"event_listener": "DefaultListner"})

    with pytest.raises(MetadataError, match="DefaultListener"):
        listener_of("toy")


@pytest.mark.parametrize(
    ("handlers", "said"),
    [
        ({"a.b": "EventNobody"}, "no class EventNobody"),
        ({"a.b": 7}, "the class of a handler"),
        ({}, "an object"),
    ],
)
def test_a_wrong_file_is_told_with_its_key(plugin: Path, handlers: dict[str, str], said: str):
    write(plugin / "config", handlers)
    events_metadata._loaded.cache_clear()

    with pytest.raises(MetadataError, match=said):
        load_events()


def test_a_base_is_one_class_under_both_names():
    load_events()
    printed = importlib.import_module("discover.events.event_base")

    assert printed.EventBase is EventBase
    assert EventResult(False, True, "m", "o", "c").display_context == "c"
