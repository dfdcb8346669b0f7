"""Conditions that cut long lists into pieces.

A server may put a whole answer together in memory before it sends the first document of it, and
the embedded one does. What is asked in pieces costs it, and us, one piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from bson import ObjectId
from pymongo.collection import Collection

from calipso.model.documents import Document

#: From how many hosts on lists are read in pieces, of so many hosts each.
STRETCH_HOSTS = 100

#: Links that are compared together.
STRETCH_LINKS = 10_000

#: The last character of Unicode: end of a range that starts with a prefix.
HIGHEST = "\U0010ffff"


def prefix_range(prefix: str) -> Document:
    """Query value that matches strings with this prefix, by index and without a regex."""
    return {"$gte": prefix, "$lt": prefix + HIGHEST}


def key_ranges(number: int) -> list[Document]:
    """Conditions on an ObjectId that cut derived keys into so many pieces; one: no limit.

    Our keys are hashes, so the pieces are of about the same size.
    """
    step = 0x10000 / number
    marks = [ObjectId(f"{round(step * part):04x}{'0' * 20}") for part in range(1, number)]
    if not marks:
        return [{}]
    between = [{"$gte": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"$lt": marks[0]}, *between, {"$gte": marks[-1]}]


def host_ids(inventory: Collection[Document], environment: str) -> list[str]:
    """Ids of the hosts of an environment, in order."""
    found = inventory.find({"environment": environment, "type": "host"}, {"id": 1})
    return sorted(str(host["id"]) for host in found)


def id_ranges(hosts: Sequence[str]) -> list[Document]:
    """Conditions that cut the ids of an environment with these hosts into pieces; one if small.

    Ids begin with the host of an object, or are UUIDs. Together the pieces select every id,
    whatever ids look like; only the sizes of the pieces depend on it.
    """
    if len(hosts) <= STRETCH_HOSTS:
        return [{}]
    marks = sorted({*"123456789abcdef", *hosts[::STRETCH_HOSTS]})
    between = [{"$gte": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"id": part} for part in ({"$lt": marks[0]}, *between, {"$gte": marks[-1]})]


def source_ranges(hosts: Sequence[str]) -> list[Document]:
    """Conditions that cut the links of an environment with these hosts by their sources."""
    return key_ranges(len(hosts) // STRETCH_HOSTS + 1)


def other_names(names: Iterable[str]) -> list[Document]:
    """Conditions that select every name but these, as ranges: an index answers them."""
    marks = ["", *sorted(names)]
    between: list[Document] = [{"$gt": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"$lte": ""}, *between, {"$gt": marks[-1]}, {"$eq": None}]
