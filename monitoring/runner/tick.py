"""The tick: which hosts are due, what became old, and alerts that wait. Beat sends it often.

Two ticks at once, and one that is killed anywhere, do no harm: a round is claimed by one update,
and a message that is not taken within the interval is dropped.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import datetime, timedelta

from calipso.errors import CalipsoError
from calipso.model.environment import Environment
from calipso.model.hosts import is_proxy
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import API, RoundStore
from calipso.stores.monitoring.status_store import StatusStore
from calipso.utils.clock import now
from monitoring.handlers.handle import Handler, apply
from monitoring.runner import settling
from monitoring.runner.items import items_of
from monitoring.runner.registry import load_checks
from monitoring.runner.round import away

log = logging.getLogger(__name__)

#: Intervals after which a host that nobody checked is unknown.
TTL = 3

#: Has an environment settled by a worker.
Settle = Callable[[str], None]
#: Sends a round: environment, host (empty: the round of the API), queue, start, seconds it waits.
Send = Callable[[str, str, str, datetime, float], None]


def tick(
    send: Send, clock: Callable[[], datetime] = now, settle: Settle = lambda _: None
) -> dict[str, int]:
    """Send the rounds that are due; returns how many, and how many results became old."""
    counts = {"sent": 0, "expired": 0, "lost": 0}
    inv = InventoryMgr()
    store = EnvironmentStore()
    for name in store.names():
        try:
            environment = store.get(name)
        except CalipsoError as error:
            log.warning("%s is not monitored: %s", name, error.message)
            continue
        moment = clock()
        if environment.enable_monitoring:
            RoundStore(inv.db).plan(
                name, hosts_of(inv, name), environment.monitoring_interval, moment
            )
            counts["lost"] += _lost(inv, environment, moment)
            if settling.is_due(inv, environment, moment):
                settle(name)
        counts["sent"] += _send_due(inv, environment, send, moment)
        counts["expired"] += Handler(inv, name).expire(moment)
    return counts


def hosts_of(inv: InventoryMgr, environment: str) -> list[str]:
    """Return the hosts of an environment that can be logged in to, and the round of the API."""
    found = inv.find(environment, "host", ("id", "host_type"))
    hosts = [str(host["id"]) for host in found if not is_proxy(host)]
    return [API, *hosts] if hosts else []


def _send_due(inv: InventoryMgr, environment: Environment, send: Send, moment: datetime) -> int:
    rounds = RoundStore(inv.db)
    interval = environment.monitoring_interval
    sent = 0
    for document in rounds.due(environment.name, moment):
        late = (moment - document["due"]).total_seconds()
        steps = max(1, math.ceil(late / interval + 1e-9))
        following = document["due"] + timedelta(seconds=interval * steps)
        if not rounds.claim(document, following, moment):
            continue
        host = str(document["host"])
        send(environment.name, host, queue_of(environment, host), moment, float(interval))
        sent += 1
        if host == API:  # once an interval
            StatusStore(inv, environment.name).prune()
    return sent


def _lost(inv: InventoryMgr, environment: Environment, moment: datetime) -> int:
    """Make unknown what nobody checked for three intervals: no worker serves the host's queue."""
    rounds, name = RoundStore(inv.db), environment.name
    limit = moment - timedelta(seconds=TTL * environment.monitoring_interval + 30)
    lost = 0
    for document in rounds.of(name, ("host", "at", "started", "planned", "lost", "failures")):
        seen = max(document[k] for k in ("at", "started", "planned") if document.get(k))
        if document["host"] == API or document.get("lost") or seen > limit:
            continue
        if not rounds.mark_lost(name, document["host"]):
            continue
        items = items_of(inv, name, document["host"], load_checks())
        if items is not None:
            why = f"no worker has checked the host since {seen:%Y-%m-%d %H:%M:%S} UTC"
            apply(inv, name, away(items, moment, why, through=True))
        log.warning("%s: %s: no worker checks this host", name, document["host"])
        lost += 1
    return lost


def queue_of(environment: Environment, host: str) -> str:
    """Return the queue of a round."""
    return environment.queues.of("cli", host) if host else environment.queues.of("api")
