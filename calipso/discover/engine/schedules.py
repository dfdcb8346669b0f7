"""Scheduled scans: what is due is claimed and becomes a scan, exactly one per slot.

Beat sends `dispatch` every few seconds; two beats, a task delivered twice and a process killed
anywhere do no harm:

- one update moves a schedule to its next slot and notes the slot it had as claimed;
- the scan's id is derived from schedule and slot, and creating one id twice is one scan;
- a claim is taken off only when the scan is recorded. One that is left by a process that died is
  submitted again by whoever looks next, with the same id.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from calipso.errors import CalipsoError, ConfigError, NotFound, StoreError
from calipso.model.documents import Document
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.model.schedule import Schedule, schedule_of
from calipso.model.slots import latest_slot, next_slot, slots_within
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.config.schedule_store import ScheduleStore, free_name, name_of
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now

#: Records a scan under the id given and has it started.
Submit = Callable[[ScanRequest, str], str]

log = logging.getLogger(__name__)

NAMESPACE = uuid.UUID("5b0d9c1e-8f43-5d0c-9a55-0c1f6a7e2d34")

#: Clocks of workers may differ by this much; a clock that is earlier than the plan by more was
#: set back, and the plan is made anew.
CLOCK_SKEW = timedelta(minutes=5)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def add_schedule(schedule: Schedule, name: str = "") -> str:
    """Store a schedule; returns its name. Raises NotFound, ConfigError."""
    EnvironmentStore().get(schedule.environment)
    if name and not NAME.fullmatch(name):
        raise ConfigError(
            f"schedule {name!r}: not a name",
            hint="Up to 64 letters, digits, '.', '_', '-'; the first a letter or digit.",
        )
    store, moment = ScheduleStore(), now()
    slot = next_slot(schedule, moment)
    if slot is None:
        raise ConfigError("the schedule has no moment that is still to come", hint="See --at.")
    wanted = re.sub(r"[^A-Za-z0-9._-]", "-", schedule.environment)[:48]
    name = name or free_name(f"{wanted}-{schedule.freq.lower()}", store.names())
    store.add(name, schedule, slot, moment)
    return name


def replace_schedule(key: Any, schedule: Schedule) -> None:
    """Ask for something else under the name of a stored schedule. Raises NotFound, ConfigError.

    Slots are counted from now: those that passed are not made up for.
    """
    EnvironmentStore().get(schedule.environment)
    moment = now()
    slot = next_slot(schedule, moment)
    if slot is None:
        raise ConfigError("the schedule has no moment that is still to come")
    ScheduleStore().replace(key, schedule, slot, moment)


def enable_schedule(name: str) -> Document:
    """Switch a schedule on: its next slot is the first one from now. Raises NotFound, ConfigError.

    One that is on already stays as it is.
    """
    store, moment = ScheduleStore(), now()
    document = store.get(name)
    if document.get("enabled") is not False:
        return document
    schedule = schedule_of(document)
    EnvironmentStore().get(schedule.environment)
    slot = next_slot(schedule, moment)
    if slot is None:
        raise ConfigError(
            f"schedule {name} has no moment that is still to come", hint="Remove it, add another."
        )
    store.enable(document["_id"], slot, moment)
    return store.get(name)


def slot_scan_id(key: Any, slot: datetime) -> str:
    """Id of the scan of a slot: the same for whoever computes it."""
    return str(uuid.uuid5(NAMESPACE, f"{key}/{slot.isoformat(timespec='milliseconds')}"))


def dispatch(submit: Submit, clock: Callable[[], datetime] = now) -> dict[str, int]:
    """Look at every schedule once; returns how many slots were run, missed, skipped, failed."""
    store = ScheduleStore()
    counts: Counter[str] = Counter()
    for document in store.active():
        try:
            counts.update(_look_at(store, document, submit, clock()))
        except Exception as error:
            if is_store_error(error):
                raise
            # the others are not to wait for one that somebody wrote by hand
            log.exception("schedule %s is switched off", name_of(document))
            problem = f"switched off, it cannot be used: {type(error).__name__}: {error}"[:500]
            store.set_aside(document["_id"], problem, clock())
            counts["failed"] += 1
    return dict(counts)


def _look_at(
    store: ScheduleStore, document: Document, submit: Submit, moment: datetime
) -> dict[str, int]:
    claimed = document.get("claimed")
    if not claimed:
        return _look(store, document, submit, moment)
    if not isinstance(claimed, Mapping) or not {"slot", "scan_id"} <= claimed.keys():
        raise ConfigError("`claimed` names no slot and scan")
    return _submit(store, document, claimed, submit, moment)


def _look(
    store: ScheduleStore, document: Document, submit: Submit, moment: datetime
) -> dict[str, int]:
    try:
        schedule = schedule_of(document)
    except ConfigError as error:
        store.disable(document["_id"], f"switched off, it cannot be read: {error.message}", moment)
        log.warning("schedule is switched off: %s", error.message)
        return {"failed": 1}
    slot = document.get("scheduled_timestamp")
    if isinstance(slot, datetime) and slot <= moment:
        return _take(store, document, schedule, submit, moment)
    planned = document.get("planned_at")
    known = isinstance(slot, datetime) and isinstance(planned, datetime | None)
    if not known or (planned and planned > moment + CLOCK_SKEW):
        store.move(document, next_slot(schedule, moment), moment)
    return {}


def _take(
    store: ScheduleStore, document: Document, schedule: Schedule, submit: Submit, moment: datetime
) -> dict[str, int]:
    """Claim the newest slot that is due, or pass over it."""
    stored: datetime = document["scheduled_timestamp"]
    slot = max(stored, latest_slot(schedule, moment) or stored)
    missed = slots_within(schedule, stored, slot)
    scan_id = slot_scan_id(document["_id"], slot)
    following = next_slot(schedule, slot)
    if ScanStore().find_scans({"_id": scan_id}, limit=1):  # ran before the clock was set back
        store.move(document, following, moment)
        return {}
    problem = _missed(missed, stored, slot)
    busy = _predecessor(document)
    counts = {"missed": missed, "skipped": int(bool(busy))}
    claimed = None if busy else {"slot": slot, "scan_id": scan_id, "at": moment}
    if busy:
        problem = " ".join(filter(None, [problem, f"The slot {_text(slot)} was skipped: {busy}."]))
    if not store.move(document, following, moment, claimed=claimed, problem=problem, counts=counts):
        return {}  # another one was faster
    if problem:
        log.warning("schedule %s: %s", name_of(document), problem)
    if claimed is None:
        return counts
    return counts | _submit(store, document, claimed, submit, moment)


def _submit(
    store: ScheduleStore,
    document: Document,
    claimed: Mapping[str, Any],
    submit: Submit,
    moment: datetime,
) -> dict[str, int]:
    """Make the claimed slot a scan. Doing it again changes nothing."""
    problem, gone = "", False
    try:
        submit(schedule_of(document).scan_request(), claimed["scan_id"])
    except StoreError as error:  # the claim stays: the next look submits it again
        log.warning("schedule %s: not submitted yet: %s", name_of(document), error.message)
        return {}
    except NotFound:
        gone = True
        problem = (
            f"Switched off: environment {document['environment']} was removed. "
            f"Add it again and `calipso schedule enable {name_of(document)}`, or remove this."
        )
    except CalipsoError as error:
        problem = f"The slot {_text(claimed['slot'])} gave no scan: {error.message}"
    if not store.confirm(document, claimed, moment, problem=problem, disable=gone):
        return {}
    fields = {"environment": document["environment"], "scan": claimed["scan_id"]}
    if problem:
        log.warning("schedule %s: %s", name_of(document), problem, extra=fields)
        return {"failed": 1}
    log.info("schedule %s: scan submitted", name_of(document), extra=fields)
    return {"run": 1}


def _predecessor(document: Mapping[str, Any]) -> str:
    """Why the slot cannot be had: the scan of the slot before has not ended."""
    scans = ScanStore().find_scans({"_id": document.get("last_scan_id") or ""}, limit=1)
    if not scans or ScanStatus(scans[0]["status"]).final:
        return ""
    return f"scan {scans[0]['_id']} of the slot before is still {scans[0]['status']}"


def _missed(number: int, first: datetime, slot: datetime) -> str:
    if not number:
        return ""
    slots = (
        f"{number} slots, from {_text(first)} on, were"
        if number > 1
        else (f"The slot {_text(first)} was")
    )
    return f"{slots} missed: nobody looked in time. The newest, {_text(slot)}, was taken."


def _text(slot: datetime) -> str:
    return slot.isoformat(timespec="seconds").replace("+00:00", "Z")
