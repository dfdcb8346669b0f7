"""The embedded server: how to write to it, and the size for which it is meant.

Only this package knows its differences from MongoDB:

- A write that names a second field beside `_id` reads the whole collection: `guard` here, and
  `conditional`.
- A query for a field that is not in its index loads the whole collection into memory:
  `narrow`, and `stretches` for lists that are always long.
- It collects all index entries of a condition before it sorts and limits them: `walk`.
- It writes portions of 500 to 1,000 documents best: `PORTION`.
"""

from __future__ import annotations

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from calipso.errors import StoreError
from calipso.model.documents import Document
from calipso.stores.mongo.mongo_access import MongoAccess

#: Number of documents that are compared, written or deleted together.
PORTION = 500

#: The embedded server is meant for up to this many hosts in an inventory. docs/benchmark.md has
#: measurements with this number and more.
MOST_HOSTS = 200


def guard(condition: Document) -> Document:
    """Return a condition to add to writes by `_id`; empty with the embedded server.

    The embedded server finds a key quickly only if the condition has no second field: an update
    among 40,000 documents took 57 ms with a second field and 2.7 ms without. With this server the
    writer reads and compares before it writes.
    """
    return {} if MongoAccess().embedded else condition


def size_warning(hosts: int) -> str:
    """Return a warning if the embedded server has too many hosts; otherwise an empty text."""
    if hosts <= MOST_HOSTS:
        return ""
    return (
        f"{hosts} hosts are stored in the embedded MongoDB, which is meant for up to {MOST_HOSTS}: "
        "run a MongoDB of your own and set MONGO_URL"
    )


def give_user(url: str, user: str, password: str) -> None:
    """Make the user of a server that asks nobody for a password, or give it another password.

    Raises StoreError when the server does not answer, or refuses.
    """
    try:
        with MongoClient[Document](url, serverSelectionTimeoutMS=500) as client:
            known = client.admin.command("usersInfo", user).get("users")
            command = "updateUser" if known else "createUser"
            client.admin.command(command, user, pwd=password, roles=["root"])
    except PyMongoError as error:
        raise StoreError(
            f"the embedded MongoDB gets no user: {str(error)[:200]}",
            hint="mongo.log in the data directory says more.",
        ) from None
