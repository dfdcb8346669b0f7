"""Intents: does what must hold hold? Each is answered by what is stored; nothing is asked."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from calipso.analysis.impact_reading import LINK, links_of, networks_of
from calipso.analysis.neighbours import links_by_keys
from calipso.analysis.path.find_path import find_path
from calipso.errors import ConfigError, NotFound
from calipso.model.answer import Answer, Evidence, Verdict
from calipso.model.documents import Document
from calipso.model.intent import Intent, IntentKind
from calipso.stores.config.intent_store import IntentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode
from calipso.topology.elements import NODE_FIELDS, hops_to_networks
from calipso.topology.impact import Clique, Feeds, singles
from calipso.topology.plumbing import values
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Parts whose loss a redundant object survives; its own devices and switch are not counted.
PHYSICAL = ("host_pnic", "switch_pnic", "switch")
#: Asks for a path: inventory, environment, start, goal.
PathAnswer = Callable[[InventoryMgr, str, str, str], Answer]


@dataclass(frozen=True)
class Checked:
    """An intent and its answer."""

    intent: Intent
    answer: Answer


def check(
    inv: InventoryMgr,
    environment: str,
    intents: Iterable[Intent],
    path: PathAnswer = find_path,
) -> list[Checked]:
    """The answer to each intent. One that fails by an error is unknown, and hides no other."""
    found = []
    for intent in intents:
        try:
            answer = _answer(inv, environment, intent, path)
        except (ConfigError, NotFound) as error:
            answer = _unknown("intent_object_unknown", error.message)
        found.append(Checked(intent, answer))
    return found


def worst(checked: Iterable[Checked]) -> Verdict:
    """The worst verdict: no before unknown before degraded; yes when there is none."""
    order = (Verdict.NO, Verdict.UNKNOWN, Verdict.DEGRADED, Verdict.YES)
    given = {one.answer.verdict for one in checked}
    return next((verdict for verdict in order if verdict in given), Verdict.YES)


def _answer(inv: InventoryMgr, environment: str, intent: Intent, path: PathAnswer) -> Answer:
    if intent.kind in (IntentKind.REACH, IntentKind.NOT_REACH):
        return _reach(inv, environment, intent, path)
    kind = intent.type
    if kind is None and intent.kind in (IntentKind.MTU, IntentKind.SAME_TAG):
        kind = "network"
    item = find_object(inv, environment, str(intent.object), kind)
    if intent.kind is IntentKind.REDUNDANT:
        return _redundant(inv, item)
    if intent.kind is IntentKind.MTU:
        return _mtu(inv, item, intent.least or 0)
    if intent.kind is IntentKind.SAME_TAG:
        return _same_tag(inv, item)
    return _plumbing(inv, item, intent.ways or {})


def find_object(
    inv: InventoryMgr, environment: str, word: str, kind: str | None = None
) -> Document:
    """The one object with this id, or name. Raises ConfigError for none, or several."""
    about: Document = {"environment": environment} | ({"type": kind} if kind else {})
    for field in ("id", "name"):
        items = inv.find_items(about | {field: word})
        if len(items) > 1:
            types = ", ".join(sorted({str(item["type"]) for item in items}))
            raise ConfigError(f"{word} means {len(items)} objects: {types}", hint="Give the type.")
        if items:
            return items[0]
    raise ConfigError(f"no object {word} in {environment}", hint="calipso search finds names.")


def _reach(inv: InventoryMgr, environment: str, intent: Intent, path: PathAnswer) -> Answer:
    """By the path; one that gets through says nothing of a protocol and port."""
    answer = path(inv, environment, str(intent.start), str(intent.end))
    if answer.verdict in (Verdict.YES, Verdict.DEGRADED) and (intent.proto or intent.port):
        asked = "/".join(str(part) for part in (intent.proto, intent.port) if part)
        told = f"{answer.sentence} Whether security groups let {asked} pass is not judged."
        return _unknown("intent_rules_not_judged", told)
    if intent.kind is IntentKind.REACH:
        return answer
    turned = {Verdict.YES: Verdict.NO, Verdict.NO: Verdict.YES, Verdict.DEGRADED: Verdict.NO}
    return answer.model_copy(update={"verdict": turned.get(answer.verdict, answer.verdict)})


def _cliques(inv: InventoryMgr, item: Document) -> list[Document]:
    found = inv.collection("cliques").find(
        {"environment": item["environment"], "focal_point_id": item["id"]}
    )
    return [decode(clique) for clique in found if clique["focal_point"] == item["_id"]]


def _redundant(inv: InventoryMgr, item: Document) -> Answer:
    cliques = _cliques(inv, item)
    if not cliques:
        return _without_clique(inv, item)
    links = links_of(inv, cliques)
    names = {key: str(found["id"]) for key, found in networks_of(inv, cliques).items()}
    feeds = Feeds()
    feeds.add(links.values())
    ports = [key for port in feeds.ports.values() for key in port]
    feeds.add(inv.find_all("links", {"target": {"$in": ports}}, projection=LINK))
    drawn = [Clique(clique, links, names) for clique in cliques]
    if not any(end in one.reached(end) for one in drawn for end in one.ends):
        return _no("intent_not_connected", f"{item['name']} reaches none of its networks")
    alone = inv.find_by_keys(singles(drawn, feeds), ("type", "id", "name", "host", "stale_since"))
    single = [found for found in alone.values() if found["type"] in PHYSICAL]
    if single:
        told = ", ".join(f"{found['type']} {found['name']}" for found in single)
        return _no("intent_not_redundant", f"{item['name']} depends on {told} alone", single)
    return _yes("intent_redundant", f"{item['name']} survives the loss of any NIC or switch")


def _mtu(inv: InventoryMgr, network: Document, least: int) -> Answer:
    wanted = [item for kind in ("vnic", "vconnector") for item in _carrying(inv, network, kind)]
    nics = [link["source"] for link in _links_of_network(inv, network)]
    fields = ("type", "id", "name", "host", "mtu", "stale_since", "last_scanned")
    wanted += inv.find_by_keys(nics, fields).values()
    if not wanted:
        return _unknown("intent_nothing_carries", f"nothing carries network {network['name']}")
    small = [item for item in wanted if isinstance(item.get("mtu"), int) and item["mtu"] < least]
    own = network.get("mtu")
    if isinstance(own, int) and own < least:
        small.insert(0, network)
    if small:
        told = ", ".join(f"{item['name']} {item['mtu']}" for item in small[:5])
        return _no("intent_mtu_too_small", f"below {least} bytes: {told}", small)
    unread = [item for item in wanted if item.get("stale_since") or item.get("mtu") is None]
    if unread:
        names = ", ".join(str(item["name"]) for item in unread[:5])
        return _unknown("intent_mtu_not_read", f"the MTU of {names} was not read")
    text = f"{len(wanted)} devices of network {network['name']} have {least} bytes or more"
    return _yes("intent_mtu", text)


def _carrying(inv: InventoryMgr, network: Document, kind: str) -> Iterator[Document]:
    """Devices of one network on the hosts whose NICs carry it, and on all others that name it."""
    fields = ("type", "id", "name", "host", "mtu", "network", "stale_since", "last_scanned")
    for item in inv.each(str(network["environment"]), kind, fields):
        if values(item.get("network")) == [str(network["id"])]:
            yield item


def _links_of_network(inv: InventoryMgr, network: Document) -> list[Document]:
    found = inv.collection("links").find({"target": network["_id"]}, LINK | {"host": 1})
    return [decode(link) for link in found if link["link_type"] == "host_pnic-network"]


def _same_tag(inv: InventoryMgr, network: Document) -> Answer:
    environment, name = str(network["environment"]), str(network["id"])
    tags: dict[str, set[str]] = defaultdict(set)
    for kind in ("vnic-vedge", "vconnector-vedge"):
        fields = ("host", "attributes", "link_type")
        for link in inv.each_link(environment, [kind], fields):
            attributes = link.get("attributes") or {}
            if name in values(attributes.get("network")) and attributes.get("tag") is not None:
                tags[str(link.get("host"))].add(str(attributes["tag"]))
    if not tags:
        return _unknown("intent_no_tag", f"no port of network {network['name']} has a tag")
    wrong = {host: found for host, found in tags.items() if len(found) > 1}
    if wrong:
        told = "; ".join(f"{host}: {', '.join(sorted(found))}" for host, found in wrong.items())
        return _no("intent_tags_differ", f"network {network['name']} has several tags on {told}")
    return _yes("intent_same_tag", f"one tag of network {network['name']} on {len(tags)} hosts")


def ways_of(inv: InventoryMgr, item: Document) -> dict[str, list[str]]:
    """Types of the objects on the way from an object to each of its networks, by network id."""
    found: dict[str, list[str]] = {}
    for clique in _cliques(inv, item):
        objects = inv.find_by_keys(clique["objects"], (*NODE_FIELDS, "mtu"))
        links = links_by_keys(inv, clique["links"], dict.fromkeys(("state", *LINK), 1))
        for way in hops_to_networks(clique, objects.values(), links):
            network = next(o for key, o in objects.items() if str(key) == way[-1]["key"])
            found[str(network["id"])] = [str(hop.get("type", "")) for hop in way]
    return found


def _plumbing(inv: InventoryMgr, item: Document, ways: dict[str, list[str]]) -> Answer:
    present = ways_of(inv, item)
    if not present:
        return _without_clique(inv, item)
    for network, wanted in ways.items():
        if network not in present:
            return _no("intent_way_missing", f"{item['name']} has no way to network {network}")
        if present[network] != wanted:
            told = f"{' '.join(present[network])} instead of {' '.join(wanted)}"
            return _no("intent_way_differs", f"the way of {item['name']} is {told}")
    more = present.keys() - ways.keys()
    if more:
        told = ", ".join(sorted(more))
        return _no("intent_way_new", f"{item['name']} has a way that was not pinned: {told}")
    return _yes("intent_plumbing", f"{item['name']} is plugged in as pinned")


def pin(inv: InventoryMgr, item: Document) -> Iterator[Intent]:
    """Intents that hold of an object now: its plumbing, whether it is redundant, its MTU."""
    name, kind = str(item["name"]), str(item["type"])
    about: dict[str, Any] = {"object": str(item["id"]), "type": kind}
    ways = ways_of(inv, item)
    if ways:
        yield Intent(name=f"plumbing of {name}", kind=IntentKind.PLUMBING, ways=ways, **about)
        if _redundant(inv, item).verdict is Verdict.YES:
            yield Intent(name=f"{name} is redundant", kind=IntentKind.REDUNDANT, **about)
    if kind == "network" and isinstance(item.get("mtu"), int):
        least = item["mtu"]
        if _mtu(inv, item, least).verdict is Verdict.YES:
            yield Intent(name=f"MTU of {name}", kind=IntentKind.MTU, least=least, **about)
        if _same_tag(inv, item).verdict is Verdict.YES:
            yield Intent(name=f"tags of {name}", kind=IntentKind.SAME_TAG, **about)


def _without_clique(inv: InventoryMgr, item: Document) -> Answer:
    """No way at all, where the last scan has read the object and made cliques of others."""
    others = inv.collection("cliques").find_one({"environment": item["environment"]}, {"_id": 1})
    if others is None or item.get("stale_since"):
        return _unknown("intent_no_clique", f"{item['name']} has no clique: its way is not known")
    return _no("intent_not_connected", f"{item['name']} is plugged into nothing")


def check_stored(inv: InventoryMgr, environment: str) -> list[Checked]:
    """Check the stored intents of an environment, and keep the answers."""
    store = IntentStore(inv.db)
    intents = [Intent.model_validate(item["intent"]) for item in store.of([environment])]
    checked = check(inv, environment, intents)
    results = {one.intent.name: one.answer.model_dump(mode="json") for one in checked}
    store.note(environment, results, now())
    for one in checked:
        if one.answer.verdict is not Verdict.YES:
            about = {"environment": environment, "intent": one.intent.name}
            log.warning("intent %s: %s", one.answer.verdict.value, one.answer.sentence, extra=about)
    return checked


def _yes(code: str, sentence: str) -> Answer:
    return Answer(verdict=Verdict.YES, code=code, sentence=sentence)


def _no(code: str, sentence: str, items: Iterable[Document] = ()) -> Answer:
    evidence = [
        Evidence(
            source="inventory",
            line=f"{item['type']} {item['name']}",
            host=str(item.get("host") or ""),
            read_at=item.get("last_scanned"),
        )
        for item in items
    ]
    return Answer(verdict=Verdict.NO, code=code, sentence=sentence, evidence=evidence)


def _unknown(code: str, sentence: str) -> Answer:
    return Answer(verdict=Verdict.UNKNOWN, code=code, sentence=sentence, not_checked=[sentence])
