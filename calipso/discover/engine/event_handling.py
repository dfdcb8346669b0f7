"""Event handling: the handlers of plug-ins run in a worker, each for a message that is stored."""

from __future__ import annotations

import logging

from calipso.discover.events.event_base import EventBase, EventResult
from calipso.discover.events.events_metadata import load_events
from calipso.errors import CalipsoError, NotFound
from calipso.model.documents import Document
from calipso.model.events import MessageState
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.event_keys import DEAD, EventKeys
from calipso.stores.scans.event_store import EventStore, message_key

log = logging.getLogger(__name__)


def run_handler(key: Document) -> None:
    """Give one message to its handler, and note the result on key and message."""
    environment, keys = str(key["environment"]), EventKeys()
    place = message_key(environment, str(key["id"]))
    try:
        message = EventStore().get(environment, str(key["id"]))
        handler = load_events().handlers[message["type"]]()
    except NotFound:
        keys.drop([key["_id"]])
        return
    except (KeyError, CalipsoError) as error:  # the file was changed since
        _end(key, place, MessageState.FAILED, f"no handler for it any more: {error}")
        return
    result = _handled(handler, environment, message)
    about = {"related_object": result.related_object, "display_context": result.display_context}
    EventStore().collection.update_one({"_id": place}, {"$set": about})
    if result.result:
        _end(key, place, MessageState.DONE, result.message or "handled")
    elif not result.retry:
        _end(key, place, MessageState.FAILED, result.message or "the handler refused it")
    elif keys.failed(key, result.message or "the handler asked for another try") == DEAD:
        EventStore().end([place], MessageState.DEAD, result.message or "tried too often")


def _handled(handler: EventBase, environment: str, message: Document) -> EventResult:
    """Run a handler; one with a defect counts as one that refused the message."""
    handler.bind(environment, cause_of(message))
    try:
        result = handler.handle(environment, message["notification"])
    except Exception as error:
        if is_store_error(error):
            raise
        log.exception("handler failed", extra={"environment": environment})
        return EventResult(False, message=f"{type(handler).__name__}: {type(error).__name__}")
    if not isinstance(result, EventResult):
        return EventResult(False, message=f"{type(handler).__name__} returns no EventResult")
    return result


def cause_of(message: Document) -> Document:
    """Return who and what caused a change, as it is kept with the change."""
    context = message.get("context") or {}
    names = ("request_id", "user_id", "user", "project_id", "project")
    return {
        "id": message["id"],
        "type": message["type"],
        **{name: str(context.get(name) or "") for name in names},
    }


def _end(key: Document, place: str, state: MessageState, outcome: str) -> None:
    EventStore().end([place], state, outcome)
    key = key | {"looks": 0}
    EventKeys().settle(key)
