"""What is judged on a host: its objects and links as their checks read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.model.monitoring import Target
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode
from monitoring.handlers.resolve import LINK_FIELDS, OBJECT_FIELDS, link_target, object_target
from monitoring.runner.registry import ALWAYS, Check

#: Link types by which an object has vNICs.
WITH_VNICS = ("instance-vnic", "vservice-vnic")


@dataclass
class Items:
    """Objects and links of one host: what checks read, and what statuses are stored on."""

    host: Document
    documents: dict[ObjectId, Document] = field(default_factory=dict)
    targets: dict[ObjectId, Target] = field(default_factory=dict)
    #: Keys in the order in which they are judged: objects before links.
    order: list[ObjectId] = field(default_factory=list)


def items_of(
    inv: InventoryMgr, environment: str, host: str, checks: Mapping[str, Check]
) -> Items | None:
    """Return what is judged on a host; None for a host that is not in the inventory."""
    types = [kind for kind, check in checks.items() if not check.of_link and check.facts == "host"]
    fields = {*ALWAYS, *OBJECT_FIELDS, "monitoring"}
    fields |= {name for kind in types for name in checks[kind].fields}
    found = inv.get_by_ids(environment, "host", [host])
    if not found:
        return None
    objects = inv.find_items(
        {"environment": environment, "type": {"$in": types}, "host": host}, fields
    )
    by_key = {item["_id"]: item for item in (*found, *objects)}
    items = Items(found[0], dict(by_key), {k: object_target(v) for k, v in by_key.items()})
    links = _links(inv, environment, list(by_key), checks)
    for link in links:
        _join(link, by_key)
        items.documents[link["_id"]] = link
        items.targets[link["_id"]] = link_target(link)
    items.order = [key for key, item in items.documents.items() if _kind(item) in checks]
    return items


def _kind(item: Mapping[str, Any]) -> str:
    return str(item.get("link_type") or item.get("type"))


def _links(
    inv: InventoryMgr, environment: str, keys: Sequence[ObjectId], checks: Mapping[str, Check]
) -> list[Document]:
    """Links that begin at an object of the host, of types with a check."""
    wanted = {kind for kind, check in checks.items() if check.of_link and check.facts == "host"}
    names = {*LINK_FIELDS, "source", "target", "monitoring"}
    names |= {name for kind in wanted for name in checks[kind].fields}
    found: list[Document] = []
    for start in range(0, len(keys), 1000):
        query = {"source": {"$in": list(keys[start : start + 1000])}}
        some = inv.collection("links").find(query, dict.fromkeys(names, 1))
        found += [
            decode(link)
            for link in some
            if link["link_type"] in wanted and link["environment"] == environment
        ]
    return found


def _join(link: Document, objects: Mapping[ObjectId, Document]) -> None:
    """Give a link its ends, and the ends what checks read of it."""
    source, target = objects.get(link["source"]), objects.get(link["target"])
    plain = {name: link[name] for name in ("link_type", "attributes") if name in link}
    for end in (source, target):
        if end is not None and end["type"] == "vnic":
            end.setdefault("links", []).append(plain)
    if source is not None and target is not None and link["link_type"] in WITH_VNICS:
        source.setdefault("vnics", []).append(target)
    link["source_object"], link["target_object"] = source, target
    link["id"] = str(link["_id"])


def pings_of(items: Items, most: int, pick: Any) -> list[tuple[str, str, int]]:
    """Return (own address, address of the peer, bytes of a full packet) to ask peers with.

    Of each endpoint at most `most` peers, chosen by `pick` (random.sample).
    """
    found: dict[tuple[str, str], int] = {}
    for item in items.documents.values():
        own, mtu = item.get("ip_address"), item.get("mtu")
        if item.get("type") != "otep" or not own or not isinstance(mtu, int) or not most:
            continue
        peers = sorted({str(peer) for peer in item.get("remote_addresses") or ()} - {str(own)})
        version6 = ":" in str(own)
        # the MTU of a tunnel device is what is left inside: 50 or 70 bytes less than of the NIC
        outer = mtu + ((70 if version6 else 50) if item.get("tunnel_device") else 0)
        size = outer - (48 if version6 else 28)
        for peer in pick(peers, min(most, len(peers))):
            found[(str(own), peer)] = size
    return [(own, peer, size) for (own, peer), size in found.items()]


def keys_of(environment: str, hosts: Iterable[str]) -> dict[str, ObjectId]:
    """Return the keys of hosts."""
    return {host: object_key(environment, "host", host) for host in hosts}
