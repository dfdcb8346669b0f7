"""What happens to a scanned cloud beside scans: drift is judged, events come, monitoring speaks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from calipso.analysis.drift import judge
from calipso.model.documents import Document
from calipso.model.events import ListenerState, Scope, Target
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import RoundStore
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore, message_key
from calipso.stores.scans.listener_store import ListenerStore
from calipso.utils.clock import now
from monitoring.handlers.formats import take

NAME = "demo"
REASON = "compute-7: SSH: no route to host"
#: Seconds since it came, type, state, seconds until the first look, changes.
EVENTS = (
    (20, "port.create.end", "waiting", None, 0),
    (60, "compute.instance.create.end", "looked", 5, 9),
    (95, "router.interface.create", "done", 4, 3),
    (240, "port.update.end", "done", 7, 1),
    (400, "compute.instance.delete.end", "done", 6, 12),
    (900, "network.update.end", "failed", None, 0),
    (1500, "port.delete.end", "dead", None, 0),
)


def live(inv: InventoryMgr) -> None:
    """All of it, in the environment `demo`."""
    judge(inv, NAME)
    events(inv)
    monitored(inv)


def events(inv: InventoryMgr) -> None:
    """Events in each state, one of them given up, and a listener that runs."""
    scan = str(
        inv.find_all("scans", {"environment": NAME}, sort=[("submit_timestamp", -1)])[0]["_id"]
    )
    EnvironmentStore().collection.update_one({"name": NAME}, {"$set": {"listen": True}})
    EventStore().add([_event(number, scan, *event) for number, event in enumerate(EVENTS)])
    dead = message_key(NAME, f"m{len(EVENTS) - 1}")
    EventKeys().mark(NAME, [(Target(Scope.PORT, "8e712588-f78d-4f54-a04e-a1b516e3a680"), dead)])
    (key,) = EventKeys().of(NAME)
    EventKeys().collection.update_one(
        {"_id": key["_id"]}, {"$set": {"attempts": settings().event_attempts - 1}}
    )
    (key,) = EventKeys().of(NAME)
    EventKeys().failed(key, REASON)
    ListenerStore().tell(NAME, ListenerState.RUNNING)
    handled = {("port.create.end", "handled"): len(EVENTS), ("scheduler.select", "unmapped"): 4}
    ListenerStore().count(NAME, handled, {"neutron": now()})
    ListenerStore().urls(NAME, {"amqp://mq1:5672/": {"state": "running", "reason": "", "depth": 0}})


def _event(
    number: int, scan: str, age: int, kind: str, state: str, lag: int | None, changes: int
) -> Document:
    received = now() - timedelta(seconds=age)
    key = f"port:{number:08d}-f78d-4f54-a04e-a1b516e3a680"
    return {
        "_id": message_key(NAME, f"m{number}"),
        "id": f"m{number}",
        "environment": NAME,
        "type": kind,
        "state": state,
        "sent": received - timedelta(seconds=1),
        "received": received,
        "looked": None if lag is None else received + timedelta(seconds=lag),
        "settled": received + timedelta(seconds=20) if state in ("done", "failed") else None,
        "keys": [key],
        "open": [key] if state in ("waiting", "looked") else [],
        "scans": [] if lag is None else [scan],
        "changes": changes,
        "context": {"user": "alice", "request_id": f"req-{number}"},
        "outcome": REASON if state in ("failed", "dead") else "",
        "notification": {},
    }


def monitored(inv: InventoryMgr) -> None:
    """Hosts that were checked, and three vNICs that are not OK."""
    EnvironmentStore().collection.update_one({"name": NAME}, {"$set": {"enable_monitoring": True}})
    hosts = sorted(item["name"] for item in inv.find_all("inventory", {"type": "host"}))
    rounds, moment = RoundStore(inv.db), now()
    rounds.plan(NAME, hosts, 60, moment)
    for host in hosts:
        fields: dict[str, Any] = {"at": moment, "seconds": 0.4, "failures": 0, "problem": ""}
        rounds.save(NAME, host, moment, fields | {"counts": {"vnic": [6, 0, 0, 0]}})
    vnics = sorted(inv.find(NAME, "vnic"), key=lambda item: str(item["id"]))[:3]
    said = ("is gone", "has errors", "was not read")
    for vnic, status, text in zip(vnics, (2, 1, 3), said, strict=True):
        result = {"type": "vnic", "id": vnic["id"], "status": status}
        take(inv, "own", [result | {"output": f"{vnic['name']} {text}"}], NAME)
