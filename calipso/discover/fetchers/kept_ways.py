"""Ways out that stay as they were stored, where a host does not tell its NICs this time.

A graph without the NICs has no ways. To store that would say that the host has none.
"""

from __future__ import annotations

from collections.abc import Iterable

from calipso.errors import CalipsoError
from calipso.model.documents import Document
from calipso.model.inventory import Fetched
from calipso.sources.cli.wiring import nics_unread
from calipso.sources.fetcher import Fetcher
from calipso.topology.wiring import Wiring

#: Fields that come from a way out, of an object or of a bridge or port listed in it.
WAYS = ("ways_out", "ends_at", "mapped_ways", "pnics", "pnic", "uplinks", "nics")


def keep_ways(
    fetcher: Fetcher,
    host: str,
    wiring: Wiring,
    object_type: str,
    found: list[Fetched],
    error: CalipsoError | None = None,
) -> list[Fetched]:
    """Return the objects as they were found; without their ways where the NICs are unread.

    They have the stored ways then, if there are any, and the cause is told once a host. `error`
    is why ways cannot be known although the NICs are.
    """
    error = nics_unread(wiring) or error
    if error is None or not found:
        return found
    fetcher.source("cli").tell_once(
        host,
        error.message,
        f"{error.hint} The ways out of the host stay as they were read before.".strip(),
        error.kind,
    )
    stored = {item["id"]: item for item in fetcher.inv.find(fetcher.env, object_type, host=host)}
    return [_kept(item, stored.get(item["id"], {})) for item in found]


def _kept(item: Document, known: Document) -> Document:
    """The item with the stored ways, also of the bridges and ports listed in it."""
    kept = _with_ways(item, known)
    if "bridges" in item:
        before = _named(known.get("bridges") or ())
        kept["bridges"] = [_with_ways(b, before.get(b["name"], {})) for b in item["bridges"]]
    if "ports" in item:
        ports = known.get("ports") or {}
        kept["ports"] = {n: _with_ways(port, ports.get(n, {})) for n, port in item["ports"].items()}
    return kept


def _with_ways(item: Document, known: Document) -> Document:
    own = {key: value for key, value in item.items() if key not in WAYS}
    return own | {key: known[key] for key in WAYS if key in known}


def _named(items: Iterable[Document]) -> dict[str, Document]:
    return {str(item.get("name")): item for item in items}
