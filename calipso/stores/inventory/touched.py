"""Touched: what a scan really changed, as far as links and cliques depend on it.

Writers fill it: an object counts when it was added, removed, marked stale or read again, or when a
value changed that is not volatile. From it the engine derives which links and cliques may differ
now. It is bounded: a change of much counts as a change of everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.types import is_folder

#: Changed objects, or changed links, above which everything is done again.
MOST = 3000

#: Fields of a network that links depend on, by its name or its segments.
_OF_NETWORK = (
    *("name", "segments", "provider:network_type"),
    *("provider:physical_network", "provider:segmentation_id"),
)

#: Fields of a link that cliques depend on, besides its ends.
LINK_FIELDS = ("implicit", "state", "attributes")


@dataclass
class Touched:
    """Changed objects and links of a part of a scan."""

    everything: bool = False
    types: set[str] = field(default_factory=set)
    keys: set[ObjectId] = field(default_factory=set)
    #: hosts on which an object was, or is now
    hosts: set[str] = field(default_factory=set)
    #: id, owner and device of ports
    ports: set[tuple[str, str, str]] = field(default_factory=set)
    #: names of hosts that ports are, were or will be bound to, and the region of the port
    bound: set[tuple[str, str]] = field(default_factory=set)
    networks: set[str] = field(default_factory=set)
    instances: set[str] = field(default_factory=set)
    #: versions of changed links: type, ends, attributes
    links: list[Document] = field(default_factory=list)

    def __bool__(self) -> bool:
        """True when anything changed."""
        return bool(self.everything or self.types or self.links)

    def note(self, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
        """Note a change of an object; None: it was not there before, or is not any more."""
        versions = [version for version in (old, new) if version is not None]
        if self.everything or not versions or is_folder(str(versions[0]["type"])):
            return
        kind, key = str(versions[0]["type"]), versions[0]["_id"]
        self.types.add(kind)
        self.keys.add(key)
        for version in versions:
            if host := version.get("host"):
                self.hosts.add(str(host))
            self._note_version(kind, version)
        if kind == "network" and not (old and new and _same(old, new, _OF_NETWORK)):
            self.networks.add(str(versions[0]["id"]))
        self._limit()

    def note_link(self, link: Mapping[str, Any]) -> None:
        """Note a version of a link that is new, changed or gone."""
        if not self.everything:
            names = ("link_type", "source", "target", "attributes")
            self.links.append({name: link.get(name) for name in names})
            self._limit()

    def as_document(self) -> Document:
        """The form in which a task stores it."""
        if self.everything:
            return {"everything": True}
        found = {name: getattr(self, name) for name in _SETS if getattr(self, name)}
        stored: Document = {name: sorted(map(_plain, some)) for name, some in found.items()}
        return stored | ({"links": self.links} if self.links else {})

    def add(self, stored: Mapping[str, Any]) -> None:
        """Add what a task has stored."""
        self.everything = self.everything or bool(stored.get("everything"))
        for name in _SETS:
            getattr(self, name).update(map(_hashable, stored.get(name, ())))
        self.links += stored.get("links", ())
        self._limit()

    def _note_version(self, kind: str, version: Mapping[str, Any]) -> None:
        if kind == "host":
            self.hosts.add(str(version["id"]))
        elif kind == "instance":
            self.instances.add(str(version["id"]))
        elif kind == "port":
            owner, device = (str(version.get(n) or "") for n in ("device_owner", "device_id"))
            self.ports.add((str(version["id"]), owner, device))
            profile, region = version.get("binding:profile"), str(version.get("region") or "")
            going = profile.get("migrating_to") if isinstance(profile, dict) else None
            self.bound |= {
                (str(name), region) for name in (version.get("binding:host_id"), going) if name
            }

    def _limit(self) -> None:
        self.everything |= len(self.keys) > MOST or len(self.links) > 2 * MOST
        if self.everything:
            self.links = []
            for name in _SETS:
                getattr(self, name).clear()


#: What a scan touched that nobody followed.
EVERYTHING = Touched(everything=True)

_SETS = ("types", "keys", "hosts", "ports", "bound", "networks", "instances")


def _same(old: Mapping[str, Any], new: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return all(old.get(name) == new.get(name) for name in names)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
