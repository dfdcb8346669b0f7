"""Impact: what is lost or degraded when given parts fail, and every single point of failure.

Cliques are found by the hosts that the parts are on, and read by keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from calipso.analysis.impact_reading import (
    FIELDS,
    all_failed,
    cliques_of,
    feeding,
    hosts_of,
    links_of,
    networks_of,
    users_on,
)
from calipso.model.answer import Answer, Verdict
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.impact import Clique, Effect, Feeds

ASSUMPTIONS = (
    "What fails stops at once, and nothing is moved away before.",
    "Spanning tree, routing protocols and Nova's evacuation are not taken into account.",
)


@dataclass
class Impact:
    """What a failure means."""

    environment: str
    failed: list[Document]
    #: Instances, routers, DHCP servers and networks, each with `effect` (lost, degraded), `reason`,
    #: `lost` and `degraded`: names of networks.
    rows: list[Document] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    known: bool = True

    def counts(self) -> dict[str, dict[str, int]]:
        """Numbers of rows by effect and type."""
        found: dict[str, dict[str, int]] = {"lost": {}, "degraded": {}}
        for row in self.rows:
            own = found[row["effect"]]
            own[row["type"]] = own.get(row["type"], 0) + 1
        return found


def impact(inv: InventoryMgr, starts: Iterable[Document]) -> Impact:
    """What is lost or degraded when all of these objects of one environment fail at once."""
    items = list(starts)
    environment = str(items[0]["environment"])
    found = Impact(environment, items)
    failed, hosts = all_failed(inv, items)
    feeds = Feeds()
    feeds.add(feeding(inv, failed))
    failed = feeds.failing(failed)
    hosts |= hosts_of(inv, failed)
    users = list(users_on(inv, environment, hosts))
    cliques = cliques_of(inv, environment, users)
    links = links_of(inv, cliques)
    feeds.add(links.values())
    failed = feeds.failing(failed)
    networks = networks_of(inv, cliques)
    names = {key: str(item["id"]) for key, item in networks.items()}
    effects: dict[ObjectId, Effect] = {}
    for clique in cliques:
        effect = Clique(clique, links, names).effect(failed)
        if effect is not None and effect.verdict:
            effects[effect.focal_point] = effect
    for user in users:
        if user["_id"] in failed:
            effects[user["_id"]] = Effect(user["_id"], gone=True)
    titles = {str(item["id"]): str(item["name"]) for item in networks.values()}
    found.rows = [
        _row(user, effects[user["_id"]], titles) for user in users if user["_id"] in effects
    ]
    found.rows += _services(inv, environment, found.rows)
    found.rows += _network_rows(networks.values(), found.rows, failed)
    found.rows.sort(key=_order)
    found.known = bool(cliques) or bool(
        inv.collection("cliques").find_one({"environment": environment}, {"_id": 1})
    )
    found.not_checked = list(_unread(items, users))
    return found


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["effect"] != "lost", str(row.get("project") or ""), row["type"], str(row["name"]))


def _row(user: Document, effect: Effect, titles: Mapping[str, str]) -> Document:
    lost = [titles.get(name, name) for name in effect.lost]
    degraded = [titles.get(name, name) for name in effect.degraded]
    if effect.gone:
        reason = "it or its host fails"
    elif lost:
        reason = f"no way is left to {', '.join(lost)}"
    else:
        reason = "a reserve is lost"
    return user | {
        "effect": effect.verdict,
        "reason": reason,
        "lost": lost,
        "degraded": degraded,
    }


def _services(inv: InventoryMgr, environment: str, rows: Iterable[Document]) -> Iterator[Document]:
    """Routers with another host: of these, one that is lost only degrades the router."""
    lost = {row["_id"]: row for row in rows if row["type"] == "vservice"}
    routers = {str(row["router_id"]) for row in lost.values() if row.get("router_id")}
    if not routers:
        return
    others: dict[str, list[Document]] = defaultdict(list)
    for item in inv.each(environment, "vservice", FIELDS):
        if str(item.get("router_id")) in routers and item.get("service_type") == "router":
            others[str(item["router_id"])].append(item)
    for router, items in sorted(others.items()):
        left = [i for i in items if lost.get(i["_id"], {}).get("effect") != "lost"]
        first = min(items, key=lambda item: str(item["id"]))
        places = ", ".join(sorted(str(item.get("host")) for item in left))
        yield {
            "_id": first["_id"],
            "type": "router",
            "id": router,
            "name": str(first["name"]).removeprefix("qrouter-"),
            "project": first.get("project", ""),
            "host": "",
            "effect": "degraded" if left else "lost",
            "reason": f"it is still on {places}" if left else "no host is left that has it",
            "lost": [],
            "degraded": [],
            "network": first.get("network"),
        }


def _network_rows(
    networks: Iterable[Document], rows: Iterable[Document], failed: Iterable[ObjectId]
) -> Iterator[Document]:
    """Networks that fail themselves, that a lost router leaves without a gateway, or that users
    lose.
    """
    gone = set(failed)
    losing: dict[str, int] = defaultdict(int)
    without: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for name in row["lost"]:
            losing[name] += 1
        if row["type"] == "router" and row["effect"] == "lost":
            for key in row.get("network") or ():
                without[str(key)].append(str(row["name"]))
    for item in networks:
        name, reasons = str(item["name"]), []
        if item["_id"] in gone:
            reasons.append("it fails itself")
        if losing[name]:
            reasons.append(f"{losing[name]} objects lose it")
        if without[str(item["id"])]:
            reasons.append(f"no gateway: router {', '.join(without[str(item['id'])])}")
        if reasons:
            effect = "lost" if item["_id"] in gone else "degraded"
            about = {"effect": effect, "reason": "; ".join(reasons), "lost": [], "degraded": []}
            yield item | about | {"host": ""}


def _unread(items: Iterable[Document], users: Iterable[Document]) -> Iterator[str]:
    for item in (*items, *users):
        if item.get("stale_since"):
            yield (
                f"{item['type']} {item['name']} was not read since "
                f"{item['stale_since']:%Y-%m-%d %H:%M} UTC"
            )


def _counted(number: int, kind: str) -> str:
    return f"{number} {kind}" if number == 1 else f"{number} {kind}s"


def impact_answer(found: Impact) -> Answer:
    """No: something is lost; degraded: only reserves; yes: nothing; unknown: nobody knows."""
    counts = found.counts()
    told = [
        f"{effect}: {', '.join(_counted(number, kind) for kind, number in sorted(own.items()))}"
        for effect, own in counts.items()
        if own
    ]
    sentence = "; ".join(told) or "nothing is lost or degraded"
    if not found.known:
        verdict, code = Verdict.UNKNOWN, "impact_not_known"
        sentence = f"{found.environment} has no cliques, so nobody knows; a whole scan makes them"
    elif counts["lost"]:
        verdict, code = Verdict.NO, "impact_lost"
    elif counts["degraded"]:
        verdict, code = Verdict.DEGRADED, "impact_degraded"
    elif found.not_checked:
        verdict, code = Verdict.UNKNOWN, "impact_not_all_read"
    else:
        verdict, code = Verdict.YES, "impact_none"
    return Answer(
        verdict=verdict,
        sentence=sentence,
        code=code,
        findings=found.rows,
        assumptions=list(ASSUMPTIONS),
        not_checked=found.not_checked,
    )
