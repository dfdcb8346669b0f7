"""The store as the functions of paths see it: reads by key, each once for a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calipso.model.documents import Document, Record
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.path.routing import in_network

#: Fields of links that a way needs.
_LINK = dict.fromkeys(
    (
        "link_type",
        "link_name",
        "source",
        "target",
        "source_id",
        "target_id",
        "source_label",
        "state",
        "attributes",
    ),
    1,
)


class StoreWorld:
    """Objects and links of one environment. What was read once is kept for the question."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self.inv = inv
        self.environment = environment
        self._by_id: dict[tuple[str, str], Document | None] = {}
        self._by_key: dict[Any, Document | None] = {}
        self._lists: dict[tuple[str, str], list[Document]] = {}
        self._links: dict[Any, list[Document]] = {}

    def one(self, kind: str, item_id: str) -> Record | None:
        """The object of a type with this id."""
        if (kind, item_id) not in self._by_id:
            found = self.inv.get_by_id(self.environment, item_id, kind)
            self._by_id[kind, item_id] = found
            if found is not None:
                self._by_key[found["_id"]] = found
        return self._by_id[kind, item_id]

    def key(self, key: Any) -> Record | None:
        """The object with this `_id`."""
        if key not in self._by_key:
            self._by_key[key] = self.inv.find_by_keys([key]).get(key)
        return self._by_key[key]

    def on_host(self, kind: str, host: str) -> Sequence[Record]:
        """The objects of a type on a host."""
        return self._list(kind, host, {"type": kind, "host": host})

    def ports_of(self, network: str) -> Sequence[Record]:
        """The ports of a network: they are below its folder of ports."""
        return self._list("port", network, {"parent_id": f"{network}-ports", "type": "port"})

    def floating_ips_of(self, project: str) -> Sequence[Record]:
        """The floating IPs of a project: they are below a folder of it."""
        query = {"parent_id": f"{project}-floating_ips", "type": "floating_ip"}
        return self._list("floating_ip", project, query)

    def links(self, key: Any) -> Sequence[Record]:
        """The links that have this object at an end."""
        if key not in self._links:
            links = self.inv.collection("links")
            found: list[Document] = []
            for side in ("source", "target"):
                found += links.find({side: key}, _LINK)
            self._links[key] = found
        return self._links[key]

    def named(self, kind: str, field: str, word: str) -> list[Document]:
        """The objects of a type with this value in `id`, `name`, `object_name` or `port_name`."""
        query = {"environment": self.environment, "type": kind, field: word}
        return self.inv.find_items(query)

    def _list(self, kind: str, of: str, query: Document) -> list[Document]:
        if (kind, of) not in self._lists:
            found = self.inv.find_items({"environment": self.environment, **query})
            self._lists[kind, of] = found
            for item in found:
                self._by_key[item["_id"]] = item
                self._by_id[kind, str(item["id"])] = item
        return self._lists[kind, of]


def networks_with(inv: InventoryMgr, environment: str, address: str) -> list[str]:
    """Ids of the networks that have a subnet with this address."""
    found = inv.find(environment, "network", ("id", "cidrs"))
    return sorted(str(item["id"]) for item in found if in_network(item, address))
