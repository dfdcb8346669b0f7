"""Resolver: which object or link a result is about. Exactly one match counts, none is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.hosts import same_host
from calipso.model.inventory import object_key
from calipso.model.monitoring import Target
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.adjacency import split_type
from monitoring.handlers.event import Reference
from monitoring.handlers.names import LONGEST, check_name, link_candidates, object_candidates

OBJECT_FIELDS = ("type", "id", "name", "host", "id_path")
LINK_FIELDS = ("link_type", "link_name", "source_id", "target_id", "host", "environment")
#: Types that labels of an alert may mean.
LABELLED = ("vnic", "host_pnic")


def object_target(item: Mapping[str, Any]) -> Target:
    """Return an object of the inventory as a target."""
    return Target(
        "inventory",
        item["_id"],
        str(item["type"]),
        str(item["id"]),
        name=str(item.get("name", item["id"])),
        host=str(item.get("host") or ""),
        id_path=str(item.get("id_path") or ""),
    )


def link_target(link: Mapping[str, Any]) -> Target:
    """Return a link as a target; its id is that of its changes."""
    name = f"{link['source_id']} -> {link['target_id']} [{link['link_name']}]"
    host = str(link.get("host") or "")
    return Target("links", link["_id"], str(link["link_type"]), name, name=name, host=host)


class Resolver:
    """Finds the targets of references in one environment, in few queries."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self.inv = inv
        self.environment = environment
        self._hosts: list[Document] | None = None

    def resolve(self, references: Iterable[Reference]) -> dict[Reference, Target]:
        """Return the target of each reference that has exactly one."""
        wanted = list(dict.fromkeys(references))
        candidates = {reference: self._keys(reference) for reference in wanted}
        keys = [key for found in candidates.values() for key in found]
        objects = self.inv.find_by_keys(keys, (*OBJECT_FIELDS, "environment"))
        found: dict[Reference, Target] = {}
        for reference in wanted:
            hits = [
                objects[key]
                for key in candidates[reference]
                if key in objects and objects[key]["environment"] == self.environment
            ]
            if len(hits) == 1:
                found[reference] = object_target(hits[0])
            elif not hits:
                target = self._link(reference) or self._labelled(reference)
                if target is not None:
                    found[reference] = target
        return found

    def _keys(self, reference: Reference) -> list[ObjectId]:
        """Keys of the objects that a reference may mean."""
        if reference.link:
            return []
        if reference.type and reference.id:
            return [object_key(self.environment, reference.type, reference.id)]
        named = object_candidates(reference.name)
        return list(dict.fromkeys(object_key(self.environment, *one) for one in named))

    def _link(self, reference: Reference) -> Target | None:
        links = self.inv.collection("links")
        fields = dict.fromkeys(LINK_FIELDS, 1)
        if reference.link:
            if not ObjectId.is_valid(reference.link):
                return None
            found = list(links.find({"_id": ObjectId(reference.link)}, fields))
        else:
            found = []
            for kind, source, target in link_candidates(reference.name):
                types = split_type(kind)
                ends = [
                    object_key(self.environment, t, i)
                    for t, i in zip(types, (source, target), strict=True)
                ]
                wanted = {"environment": self.environment, "link_type": kind}
                found += links.find(wanted | {"source": ends[0], "target": ends[1]}, fields)
        own = {item["_id"]: item for item in found if item["environment"] == self.environment}
        if len(own) == 1:
            return link_target(next(iter(own.values())))
        return self._long_name(reference) if not own else None

    def _long_name(self, reference: Reference) -> Target | None:
        """A name that was too long ends in a hash: its beginning says the type."""
        if len(reference.name) != LONGEST:
            return None
        kinds = {kind for kind, _ in object_candidates(reference.name)}
        hits = [
            item
            for kind in sorted(kinds)
            for item in self.inv.each(self.environment, kind, (*OBJECT_FIELDS, "vnic_type"))
            if check_name(item) == reference.name
        ]
        return object_target(hits[0]) if len(hits) == 1 else None

    def _labelled(self, reference: Reference) -> Target | None:
        """The one object that all labels fit: a port id, a device of a host, or a host."""
        labels = dict(reference.fields)
        host = self._host(labels.get("host", ""))
        if labels.get("port_id"):
            hits = [
                item
                for item in self._of_type("vnic", host)
                if item.get("port_id") == labels["port_id"]
            ]
        elif labels.get("device") and host:
            hits = [
                item
                for kind in LABELLED
                for item in self._of_type(kind, host)
                if labels["device"] in (item.get("device"), item.get("local_name"))
            ]
        elif host and "device" not in labels:
            key = object_key(self.environment, "host", host)
            hits = list(self.inv.find_by_keys([key], OBJECT_FIELDS).values())
        else:
            return None
        return object_target(hits[0]) if len(hits) == 1 else None

    def _of_type(self, kind: str, host: str) -> list[Document]:
        more = {"host": host} if host else {}
        fields = (*OBJECT_FIELDS, "port_id", "device", "local_name")
        return self.inv.find(self.environment, kind, fields, **more)

    def _host(self, word: str) -> str:
        """The host that a label `instance` means: name or address, also with a port."""
        if not word:
            return ""
        if self._hosts is None:
            self._hosts = self.inv.find(self.environment, "host", ("id", "ip_address"))
        bare = word.rpartition(":")[0] if word.count(":") == 1 else word
        found = [
            str(host["id"])
            for host in self._hosts
            if bare == host.get("ip_address") or same_host(str(host["id"]), bare)
        ]
        return found[0] if len(found) == 1 else ""
