"""The embedded server: how to write to it, and up to which size it is meant.

What it does otherwise than MongoDB is known in this package and nowhere else:

- A write that names a second field beside `_id` reads the whole collection: `guard` here, and
  `conditional`.
- A query for a field that its index does not have puts the whole collection together in memory:
  `narrow`, and `stretches` for what is long in any case.
- It collects all index entries that a condition allows before it sorts and cuts them: `walk`.
- It writes portions of 500 to 1,000 documents best: `PORTION`.
"""

from __future__ import annotations

from calipso.model.documents import Document
from calipso.stores.mongo.mongo_access import MongoAccess

#: Documents that are compared, written or deleted together.
PORTION = 500

#: Hosts of all environments of an inventory up to which the embedded server is meant. See
#: docs/benchmark.md for what it needs there, and beyond.
MOST_HOSTS = 200


def guard(condition: Document) -> Document:
    """A condition to be added to writes by `_id`; empty with the embedded server.

    That one looks a key up only when nothing else is asked: an update among 40,000 documents took
    57 ms with a second field and 2.7 without. Who writes there reads and compares before.
    """
    return {} if MongoAccess().embedded else condition


def size_warning(hosts: int) -> str:
    """What to say of so many hosts in the embedded server; empty when it is meant for them."""
    if hosts <= MOST_HOSTS:
        return ""
    return (
        f"{hosts} hosts are stored in the embedded MongoDB, which is meant for up to {MOST_HOSTS}: "
        "run a MongoDB of your own and set MONGO_URL"
    )
