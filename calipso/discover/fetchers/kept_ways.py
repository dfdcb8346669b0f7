"""Ways out that stay as they were stored, where a host does not tell its NICs this time.

A graph without the NICs has no ways. To store that would say that the host has none.
"""

from __future__ import annotations

from collections.abc import Iterable

from calipso.errors import CalipsoError, ErrorKind
from calipso.model.documents import Document
from calipso.model.inventory import Fetched
from calipso.sources.cli.commands import NICS, OVS
from calipso.sources.fetcher import Fetcher
from calipso.topology.wiring import Wiring

#: Fields that come from a way out, of an object or of a bridge or port listed in it.
WAYS = ("ways_out", "ends_at", "mapped_ways", "pnics", "pnic", "uplinks", "nics")


def nics_unread(fetcher: Fetcher, host: str, wiring: Wiring) -> CalipsoError | None:
    """Why the NICs of this graph may not be all, or may be others; None when they are known.

    A host without Open vSwitch has no NIC in it: that is an answer. So is one whose Open vSwitch
    does not run, if nothing is known of it: packages bring it along.
    """
    if error := wiring.unread.get(NICS.name):
        return error
    error = wiring.unread.get(OVS.name)
    if error is None or error.kind is ErrorKind.COMMAND_NOT_FOUND:
        return None
    idle = error.kind is ErrorKind.COMMAND_FAILED and not _had_switch(fetcher, host)
    return None if idle else error


def _had_switch(fetcher: Fetcher, host: str) -> bool:
    if fetcher.inv.find(fetcher.env, "vedge", ["id"], host=host):
        return True
    nics = fetcher.inv.find(fetcher.env, "host_pnic", ["dpdk"], host=host)
    return any(nic.get("dpdk") for nic in nics)


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
    error = nics_unread(fetcher, host, wiring) or error if found else None
    if error is None:
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
