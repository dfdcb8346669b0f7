"""Each handler says what to look at, from bodies in the form that real services send.

A case is a folder `cases/<handler>/<case>/` with `notification.json` and `targets.json`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.events.event_rescan import EventRescan
from calipso.discover.events.events_metadata import load_events
from calipso.discover.events.notification import parse
from calipso.model.events import merged
from calipso.utils.names import snake_case

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/notification.json"))
HANDLERS = load_events().handlers


def targets_of(folder: Path) -> list[dict[str, Any]]:
    """What the handler of a case names, without what is empty."""
    notification = parse((folder / "notification.json").read_bytes())
    handler = HANDLERS[notification["event_type"]]()
    assert isinstance(handler, EventRescan)
    handler.bind("cases")
    found = [asdict(target) for target in merged(handler.targets(notification))]
    return [{k: list(v) if isinstance(v, tuple) else v for k, v in t.items() if v} for t in found]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_handler_names_what_its_notification_is_about(folder: Path, inv: Any):
    body = json.loads((folder / "notification.json").read_text())

    assert snake_case(HANDLERS[body["event_type"]].__name__) == folder.parent.name
    assert targets_of(folder) == json.loads((folder / "targets.json").read_text())


@pytest.mark.parametrize("name", sorted({handler.__name__ for handler in HANDLERS.values()}))
def test_each_handler_has_a_case(name: str):
    assert list((CASES / snake_case(name)).glob("*/targets.json"))


def test_the_types_of_the_original_are_handled_by_the_classes_of_the_original():
    wanted = {
        "compute.instance.create.end": "EventInstanceAdd",
        "compute.instance.rebuild.end": "EventInstanceAdd",
        "compute.instance.update": "EventInstanceUpdate",
        "compute.instance.delete.end": "EventInstanceDelete",
        "router.interface.create": "EventInterfaceAdd",
        "router.interface.create.end": "EventInterfaceAdd",
        "router.interface.delete": "EventInterfaceDelete",
        "router.interface.delete.end": "EventInterfaceDelete",
        "network.create.end": "EventNetworkAdd",
    }
    for kind in ("network", "subnet", "port", "router"):
        for verb, end in (("create", "Add"), ("update", "Update"), ("delete", "Delete")):
            wanted[f"{kind}.{verb}.end"] = f"Event{kind.capitalize()}{end}"
            if (kind, verb) != ("network", "create"):
                wanted[f"{kind}.{verb}"] = wanted[f"{kind}.{verb}.end"]

    assert wanted.items() <= {kind: found.__name__ for kind, found in HANDLERS.items()}.items()


def test_no_case_holds_a_secret_that_the_parser_keeps():
    for folder in FOLDERS:
        text = (folder / "notification.json").read_text()
        assert "a-live-token" not in json.dumps(parse(text))
