"""Where a scan begins: at the root, at one node of the tree, at one object, or at several parts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from calipso.discover.engine.placement import environment_root
from calipso.discover.engine.scanners_metadata import ROOT_SCANNER, FetchType, ScannersMetadata
from calipso.errors import ConfigError, NotFound
from calipso.model.documents import Document
from calipso.sources.context import ScanContext
from calipso.utils.metadata_parser import nearest

log = logging.getLogger(__name__)


@dataclass
class Start:
    """The first level of a scan."""

    #: name of the root scanner when the whole tree is walked, else empty
    root: str = ""
    groups: list[tuple[str, str, ObjectId]] = field(default_factory=list)
    only_types: frozenset[str] = frozenset()
    #: keep only the objects with these ids of what the first level finds
    child_ids: tuple[str, ...] = ()
    #: keep only what lies at or below these id_paths of what the first level finds
    only_below: tuple[str, ...] = ()
    #: id_path of what may be removed or marked stale; with a slash at its end, what is under it
    below: str = ""


def first_groups(
    request: Mapping[str, Any], context: ScanContext, metadata: ScannersMetadata
) -> Start:
    """The start of a scan by its request. Raises NotFound or ConfigError."""
    if request["scanner"]:
        return _from_scanner(request, context, metadata)
    if request["object_id"]:
        return _from_object(request, context, metadata)
    if ROOT_SCANNER not in metadata.scanners:
        raise ConfigError(f"{metadata.path}: no scanner {ROOT_SCANNER}", hint="It is the root.")
    return Start(root=ROOT_SCANNER)


@dataclass
class Part(Start):
    """The first level of several parts that repeat the same fetches of one parent."""

    #: id_paths of what may be removed or marked stale
    places: tuple[str, ...] = ()
    #: one of the parts is all that the node finds
    whole: bool = False

    def add(self, start: Start) -> None:
        """Let this part also keep what another one keeps."""
        every = bool(self.places and not self.only_types) or not start.only_types
        self.only_types = frozenset() if every else self.only_types | start.only_types
        self.whole = self.whole or not (start.child_ids or start.only_below)
        self.groups = start.groups
        self.child_ids += start.child_ids
        self.only_below += start.only_below
        self.places += (start.below,)

    def keep(self) -> dict[str, tuple[str, ...]]:
        """What is kept of what the fetches find; nothing: all of it."""
        if self.whole:
            return {}
        kept = {"child_ids": self.child_ids, "only_below": self.only_below, "places": self.places}
        return {name: value for name, value in kept.items() if value}


def parts_of(
    parts: Iterable[Mapping[str, Any]], context: ScanContext, metadata: ScannersMetadata
) -> list[Part]:
    """The first level of a scan of several parts; parts of the same fetches are one.

    A part that is not in the inventory any more is left out.
    """
    found: dict[tuple[str, ObjectId], Part] = {}
    for part in parts:
        try:
            start = first_groups(part, context, metadata)
        except NotFound as error:
            log.info("part left out: %s", error.message, extra={"scan": context.scan_id})
            continue
        scanner, _, parent = start.groups[0]
        found.setdefault((scanner, parent), Part()).add(start)
    return list(found.values())


def _from_scanner(
    request: Mapping[str, Any], context: ScanContext, metadata: ScannersMetadata
) -> Start:
    name, parent_id = request["scanner"], request["parent_id"]
    if name not in metadata.scanners:
        near = nearest(name, metadata.scanners)
        raise NotFound(f"{metadata.path}: no scanner {name}{near}", hint="See the file.")
    parent = _object(context, parent_id, request["parent_type"])
    start = Start(groups=[(name, _host(parent), parent["_id"])], below=parent["id_path"] + "/")
    if child_id := request["object_id"]:
        query = {"environment": context.environment.name, "id": child_id}
        known = [
            item
            for item in context.inv.find_items(query, ["id_path", "fetched_by"])
            if (item.get("fetched_by") or {}).get("parent") == parent["_id"]
        ]
        start.child_ids = (child_id,)
        start.below = known[0]["id_path"] if known else f"{parent['id_path']}/{child_id}"
    return start


def _from_object(
    request: Mapping[str, Any], context: ScanContext, metadata: ScannersMetadata
) -> Start:
    """One object: the fetch that found it is repeated, and those after it of the same scanner.

    They may find what is below the object (a router and its vNICs are both listed by host). Only
    what lies there is kept.
    """
    item = _object(context, request["object_id"], request["object_type"])
    found_by = item.get("fetched_by")
    if not found_by:
        raise NotFound(
            f"{item['type']} {item['id']}: the inventory does not say which fetch found it",
            hint="Run a scan of the whole environment first.",
        )
    if found_by["source"] == "folder":
        raise ConfigError(
            f"{item['type']} {item['id']} is a folder",
            hint=f"Scan the object above it: {item['parent_id']}.",
        )
    if found_by["scanner"] not in metadata.scanners:
        raise NotFound(f"{metadata.path}: no scanner {found_by['scanner']} any more")
    parents = [environment_root(context.environment.name)]
    parents += context.inv.find_items({"_id": found_by["parent"]})
    parent = next((p for p in parents if p["_id"] == found_by["parent"]), None)
    if parent is None:
        raise NotFound(f"{item['type']} {item['id']}: its parent is not in the inventory")
    return Start(
        groups=[(found_by["scanner"], _host(parent), parent["_id"])],
        only_types=_types_from(found_by["fetcher"], metadata.scanners[found_by["scanner"]]),
        only_below=(item["id_path"],),
        below=item["id_path"],
    )


def _types_from(fetcher: str, fetch_types: list[FetchType]) -> frozenset[str]:
    names = [fetch_type.fetcher for fetch_type in fetch_types]
    first = names.index(fetcher) if fetcher in names else 0
    return frozenset(entry.type for entry in fetch_types[first:])


def _object(context: ScanContext, object_id: str, object_type: str | None) -> Document:
    environment = context.environment.name
    if object_id == environment and object_type in (None, "environment"):
        return environment_root(environment)
    query: Document = {"environment": environment, "id": object_id}
    if object_type:
        query["type"] = object_type
    found = context.inv.find_items(query)
    if not found:
        raise NotFound(
            f"{environment}: no object {object_id} in the inventory",
            hint=f"calipso inventory list --env {environment}",
        )
    if len(found) > 1:
        types = ", ".join(sorted(item["type"] for item in found))
        raise ConfigError(
            f"{environment}: {object_id} is the id of several objects ({types})",
            hint="Give the type as well (--type).",
        )
    return found[0]


def _host(parent: Mapping[str, Any]) -> str:
    return str(parent["id"] if parent["type"] == "host" else parent.get("host", ""))
