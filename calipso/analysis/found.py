"""Search over environments: the best objects of all of them, by any part of what they are known by.

The command line and the API answer with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.types import is_folder
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.past import PastInventory, only_objects
from calipso.stores.inventory.search import Rank, SearchIndex
from calipso.stores.inventory.search_cache import SEARCH
from calipso.stores.mongo.narrow import by_keys


class Hit(NamedTuple):
    """An object, and how well it fits."""

    rank: Rank
    item: Document


def find(
    inv: InventoryMgr, environments: Iterable[str], words: str, limit: int, types: Sequence[str]
) -> tuple[list[Hit], bool]:
    """Objects of these environments that fit, the best first; and whether there are more."""
    names = list(environments)
    ranks: dict[ObjectId, Rank] = {}
    for name in names:
        ranks |= _by_id(inv, name, words, types)
    for name in names:
        for rank, key in _by_words(inv, name, words, limit + 1, types):
            ranks.setdefault(key, rank)
    best = sorted(ranks, key=lambda key: ranks[key])
    found = by_keys(inv.collection("inventory"), best[:limit])
    hits = [Hit(ranks[item["_id"]], item) for item in found if item["environment"] in names]
    return hits, len(best) > limit


def _by_words(
    inv: InventoryMgr, environment: str, words: str, limit: int, types: Sequence[str]
) -> Iterator[tuple[Rank, ObjectId]]:
    """Hits of the index; in the past, those that did not change since, and those as they were."""
    if not isinstance(inv, PastInventory):
        yield from SEARCH.index(inv, environment).find(words, limit, types)
        return
    if environment in inv.unknown:
        return
    changed = inv.changed_objects
    present = SEARCH.index(inv.present, environment)
    for rank, key in present.find(words, limit + len(changed), types):
        if key not in changed:
            yield rank, key
    then = SearchIndex(only_objects(changed.values(), environment))
    yield from then.find(words, limit, types)


def _by_id(
    inv: InventoryMgr, environment: str, words: str, types: Sequence[str]
) -> dict[ObjectId, Rank]:
    """Objects of this very id as they are stored now; the index may be of a moment ago."""
    wanted = {"environment": environment, "id": words.strip()}
    found = inv.collection("inventory").find(wanted, {"type": 1}, limit=20)
    return {
        item["_id"]: Rank.EXACT
        for item in found
        if item["type"] in types or (not types and not is_folder(item["type"]))
    }
