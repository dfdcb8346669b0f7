"""Part of the inventory tree: an object and the objects below it, read level by level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.model.documents import Document
from calipso.model.types import is_folder
from calipso.stores.inventory.inventory_mgr import InventoryMgr

Place = tuple[str, str]

FIELDS = ("id", "type", "name", "host", "state", "status", "stale_since", "parent_id")
PORTION = 500


def below(inv: InventoryMgr, root: Mapping[str, Any], depth: int, limit: int) -> Document:
    """Return `root` with nested `children`, `depth` levels down; at most `limit` objects.

    `root` needs `environment`, `type` and `id`. Every object has `hidden`: the number of its
    children that are left out, because they are deeper than `depth` or beyond the limit. The answer
    has `truncated` true when the limit left objects out.
    """
    top = _node(root)
    level = [top]
    count, truncated = 1, False
    for _ in range(depth):
        found = _children(inv, str(root["environment"]), level)
        for node in level:
            children = found.get((node["type"], node["id"]), [])
            kept = children[: max(0, limit - count)]
            node["children"] = kept
            node["hidden"] = len(children) - len(kept)
            truncated = truncated or bool(node["hidden"])
            count += len(kept)
        level = [child for node in level for child in node["children"]]
        if not level:
            break
    deeper = _children(inv, str(root["environment"]), level)
    for node in level:
        node["hidden"] = len(deeper[node["type"], node["id"]])
    return top | {"truncated": truncated, "count": count}


def _children(
    inv: InventoryMgr, environment: str, parents: list[Document]
) -> dict[Place, list[Document]]:
    """Return the children of these objects by parent, sorted by type, name and id."""
    found: dict[Place, list[Document]] = {(node["type"], node["id"]): [] for node in parents}
    ids = sorted({item_id for _, item_id in found})
    for start in range(0, len(ids), PORTION):
        wanted = {"environment": environment, "parent_id": {"$in": ids[start : start + PORTION]}}
        for item in inv.find_items(wanted, (*FIELDS, "parent_type", "show_in_tree")):
            place = (str(item.get("parent_type", "")), str(item["parent_id"]))
            if place in found and item.get("show_in_tree", True):
                found[place].append(_node(item))
    for children in found.values():
        children.sort(key=lambda node: (node["type"], str(node.get("name", "")), node["id"]))
    return found


def _node(item: Mapping[str, Any]) -> Document:
    node = {name: item[name] for name in FIELDS if name in item and name != "parent_id"}
    if "_id" in item:
        node["_id"] = str(item["_id"])
    return node | {"folder": is_folder(str(item["type"])), "hidden": 0, "children": []}
