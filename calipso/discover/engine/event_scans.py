"""Event scans: what events marked becomes scans of parts of the inventory, one after the other.

    keys that are due -> a batch -> one scan of the parts -> settled, or tried again

An environment has one batch at a time. While another scan of it runs or waits, no batch begins: a
scan that somebody asked for never waits for more than the batch that runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from calipso.discover.engine.event_handling import run_handler
from calipso.discover.engine.event_settling import settle
from calipso.discover.engine.scanners_metadata import ScannersMetadata, load_scanners
from calipso.discover.events import reconcile
from calipso.discover.events.places import Nodes, Places
from calipso.discover.events.questions import Questions
from calipso.discover.events.resolving import Resolved, Resolver, without_nested
from calipso.errors import AccessError, CalipsoError, NotFound
from calipso.model.documents import Document
from calipso.model.events import Scope
from calipso.model.scan import RUNNING, ScanPart, ScanRequest, ScanStatus
from calipso.settings import settings
from calipso.sources.context import ScanContext
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.scans.event_batches import EventBatches
from calipso.stores.scans.event_keys import EventKeys, target_of
from calipso.stores.scans.listener_store import ListenerStore
from calipso.stores.scans.scan_store import EVENT_ORIGIN, ScanStore

log = logging.getLogger(__name__)

#: Starts a scan of a request under an id that was chosen before.
Submit = Callable[[ScanRequest, str], None]

#: Fields of a key that its batch keeps.
KEPT = ("_id", "version", "looks", "messages", "attempts", "news")

#: Most keys that one batch takes.
MOST_KEYS = 500
#: A share of the hosts counts only if it is more than this many.
FEW_HOSTS = 20


@dataclass
class Plan:
    """What one batch is to read."""

    keys: list[Document] = field(default_factory=list)
    parts: set[ScanPart] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    #: `_id` of a key -> the hosts that it needs
    hosts_of: dict[str, list[str]] = field(default_factory=dict)
    #: `_id`s of keys of which the next look follows at once
    new: set[str] = field(default_factory=set)
    everything: bool = False


def look(environment: str, submit: Submit) -> str:
    """Do the next step for the events of an environment; returns a word that says what was done.

    It may be called at any time, by any number of workers: one of them does the step.
    """
    batches = EventBatches()
    batch = batches.get(environment)
    if batch is not None:
        scan = ScanStore().scans.find_one({"_id": batch["scan_id"]}, {"status": 1})
        if scan is not None and not ScanStatus(scan["status"]).final:
            return "running"
    if batch is None and not EventKeys().due(environment):
        return "idle"
    mine = batches.take(environment)
    if mine is None:
        return "elsewhere"
    over = True
    try:
        if mine.get("scan_id"):
            settle(mine)
            return "settled"
        over = False
        return _begin(environment, mine, submit)
    except StoreFailure:  # the store went away midway: the next step ends this batch again
        over = False
        raise
    finally:
        batches.release(mine, over=over)


def _begin(environment: str, batch: Document, submit: Submit) -> str:
    """Plan and start the next batch."""
    keys = EventKeys().due(environment)[:MOST_KEYS]
    try:
        known = EnvironmentStore().get(environment)
    except NotFound:
        EventKeys().drop(key["_id"] for key in keys)
        return "environment is gone"
    except CalipsoError as error:
        log.warning("%s", error.message, extra={"environment": environment})
        return "environment is not valid"
    if any_other_scan(environment):
        return "waits for a scan"
    for key in keys:
        if key["scope"] == Scope.MESSAGE.value:
            run_handler(key)
    keys = [key for key in keys if key["scope"] != Scope.MESSAGE.value]
    if not keys:
        return "handled"
    metadata = load_scanners()
    context = ScanContext(known, InventoryMgr(), f"events-{ObjectId()}")
    try:
        plan = _plan(keys, context, metadata)
    finally:
        context.close()
    return _start(environment, batch, plan, submit)


def any_other_scan(environment: str) -> bool:
    """True when a scan of this environment runs or waits."""
    wanted = {"environment": environment, "status": {"$in": RUNNING}}
    wanted["inventory"] = settings().inventory
    return bool(ScanStore().find_scans(wanted, limit=1))


def _plan(keys: list[Document], context: ScanContext, metadata: ScannersMetadata) -> Plan:
    plan = Plan()
    places = Places(context.inv, context.environment.name, nodes_of(metadata))
    resolver = Resolver(places, Questions(context))
    named: set[str] = set()
    for key in keys:
        scope = Scope(key["scope"])
        if scope is Scope.EVERYTHING:
            return Plan([key], everything=True)
        if scope is Scope.RECONCILE:
            _reconcile(key, context)
            continue
        found = resolver.resolve(target_of(key))
        if found.problem:
            EventKeys().failed(key, found.problem)
            continue
        named |= found.hosts
        _add(plan, key, found)
    many = places.number_of_hosts() * settings().event_share
    if len(named) > max(many, FEW_HOSTS):
        EventKeys().collapse(context.environment.name)
        return Plan()
    plan.parts = _parts(plan, places)
    return plan


def _add(plan: Plan, key: Document, found: Resolved) -> None:
    """Put a key into the plan, unless its hosts are too many for this batch."""
    hosts = plan.hosts | found.hosts
    if plan.keys and len(hosts) > settings().event_hosts:
        return
    plan.keys.append(key)
    plan.hosts = hosts
    plan.parts |= found.parts
    plan.hosts_of[key["_id"]] = sorted(found.hosts)
    if found.new:
        plan.new.add(key["_id"])


def _parts(plan: Plan, places: Places) -> set[ScanPart]:
    """The parts of a plan, without those that lie in others."""
    wanted = plan.parts | {places.host_part(host) for host in plan.hosts}
    placed = [{"id_path": places.paths.get(part, ""), "part": part} for part in wanted]
    return {item["part"] for item in without_nested(placed)}


def _reconcile(key: Document, context: ScanContext) -> None:
    """Compare the lists, and mark what differs; it is due at once."""
    environment = context.environment.name
    try:
        found = reconcile.differences(context)
    except AccessError as error:
        EventKeys().failed(key, error.message)
        return
    EventKeys().mark(environment, [(target, "") for target in found], wait=0.0)
    ListenerStore().add(environment, reconciled=1, reconciled_differences=len(found))
    log.info("lists compared", extra={"environment": environment, "differences": len(found)})
    EventKeys().settle(key)


def _start(environment: str, batch: Document, plan: Plan, submit: Submit) -> str:
    if not plan.keys:
        return "planned"
    scan_id = str(ObjectId())
    keys = [
        {
            **{name: key.get(name) for name in KEPT},
            "hosts": plan.hosts_of.get(key["_id"], []),
            "new": key["_id"] in plan.new,
        }
        for key in plan.keys
    ]
    reads = bool(plan.parts) or plan.everything
    begun = {"keys": keys, "everything": plan.everything, "reads": reads}
    if not EventBatches().begin(batch, scan_id, **begun):
        return "elsewhere"
    if not reads:
        settle(batch | begun | {"scan_id": scan_id})
        EventBatches().begin(batch, "", keys=[])
        return "nothing to read"
    parts = sorted(plan.parts, key=lambda part: part.model_dump_json())
    request = ScanRequest(
        environment=environment,
        inventory=settings().inventory,
        parts=tuple(parts),
        origin=EVENT_ORIGIN,
    )
    submit(request, scan_id)
    return "started"


def nodes_of(metadata: ScannersMetadata) -> Nodes:
    """Return the scanner that lists each type first, and the type of the parent it is asked for."""
    parents: dict[str, str] = {"ScanEnvironment": "environment"}
    found: dict[str, tuple[str, str]] = {}
    for entries in metadata.scanners.values():
        for entry in entries:
            if entry.children_scanner:
                parents.setdefault(entry.children_scanner, entry.type)
    for scanner, entries in metadata.scanners.items():
        for entry in entries:
            lists = entry.folder is None and parents.get(scanner) != entry.type
            if lists and scanner in parents:
                found.setdefault(entry.type, (scanner, parents[scanner]))
    return found


def environments_to_look_at() -> list[str]:
    """Return the environments that have keys waiting or a batch."""
    busy: list[Any] = EventBatches().collection.distinct("_id", {"scan_id": {"$gt": ""}})
    return sorted({*EventKeys().environments(), *map(str, busy)})
