"""Placement: where a fetched object hangs in the tree, and its paths.

Rules (see docs/object-types.md): an object hangs below the scanning parent, unless it names
another `parent_id`; `master_parent_*` asks for a folder below that master, made on demand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.inventory import Fetched, object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode

#: What is read of a parent to place its children.
PARENT_FIELDS = ("id", "type", "name", "id_path", "name_path", "host", "parent_id", "scan_id")


def environment_root(environment: str) -> Document:
    """The environment as the root of the tree; it is no inventory document itself."""
    return {
        "_id": object_key(environment, "environment", environment),
        "id": environment,
        "type": "environment",
        "name": environment,
        "id_path": f"/{environment}",
        "name_path": f"/{environment}",
    }


class Placement:
    """Places the objects of one fetch; looks parents up in bulk, once."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self.inv = inv
        self.environment = environment
        root = environment_root(environment)
        self._known: dict[tuple[str, str], Document | None] = {("environment", environment): root}

    def learn(self, objects: Iterable[Document]) -> None:
        """Remember objects as possible parents."""
        for item in objects:
            self._known[(item["type"], item["id"])] = item

    def prefetch(self, parent: Document, objects: Sequence[Fetched]) -> None:
        """Read the parents that these objects name and that are not known yet."""
        wanted: dict[str, set[str]] = {}
        for item in objects:
            place = self._named_parent(item)
            if place and place not in self._known and place != (parent["type"], parent["id"]):
                wanted.setdefault(place[0], set()).add(place[1])
        for object_type, ids in wanted.items():
            for item_id in ids:
                self._known[(object_type, item_id)] = None
            keys = [object_key(self.environment, object_type, item_id) for item_id in ids]
            self.learn(self.read(keys))

    def read(self, keys: Sequence[ObjectId]) -> list[Document]:
        """Stored objects as parents, by `_id`."""
        cursor = self.inv.collection("inventory").find(
            {"_id": {"$in": list(keys)}}, dict.fromkeys(PARENT_FIELDS, 1), batch_size=1000
        )
        return [decode(item) for item in cursor]

    def place(self, parent: Document, item: Fetched, object_type: str) -> list[Document]:
        """The object with type, parent and paths; before it the folder made for it, if any.

        An object whose named parent is not stored hangs below the scanning parent, with
        `misplaced` naming the parent it asked for.
        """
        document = {key: value for key, value in item.items() if not key.startswith("master_")}
        document["type"], document["id"] = object_type, str(item["id"]).strip()
        folder: Document | None = None
        above: Document | None = parent
        if item.get("master_parent_id"):
            above = self._find(item["master_parent_type"], str(item["master_parent_id"]), parent)
            if above is not None:
                folder = self._folder(above, item, object_type)
                above = folder
        elif item.get("parent_id") and str(item["parent_id"]) != parent["id"]:
            above = self._find(item.get("parent_type") or "", str(item["parent_id"]), parent)
        if above is None:
            document["misplaced"] = str(item.get("master_parent_id") or item.get("parent_id"))
            above = parent
        self._hang(document, above, item)
        return [folder, document] if folder else [document]

    # -- parts -------------------------------------------------------------------------

    def _named_parent(self, item: Fetched) -> tuple[str, str] | None:
        if item.get("master_parent_id"):
            return item["master_parent_type"], str(item["master_parent_id"])
        if item.get("parent_id"):
            return str(item.get("parent_type") or ""), str(item["parent_id"])
        return None

    def _find(self, object_type: str, item_id: str, parent: Document) -> Document | None:
        if item_id == parent["id"] and object_type in ("", parent["type"]):
            return parent
        return self._known.get((object_type, item_id))

    def _folder(self, master: Document, item: Fetched, object_type: str) -> Document:
        plural = f"{object_type}s"
        folder_id, folder_type = str(item.get("parent_id") or ""), item.get("parent_type")
        if not folder_id or folder_id == master["id"]:
            folder_id = f"{master['id']}-{plural}"
        text = str(item.get("parent_text") or plural.replace("_", " ").title())
        folder: Document = {"id": folder_id, "type": folder_type or f"{plural}_folder"}
        folder |= {"name": text, "text": text, "create_object": True, "on_demand": True}
        self._hang(folder, master, {"show_in_tree": True})
        return folder

    def _hang(self, document: Document, above: Document, item: Fetched) -> None:
        name = str(document.get("text") or document.get("name") or document["id"])
        document["name"] = name
        document.setdefault("object_name", name)
        document["parent_id"], document["parent_type"] = above["id"], above["type"]
        document["id_path"] = f"{above['id_path']}/{document['id']}"
        document["name_path"] = f"{above['name_path']}/{name}"
        document["show_in_tree"] = bool(item.get("show_in_tree", True))
        host = above["id"] if above["type"] == "host" else above.get("host")
        if host:
            document.setdefault("host", host)
        marked = [key for key in document if key.startswith("in_project-")]
        if marked:
            names = {key.removeprefix("in_project-") for key in marked}
            document["projects"] = sorted(names | set(document.get("projects", ())))
            for key in marked:
                del document[key]
