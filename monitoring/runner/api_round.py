"""The round of what OpenStack says: agents, networks and projects, asked once for all hosts."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from calipso.errors import CalipsoError
from calipso.sources.context import ScanContext
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import API, RoundStore
from calipso.utils.clock import now
from monitoring.checks.base import Facts, judge
from monitoring.handlers.handle import apply
from monitoring.handlers.resolve import OBJECT_FIELDS, object_target
from monitoring.runner.items import Items
from monitoring.runner.judging import counted, weigh
from monitoring.runner.registry import ALWAYS, load_checks

log = logging.getLogger(__name__)


def run_api_round(environment: str, started: datetime) -> dict[str, Any]:
    """Judge what the API knows of; return what came of it."""
    inv = InventoryMgr()
    store = RoundStore(inv.db)
    document = store.get(environment, API)
    if document is None:
        return {"outcome": "not monitored"}
    if document.get("started") is not None and document["started"] >= started:
        return {"outcome": "done already"}
    if not EnvironmentStore().get(environment).enable_monitoring:
        store.drop(environment, API)
        return {"outcome": "switched off"}
    checks = {kind: check for kind, check in load_checks().items() if check.facts == "api"}
    items = _items(inv, environment, checks)
    facts = Facts({}, more=read(environment, inv))
    results = {}
    for key, item in items.documents.items():
        results[key] = judge(checks[item["type"]].evaluate, item, facts)
    findings, memory = weigh(items, results, document, started)
    changed = apply(inv, environment, findings)
    fields = {"at": now(), "memory": memory, "counts": counted(items, results), "lost": False}
    store.save(environment, API, started, fields | {"failures": 0})
    return {"outcome": "checked", "objects": len(results), "changed": changed}


def _items(inv: InventoryMgr, environment: str, checks: Any) -> Items:
    items = Items({"id": API})
    for kind, check in checks.items():
        fields = {*ALWAYS, *OBJECT_FIELDS, *check.fields, "monitoring"}
        for item in inv.each(environment, kind, fields):
            items.documents[item["_id"]] = item
            items.targets[item["_id"]] = object_target(item)
    items.order = list(items.documents)
    return items


def read(environment: str, inv: InventoryMgr) -> dict[str, dict[str, Any]]:
    """Return agents, networks and projects by id. What could not be read is left out."""
    found = EnvironmentStore().get(environment)
    context = ScanContext(found, inv, f"monitoring-{uuid.uuid4().hex}")
    try:
        access = context.source("api")
        lists: dict[str, Callable[[], list[Any]]] = {
            "agents": lambda: [
                agent
                for region in access.regions("network")
                for agent in access.network_agents(region)
            ],
            "networks": lambda: [
                network
                for region in access.regions("network")
                for network in access.list("network", "/v2.0/networks", "networks", region=region)
            ],
            "projects": lambda: list(access.list("identity", "/v3/projects", "projects")),
        }
        facts: dict[str, dict[str, Any]] = {}
        for name, ask in lists.items():
            try:
                facts[name] = {str(item["id"]): item for item in ask() if item.get("id")}
            except CalipsoError as error:
                log.warning("%s: %s were not read: %s", environment, name, error.message)
        return facts
    finally:
        context.close()
