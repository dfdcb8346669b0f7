"""Conditions that cut long lists into pieces.

A server may build a whole answer in memory before it sends the first document; the embedded one
does. With pieces, the server and this process need memory for one piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from bson import ObjectId
from pymongo.collection import Collection

from calipso.model.documents import Document

#: Environments with more hosts than this are read in pieces of this many hosts.
STRETCH_HOSTS = 100

#: Number of links that are compared together.
STRETCH_LINKS = 10_000

#: The last character of Unicode: end of a range that starts with a prefix.
HIGHEST = "\U0010ffff"


def prefix_range(prefix: str) -> Document:
    """Query value that matches strings with this prefix, by index and without a regex."""
    return {"$gte": prefix, "$lt": prefix + HIGHEST}


def key_ranges(number: int) -> list[Document]:
    """Return conditions on an ObjectId that cut derived keys into this number of pieces.

    One piece has no limits. Our keys are hashes, so the pieces have about the same size.
    """
    step = 0x10000 / number
    marks = [ObjectId(f"{round(step * part):04x}{'0' * 20}") for part in range(1, number)]
    if not marks:
        return [{}]
    between = [{"$gte": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"$lt": marks[0]}, *between, {"$gte": marks[-1]}]


def host_ids(inventory: Collection[Document], environment: str) -> list[str]:
    """Return the ids of the hosts of an environment, sorted."""
    found = inventory.find({"environment": environment, "type": "host"}, {"id": 1})
    return sorted(str(host["id"]) for host in found)


def id_ranges(hosts: Sequence[str]) -> list[Document]:
    """Return conditions that cut the ids of an environment with these hosts into pieces.

    A small environment is one piece. Ids begin with the host of an object, or are UUIDs. Together
    the pieces select every id, also of another form; only the sizes of the pieces depend on the
    form.
    """
    if len(hosts) <= STRETCH_HOSTS:
        return [{}]
    marks = sorted({*"123456789abcdef", *hosts[::STRETCH_HOSTS]})
    between = [{"$gte": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"id": part} for part in ({"$lt": marks[0]}, *between, {"$gte": marks[-1]})]


def source_ranges(hosts: Sequence[str]) -> list[Document]:
    """Return conditions that cut the links of an environment with these hosts by their sources."""
    return key_ranges(len(hosts) // STRETCH_HOSTS + 1)


def other_names(names: Iterable[str]) -> list[Document]:
    """Return conditions that select every name except these, as ranges, because an index answers
    ranges.
    """
    marks = ["", *sorted(names)]
    between: list[Document] = [{"$gt": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"$lte": ""}, *between, {"$gt": marks[-1]}, {"$eq": None}]
