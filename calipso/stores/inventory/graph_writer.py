"""Stores links and cliques: compares them with stored ones, writes the difference, notes
changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import InsertOne, UpdateOne

from calipso.model.documents import Document
from calipso.model.owners import STAMPS, of_scan
from calipso.stores.inventory.generations import older
from calipso.stores.inventory.inventory_mgr import Write
from calipso.stores.inventory.scan_writer import ScanWriter, clique_version
from calipso.stores.inventory.touched import LINK_FIELDS
from calipso.stores.mongo.encoding import encode
from calipso.stores.mongo.stretches import STRETCH_LINKS, key_ranges, other_names

#: Cliques or objects whose links are removed together.
PORTION = 1000


class GraphWriter(ScanWriter):
    """Writes the links and cliques of one scan."""

    def save_links_of_hosts(
        self, finder: str, links: Sequence[Mapping[str, Any]], hosts: Collection[str]
    ) -> int:
        """Replace the links of one finder that are on these hosts; returns their number.

        Each of them has an object of its host as an end.
        """
        self.alive()
        ends = list(self.inv.keys_on_hosts(self.environment, hosts))
        stored: dict[ObjectId, Document] = {}
        for start in range(0, len(ends), PORTION):
            for link in self.inv.links_at(ends[start : start + PORTION]):
                if link.get("finder") == finder and link.get("host") in hosts:
                    stored[link["_id"]] = link
        self._replace(links, stored)
        return len(links)

    def save_links(self, finder: str, links: Sequence[Mapping[str, Any]]) -> int:
        """Replace the links of one finder by these; returns their number.

        They are compared in pieces of about the same size, so that neither a process nor an answer
        of the store holds all links of a large cloud twice.
        """
        pieces = key_ranges(len(links) // STRETCH_LINKS + 1)
        ordered = sorted(links, key=lambda link: link["_id"])
        start = 0
        for piece in pieces:
            end = len(ordered)
            if "$lt" in piece:
                end = bisect_left(ordered, piece["$lt"], key=lambda link: link["_id"])
            self._save_piece(finder, piece, ordered[start:end])
            start = end
        return len(ordered)

    def _save_piece(self, finder: str, piece: Document, links: Sequence[Mapping[str, Any]]) -> None:
        """Replace the links of one finder in a range of keys."""
        query: Document = {"environment": self.environment, "finder": finder}
        if piece:
            query["_id"] = piece
        self.alive()
        stored = {item["_id"]: item for item in self.inv.collection("links").find(query)}
        self._replace(links, stored)

    def _replace(
        self, links: Sequence[Mapping[str, Any]], stored: Mapping[ObjectId, Document]
    ) -> None:
        found = {link["_id"]: encode(of_scan(link)) for link in links}
        gone = [stored[key] for key in stored.keys() - found.keys()]
        self._remove_links([link for link in gone if not self._is_newer(link)])
        self._write("links", found, stored)

    def save_cliques(
        self, cliques: Sequence[Mapping[str, Any]], flagged: Collection[ObjectId] = ()
    ) -> int:
        """Store cliques; cliques of other focal points stay.

        Focal points that are not in `flagged` first get the flag `clique`, then their cliques are
        stored. If a worker dies in between, the next attempt does both.
        """
        self.alive()
        found = {clique["_id"]: encode(of_scan(clique)) for clique in cliques}
        collection = self.inv.collection("cliques")
        stored = {item["_id"]: item for item in collection.find({"_id": {"$in": list(found)}})}
        focal = sorted({clique["focal_point"] for clique in found.values()} - set(flagged))
        self.inv.update_by_keys("inventory", focal, {"$set": {"clique": True}})
        self._write("cliques", found, stored)
        return len(found)

    def drop_cliques(self, focal_points: Mapping[ObjectId, ObjectId]) -> None:
        """Remove these cliques; their focal points, by the keys of the cliques, have none now."""
        self.alive()
        # Flags first: if a worker dies in between, the rerun does both again.
        flagged = sorted(focal_points.values())
        self.inv.update_by_keys("inventory", flagged, {"$unset": {"clique": ""}}, self._guard)
        gone = self.inv.collection("cliques").find({"_id": {"$in": sorted(focal_points)}})
        self._keep_versions((item["_id"], item) for item in self._not_newer(gone))
        self.inv.delete_by_keys("cliques", sorted(focal_points), self._guard)

    def drop_old_cliques(self) -> int:
        """Remove the cliques of the environment that this scan did not find again."""
        query: Document = {"environment": self.environment} | older(self.generation)
        collection = self.inv.collection("cliques")
        fields = {"focal_point": 1}
        old = {item["_id"]: item["focal_point"] for item in collection.find(query, fields)}
        keys = list(old)
        for start in range(0, len(keys), PORTION):
            portion = keys[start : start + PORTION]
            focal = {old[key] for key in portion}
            self.alive()
            # Flags first: if a worker dies in between, the rerun finds the same cliques.
            kept = collection.find({"focal_point": {"$in": list(focal)}}, fields)
            alone = focal - {item["focal_point"] for item in kept if item["_id"] not in old}
            self.inv.update_by_keys(
                "inventory", list(alone), {"$unset": {"clique": ""}}, self._guard
            )
            whole = collection.find({"_id": {"$in": portion}})
            self._keep_versions((item["_id"], item) for item in whole)
            self.inv.delete_by_keys("cliques", portion, self.inv.guard(older(self.generation)))
        return len(old)

    def drop_links_of_others(self, finders: Sequence[str]) -> int:
        """Remove the links of finders that are not in this list; returns the number of removed
        links.
        """
        self.alive()
        gone: list[Document] = []
        for between in other_names(finders):
            query = {"environment": self.environment, "finder": between}
            gone += self._not_newer(self.inv.collection("links").find(query))
        self._remove_links(gone)
        return len(gone)

    def drop_links_of(self, objects: Sequence[Mapping[str, Any]]) -> int:
        """Remove the links that have one of these removed objects as an end, and their cliques.

        Of each object its `_id` and `id` are enough. Returns the number of removed links.
        """
        dropped = 0
        for start in range(0, len(objects), PORTION):
            portion = objects[start : start + PORTION]
            ends = {item["_id"] for item in portion}
            lost = self._not_newer(self.inv.links_at(ends))
            self._remove_links(lost)
            ids = {"$in": sorted({item["id"] for item in portion})}
            query = {"environment": self.environment, "focal_point_id": ids}  # an index has both
            found = self._not_newer(self.inv.collection("cliques").find(query))
            gone = [item for item in found if item["focal_point"] in ends]
            self._keep_versions((item["_id"], item) for item in gone)
            self.inv.delete_by_keys("cliques", [item["_id"] for item in gone], self._guard)
            dropped += len(lost)
        return dropped

    def link_change(self, what: str, link: Mapping[str, Any], fields: Document) -> UpdateOne:
        """Return the change document of a link."""
        subject = {
            "kind": "link",
            "type": link["link_type"],
            "id": f"{link['source_id']} -> {link['target_id']} [{link['link_name']}]",
            "source_id": link["source_id"],
            "target_id": link["target_id"],
            "name": link["link_name"],
            "host": link.get("host", ""),
            "fields": fields,
        }
        return self._change_operation(
            what, subject | ({"was": dict(link)} if what == "removed" else {})
        )

    def _not_newer(self, documents: Iterable[Document]) -> list[Document]:
        return [document for document in documents if not self._is_newer(document)]

    def _remove_links(self, gone: Sequence[Mapping[str, Any]]) -> None:
        """Write changes, then links: if a worker dies in between, the rerun finds the
        same links.
        """
        if self.record_changes:
            self.inv.bulk("changes", [self.link_change("removed", link, {}) for link in gone])
        for link in gone:
            self.touched.note_link(link)
        self.inv.delete_by_keys("links", [link["_id"] for link in gone], self._guard)

    def _keep_versions(self, versions: Iterable[tuple[ObjectId, Mapping[str, Any] | None]]) -> None:
        """Keep cliques as they were until now; None: there was none. For time travel."""
        if self.record_changes:
            kept = [clique_version(key, old, self) for key, old in versions]
            self.inv.bulk("clique_versions", kept)

    def _write(
        self,
        name: str,
        found: Mapping[ObjectId, Document],
        stored: Mapping[ObjectId, Document],
    ) -> None:
        """Note the changes of links, then write the documents that differ and stamp the others."""
        stamp = self._stamp
        operations: list[Write] = []
        changes: list[UpdateOne] = []
        same: list[ObjectId] = []
        versions: list[tuple[ObjectId, Document | None]] = []
        for key, new in found.items():
            old = stored.get(key)
            if old is not None and self._is_newer(old):
                continue
            fields = {} if old is None else _difference(old, new)
            if old is not None and not fields:
                same.append(key)
                continue
            if old is None:
                operations.append(InsertOne(new | stamp))
            else:
                body = {field: value for field, value in new.items() if field != "_id"} | stamp
                operations.append(self._guarded(key, {"$set": body}))
            if name == "links":
                if old is None or not fields.keys().isdisjoint(LINK_FIELDS):
                    for version in (old, new):
                        self.touched.note_link(version) if version else None
                if self.record_changes:
                    changes.append(self.link_change("changed" if old else "added", new, fields))
            elif name == "cliques":
                versions.append((key, old))
        self.inv.bulk("changes", changes)
        self._keep_versions(versions)
        self.inv.bulk(name, operations)
        self.inv.update_by_keys(name, same, {"$set": stamp}, self._guard)


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field: {"old": old.get(field), "new": value}
        for field, value in new.items()
        if field != "_id" and field not in STAMPS and old.get(field) != value
    }
