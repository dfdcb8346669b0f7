"""Counts of statuses: of an environment, of its hosts; read from rounds and troubles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.result_store import ResultStore
from calipso.stores.monitoring.round_store import API, RoundStore
from calipso.stores.monitoring.status_store import StatusStore
from calipso.utils.clock import now

#: Types of objects that belong to a project.
OF_PROJECTS = ("instance", "network", "vservice")
FIELDS = ("host", "at", "seconds", "failures", "problem", "counts", "due", "lost")
OF_ENVIRONMENT = (*FIELDS, "gateway_down", "cliques")


def summary(inv: InventoryMgr, environment: str, interval: int) -> Document:
    """Return the counts of an environment: by kind and value, and how its hosts are checked."""
    rounds = RoundStore(inv.db).of(environment, OF_ENVIRONMENT)
    troubles = StatusStore(inv, environment).troubles()
    bad: dict[str, Counter[str]] = {kind: Counter() for kind in ("object", "link", "clique")}
    for trouble in troubles:
        bad[trouble["kind"]][Value(trouble["value"]).label] += 1
    moment = now()
    hosts = [item for item in rounds if item["host"] != API]
    times = [item["at"] for item in rounds if item.get("at")]
    late = timedelta(seconds=3 * interval + 30)
    return {
        "environment": environment,
        "interval": interval,
        "checked": sum(_checked(item) for item in rounds),
        **{f"{kind}s": _all(kind, bad[kind], rounds) for kind in bad},
        "silenced": sum(1 for item in troubles if _silent(item, moment)),
        "acknowledged": sum(1 for item in troubles if item.get("acknowledged")),
        "hosts": {
            "all": len(hosts),
            "checked": sum(1 for item in hosts if item.get("at") and moment - item["at"] < late),
            "failed": sum(1 for item in hosts if item.get("failures")),
        },
        "gateway_down": any(item.get("gateway_down") for item in rounds),
        "last_check": max(times) if times else None,
        "unresolved": ResultStore(inv.db).unresolved(environment),
    }


def _all(kind: str, bad: Mapping[str, int], rounds: list[Document]) -> dict[str, int]:
    """Return numbers by label. Those that are OK are what rounds judged, less what is not OK."""
    if kind == "clique":
        number = sum(int(item.get("cliques") or 0) for item in rounds)
    else:
        number = sum(_checked(item, links=kind == "link") for item in rounds)
    found = {value.label: bad[value.label] for value in Value if value}
    return {Value.OK.label: max(0, number - sum(found.values()))} | found


def by_project(inv: InventoryMgr, environment: str) -> list[Document]:
    """Return of each project how many of its instances, networks and services have each value.

    `not_checked`: those without a status.
    """
    found: dict[str, Counter[str]] = {}
    for kind in OF_PROJECTS:
        for item in inv.each(environment, kind, ("project_id", "monitoring.label")):
            label = (item.get("monitoring") or {}).get("label", "not_checked")
            found.setdefault(str(item.get("project_id") or ""), Counter())[label] += 1
    projects = inv.each(environment, "project", ("id", "name", "monitoring.label"))
    names = {str(item["id"]): str(item.get("name", item["id"])) for item in projects}
    rows = []
    for key in sorted(found.keys() | names.keys(), key=lambda one: (names.get(one, one), one)):
        counts = found.get(key, Counter())
        labels = [value.label for value in Value] + ["not_checked"]
        rows.append({"project": names.get(key, key), "id": key, **{n: counts[n] for n in labels}})
    return rows


def by_host(inv: InventoryMgr, environment: str) -> list[Document]:
    """Return of each host: when it was checked, what went wrong, and numbers of each value."""
    bad: dict[str, Counter[int]] = {}
    for trouble in StatusStore(inv, environment).troubles(kind={"$in": ["object", "link"]}):
        bad.setdefault(trouble["host"], Counter())[trouble["value"]] += 1
    rows = []
    for item in sorted(RoundStore(inv.db).of(environment, FIELDS), key=lambda one: one["host"]):
        if item["host"] == API:
            continue
        found = bad.get(item["host"], Counter())
        rows.append(
            {
                "host": item["host"],
                "checked": item.get("at"),
                "seconds": item.get("seconds"),
                "failures": item.get("failures", 0),
                "problem": item.get("problem", ""),
                **{v.label: found[v] for v in Value if v},
                "OK": max(0, _checked(item) - sum(found.values())),
            }
        )
    return rows


def _checked(item: Mapping[str, Any], links: bool | None = None) -> int:
    """Number of objects and links that a round judged; of links or objects only, if given."""
    return sum(
        sum(numbers)
        for kind, numbers in (item.get("counts") or {}).items()
        if links in (None, "-" in kind)
    )


def _silent(item: Mapping[str, Any], moment: datetime) -> bool:
    until = item.get("silenced_until")
    return until is not None and until > moment
