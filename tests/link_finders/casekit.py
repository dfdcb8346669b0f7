"""Link finders in tests: put objects into the store, run finders, compare links as tuples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from calipso.discover.find_links import FindLinks, ScanInfo
from calipso.model.environment import Environment
from calipso.model.inventory import link_key, object_key
from calipso.model.link import Link
from calipso.model.scan import Problem
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import find_config, load_class
from tests.link_finders.wiring import ENV, Item, stored

FINDERS_PACKAGE = "calipso.discover.link_finders"

#: (link type, source id, target id, link name, state, network or networks)
LinkTuple = tuple[str, str, str, str, str, str]


def configured_finders() -> list[str]:
    """Class names in config/link_finders.json."""
    found = json.loads(find_config("link_finders.json").read_text(encoding="utf-8"))
    return list(found["link_finders"])


def clique_metadata() -> dict[str, Any]:
    """Content of config/clique_types.json."""
    return dict(json.loads(find_config("clique_types.json").read_text(encoding="utf-8")))


def environment(**fields: Any) -> Environment:
    """An environment without sources: link and clique finders ask none."""
    return Environment.model_construct(name=ENV, **fields)


def fill(inv: InventoryMgr, objects: Iterable[Mapping[str, Any]]) -> None:
    """Store objects as a scan would have."""
    documents = [stored({"environment": ENV, "object_name": o["name"]} | dict(o)) for o in objects]
    if documents:
        inv.collection("inventory").insert_many(documents)


def fill_links(inv: InventoryMgr, links: Iterable[Mapping[str, Any]]) -> None:
    """Store links."""
    documents = [dict(link) for link in links]
    if documents:
        inv.collection("links").insert_many(documents)


def run_finder(name: str, inv: InventoryMgr, scan: ScanInfo | None = None) -> list[Link]:
    """What one finder finds in the store."""
    return run_and_hear(name, inv, scan)[0]


def run_and_hear(
    name: str, inv: InventoryMgr, scan: ScanInfo | None = None
) -> tuple[list[Link], list[Problem]]:
    """What one finder finds in the store, and the problems it tells."""
    finder: FindLinks = load_class(name, FINDERS_PACKAGE)()
    finder.bind(ENV, inv, scan)
    return finder.run(), finder.problems


def run_all(inv: InventoryMgr, scan: ScanInfo | None = None) -> list[Link]:
    """What all explicit finders find, as a scan runs them."""
    names = [name for name in configured_finders() if name != "FindImplicitLinks"]
    return [link for name in names for link in run_finder(name, inv, scan)]


def as_tuple(link: Mapping[str, Any]) -> LinkTuple:
    """What a person would check of a link."""
    network = link["attributes"].get("network")
    text = "-" if network is None else network if isinstance(network, str) else " ".join(network)
    ends = (link["source_id"], link["target_id"])
    return (link["link_type"], *ends, link["link_name"], link["state"], text)


def short_link(
    link_type: str, source: str, target: str, network: Any = None, **fields: Any
) -> Item:
    """A stored link written in short: its type, the ids of its ends, its network."""
    kinds = link_type.split("-")
    ends = [object_key(ENV, kind, key) for kind, key in zip(kinds, (source, target), strict=True)]
    name = fields.pop("link_name", "")
    return {
        "_id": link_key(ENV, link_type, ends[0], ends[1], name),
        "environment": ENV,
        "link_type": link_type,
        "link_name": name,
        "source": ends[0],
        "source_id": source,
        "target": ends[1],
        "target_id": target,
        "state": "up",
        "implicit": False,
        "host": "",
        "attributes": {} if network is None else {"network": network},
    } | fields


def read_json(path: Path) -> Any:
    """Content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def case_folders(home: Path) -> list[Path]:
    """Folders below `home` that hold a case."""
    return sorted(path.parent for path in home.glob("*/*/case.json"))
