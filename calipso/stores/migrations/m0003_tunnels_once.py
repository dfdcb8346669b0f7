"""Tunnels are stored once: as addresses of their endpoint, no more as ports of switches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database

from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr, known_inventories

DESCRIPTION = (
    "Tunnel endpoints get remote_addresses, made of their ports; switches lose tunnel_ports. "
    "The next scan reads the rest."
)

SWITCHES: Document = {"type": "vedge", "tunnel_ports": {"$type": "object"}}
ENDPOINTS: Document = {"type": "otep", "ports": {"$type": "object"}}

_TUNNEL_NAMES: Document = {
    "$map": {"input": {"$objectToArray": "$tunnel_ports"}, "in": "$$this.k"},
}
_PORTS: Document = {"$cond": [{"$eq": [{"$type": "$ports"}, "object"]}, "$ports", {}]}
#: Ports of a switch that are not among its tunnels.
_OTHER_PORTS: Document = {
    "$arrayToObject": {
        "$filter": {
            "input": {"$objectToArray": _PORTS},
            "cond": {"$not": {"$in": ["$$this.k", _TUNNEL_NAMES]}},
        }
    }
}
_ADDRESSES: Document = {
    "$filter": {
        "input": {
            "$setUnion": {
                "$map": {
                    "input": {"$objectToArray": "$ports"},
                    "in": {"$ifNull": ["$$this.v.options.remote_ip", ""]},
                }
            }
        },
        "cond": {"$not": {"$in": ["$$this", ["", "flow"]]}},
    }
}
#: What is changed, and how: pipelines of updates, which the server runs by itself.
STEPS: tuple[tuple[Document, list[Any]], ...] = (
    (ENDPOINTS, [{"$set": {"remote_addresses": _ADDRESSES}}, {"$unset": "ports"}]),
    (SWITCHES, [{"$set": {"ports": _OTHER_PORTS}}, {"$unset": "tunnel_ports"}]),
)


def affected(database: Database[Document]) -> int:
    """Switches and endpoints in the old form."""
    return sum(
        inventory.count_documents(wanted)
        for inventory in _collections(database)
        for wanted, _ in STEPS
    )


def upgrade(database: Database[Document]) -> int:
    """Bring them to the new form; returns how many were changed."""
    return sum(
        inventory.update_many(wanted, pipeline).modified_count
        for inventory in _collections(database)
        for wanted, pipeline in STEPS
    )


def _collections(database: Database[Document]) -> Iterator[Collection[Document]]:
    for name in known_inventories(database):
        yield InventoryMgr(name, database).collection("inventory")
