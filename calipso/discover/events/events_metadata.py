"""EventsMetadata: events.json, the handler of each event type and the exchanges to listen to.

Besides events.json, files named `*_events.json` in the own configuration directory add handlers and
exchanges from a package of their own. What they say of an event type takes precedence, with a
warning.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from calipso.discover.events import event_base
from calipso.discover.events.event_base import EventBase
from calipso.discover.events.listeners import listener_base
from calipso.discover.events.listeners.listener_base import ListenerBase
from calipso.errors import MetadataError
from calipso.settings import settings
from calipso.utils.metadata_parser import MetadataParser, find_config, load_class

log = logging.getLogger(__name__)

OWN_PACKAGE = "calipso.discover.events"
LISTENERS = f"{OWN_PACKAGE}.listeners"
DEFAULT_LISTENER = "DefaultListener"


@dataclass
class EventsMetadata:
    """What all files say together."""

    handlers: dict[str, type[EventBase]] = field(default_factory=dict)
    exchanges: list[str] = field(default_factory=list)
    #: packages in which listeners are looked for, besides Calipso's own
    listener_packages: list[str] = field(default_factory=list)
    #: one sentence for each event type of which a later file takes the handler
    warnings: list[str] = field(default_factory=list)

    def listener(self, name: str) -> type[ListenerBase]:
        """Return the class of a listener; empty: the default one. Raises MetadataError."""
        wanted = name or DEFAULT_LISTENER
        problems: list[str] = []
        for package in (*self.listener_packages, LISTENERS):
            try:
                found = load_class(wanted, package)
            except MetadataError as error:
                problems += error.problems
                continue
            if issubclass(found, ListenerBase):
                return found
            problems.append(f"{found.__module__}.{wanted} is no subclass of ListenerBase")
        raise MetadataError("event_listener", problems, hint="See docs/events.md, own listeners.")


class EventsParser(MetadataParser):
    """One file: package, handlers, queues."""

    file_name = "events.json"

    def __init__(self) -> None:
        super().__init__()
        self.handlers: dict[str, type[EventBase]] = {}
        self.exchanges: list[str] = []
        self.listeners = ""

    def get_required_fields(self) -> list[str]:
        """`handlers_package` and `event_handlers`."""
        return ["handlers_package", "event_handlers"]

    def validate_metadata(self, metadata: dict[str, Any]) -> None:
        """Each handler exists and subclasses EventBase; each queue names an exchange."""
        package = metadata.get("handlers_package")
        if not isinstance(package, str) or not package:
            self.problem("handlers_package", package, "the name of a package")
            return
        handlers = metadata.get("event_handlers")
        if not isinstance(handlers, dict) or not handlers:
            self.problem("event_handlers", handlers, "an object: event type -> class of a handler")
            handlers = {}
        for kind, name in handlers.items():
            self._handler(kind, name, package)
        self._queues(metadata.get("queues", []))
        listeners = metadata.get("listeners_package", "")
        if not isinstance(listeners, str):
            self.problem("listeners_package", listeners, "the name of a package")
        else:
            self.listeners = listeners

    def _handler(self, kind: str, name: Any, package: str) -> None:
        where = f"event_handlers.{kind}"
        if not kind or not isinstance(name, str) or not name:
            self.problem(where, name, "an event type, and the class of a handler")
            return
        try:
            found = load_class(name, package)
        except MetadataError as error:
            self.problems += [f"{self.path}: {where}: {text}" for text in error.problems]
            return
        if not issubclass(found, EventBase):
            self.problem(where, name, "a subclass of EventBase")
            return
        self.handlers[kind] = found

    def _queues(self, queues: Any) -> None:
        if not isinstance(queues, list):
            self.problem("queues", queues, "a list of objects with queue and exchange")
            return
        for index, entry in enumerate(queues):
            exchange = entry.get("exchange") if isinstance(entry, dict) else None
            if not isinstance(exchange, str) or not exchange:
                self.problem(f"queues[{index}]", entry, "an object with queue and exchange")
                continue
            self.exchanges.append(exchange)


def load_events() -> EventsMetadata:
    """Return the handlers and exchanges in force. Raises MetadataError."""
    own = settings().config_dir
    more = sorted(Path(own).glob("*_events.json")) if own is not None else []
    return _loaded((find_config(EventsParser.file_name), *more))


@lru_cache(maxsize=16)
def _loaded(paths: tuple[Path, ...]) -> EventsMetadata:
    seed_names()
    found = EventsMetadata()
    for path in paths:
        parser = EventsParser()
        parser.parse_metadata_file(path)
        for kind, handler in parser.handlers.items():
            known = found.handlers.get(kind)
            if known not in (None, handler):
                found.warnings.append(
                    f"{path}: {kind}: {handler.__name__} takes the place of {known.__name__}"
                )
            found.handlers[kind] = handler
        found.exchanges += [name for name in parser.exchanges if name not in found.exchanges]
        if parser.listeners:
            found.listener_packages.insert(0, parser.listeners)
    for warning in found.warnings:
        log.warning("%s", warning)
    return found


def seed_names() -> None:
    """Let plug-ins import the bases under the names that the developer guide prints:
    `discover.events.event_base` and `discover.events.listeners.listener_base`.

    A package `discover` of somebody else keeps its name.
    """
    import calipso.discover
    import calipso.discover.events
    import calipso.discover.events.listeners

    if sys.modules.get("discover", calipso.discover) is not calipso.discover:
        return
    names = {
        "discover": calipso.discover,
        "discover.events": calipso.discover.events,
        "discover.events.event_base": event_base,
        "discover.events.listeners": calipso.discover.events.listeners,
        "discover.events.listeners.listener_base": listener_base,
    }
    sys.modules.update(names)
