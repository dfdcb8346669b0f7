"""ObjectProblems: problems that fetchers and link finders reported on objects.

A reported problem is stored in `object_problems` with the same evidence as objects. It stays until
the same fetch of the same parent, or the same link finder, succeeds again and does not report it.
`place` copies the problems of each object into its field `problems` and records which problems
appeared or went.

Every step may stop and run again: a problem that changed, or that must go, is `pending` until
`place` has written the object.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from calipso.model.documents import Document
from calipso.model.inventory import derived_key, object_key
from calipso.model.scan import Problem
from calipso.stores.inventory.inventory_mgr import Write
from calipso.stores.inventory.scan_inventory import Evidence
from calipso.stores.inventory.scan_writer import ScanWriter
from calipso.stores.mongo.embedded import PORTION

COLLECTION = "object_problems"
OBJECT_FIELDS = ("type", "id", "name", "host", "id_path", "problems", "generation")


class ObjectProblems(ScanWriter):
    """The problems of one environment's objects, as one scan writes them."""

    # -- reporting ---------------------------------------------------------------------

    def report(
        self, problems: Iterable[Problem], found_by: Mapping[str, Any], part: str = ""
    ) -> int:
        """Store the problems that name an object and a code; returns their number.

        `found_by` is the evidence: `scanner`, `fetcher`, `parent`, `parent_id` and `parent_type` of
        a fetch, or `finder`. Call it once with all problems of one fetch of one parent. `part` is
        the host, for a finder that looks at each host for itself.
        """
        found: dict[ObjectId, Document] = {}
        texts: dict[ObjectId, set[tuple[str, str]]] = defaultdict(set)
        for problem in problems:
            if problem.code and problem.object_type and problem.object_id:
                row = self._row(problem, found_by, part)
                found[row["_id"]] = row
                texts[row["_id"]].add((problem.message, problem.hint))
        for key, row in found.items():
            # several problems of one code, such as two lost interfaces, are one with all messages
            row["message"], row["hint"] = map(_joined, zip(*sorted(texts[key]), strict=True))
        self._store(found)
        return len(found)

    def report_of_finder(
        self,
        finder: str,
        problems: Sequence[Problem],
        unknown: Collection[tuple[str, str, str]] = (),
        *,
        by_host: bool = False,
        hosts: Collection[str] | None = None,
    ) -> int:
        """Replace the problems of one link finder by these; returns their number.

        `unknown` are those that it could neither find nor rule out, as (type, id, code) of their
        object: what is stored of them stays. `by_host`: each problem is of one host; with `hosts`
        the finder has looked at these hosts only, and problems of other hosts stay.
        """
        count = 0
        for part in sorted({problem.host if by_host else "" for problem in problems}):
            own = [p for p in problems if not by_host or p.host == part]
            count += self.report(own, {"finder": finder}, part)
        rows = self._rows({"environment": self.environment, "found_by.finder": finder})
        self._retire(
            row
            for row in rows
            if (row["type"], row["id"], row["code"]) not in unknown
            and (hosts is None or row.get("part", "") in hosts)
        )
        return count

    # -- problems that go -----------------------------------------------------------

    def judge(self, evidence: Evidence, *, clear: bool = False) -> None:
        """Mark problems that fetches of this scan did not report again, or whose object is gone.

        A problem also goes with the parent of its fetch, because that fetch never runs again,
        unless its object could not be read. `clear` means the same as in the sweep of objects,
        which comes before.
        """
        rows = self._rows({"environment": self.environment})
        objects = self.inv.find_by_keys({row["object"] for row in rows}, ["id_path", "stale_since"])
        parents = {row["found_by"]["parent"] for row in rows if "parent" in row["found_by"]}
        known = self.inv.find_by_keys(parents, ["stale_since"])
        known[object_key(self.environment, "environment", self.environment)] = {}
        self._retire(
            row
            for row in rows
            if row["object"] not in objects
            or (
                "finder" not in row["found_by"]
                and _is_over(row, objects[row["object"]], known, evidence, clear)
            )
        )

    def drop_of_other_finders(self, finders: Iterable[str]) -> None:
        """Mark the problems of link finders that are not in this list."""
        known = {*finders, None}
        rows = self._rows({"environment": self.environment})
        self._retire([row for row in rows if row["found_by"].get("finder") not in known])

    # -- placing -----------------------------------------------------------------------

    def waiting(self) -> bool:
        """True when problems changed that are not on their objects yet."""
        return bool(self._rows({"environment": self.environment, "pending": True}, {"_id": 1}, 1))

    def place(self, *, everywhere: bool = False) -> int:
        """Put problems on their objects, and record each that appeared, changed or went.

        It handles objects whose problems changed; with `everywhere`, all objects with problems.
        Returns the number of written objects.
        """
        query: Document = {"environment": self.environment}
        rows = self._rows(query if everywhere else query | {"pending": True}, {"object": 1})
        keys = sorted({row["object"] for row in rows})
        written = 0
        for start in range(0, len(keys), PORTION):
            self.alive()
            written += self._place(keys[start : start + PORTION])
        return written

    # -- parts -------------------------------------------------------------------------

    def _rows(
        self, query: Document, fields: Mapping[str, int] | None = None, limit: int = 0
    ) -> list[Document]:
        found = self.inv.collection(COLLECTION).find(query, fields, batch_size=1000)
        return list(found.limit(limit))

    def _row(self, problem: Problem, found_by: Mapping[str, Any], part: str) -> Document:
        by = dict(found_by)
        about = (self.environment, problem.object_type, problem.object_id, problem.code)
        evidence = [str(by.get(name, "")) for name in ("finder", "scanner", "fetcher", "parent")]
        evidence += [part] if part else []
        return ({"part": part} if part else {}) | {
            "_id": derived_key(*about, *evidence),
            "environment": self.environment,
            "object": object_key(*about[:3]),
            "type": problem.object_type,
            "id": problem.object_id,
            "code": problem.code,
            "found_by": by,
        }

    def _store(self, found: Mapping[ObjectId, Document]) -> None:
        keys = list(found)
        for start in range(0, len(keys), PORTION):
            self.alive()
            portion = keys[start : start + PORTION]
            stored = {row["_id"]: row for row in self._rows({"_id": {"$in": portion}})}
            operations: list[Write] = []
            for key in portion:
                old = stored.get(key, {})
                if old.get("generation", 0) > self.generation:
                    continue
                fields = {name: value for name, value in found[key].items() if name != "_id"}
                fields["since"] = old.get("since", self._now)
                if old.get("gone") or any(old.get(k) != v for k, v in fields.items()):
                    fields |= {"pending": True, "gone": False}
                operations.append(
                    UpdateOne(
                        {"_id": key} | self._guard, {"$set": fields | self._stamp}, upsert=not old
                    )
                )
            self.inv.bulk(COLLECTION, operations)

    def _retire(self, rows: Iterable[Document]) -> None:
        """Mark problems that must go. Problems that this or a later scan reported stay."""
        old = [row["_id"] for row in rows if row.get("generation", 0) < self.generation]
        self.alive()
        going = {"$set": {"gone": True, "pending": True}}
        self.inv.update_by_keys(COLLECTION, old, going, self._guard)

    def _place(self, keys: Sequence[ObjectId]) -> int:
        rows: dict[ObjectId, list[Document]] = defaultdict(list)
        for row in self._rows({"object": {"$in": list(keys)}}):
            rows[row["object"]].append(row)
        objects = self.inv.find_by_keys(keys, OBJECT_FIELDS)
        changes: list[UpdateOne] = []
        operations: list[Write] = []
        for key, item in objects.items():
            entries, old = _entries(rows[key]), item.get("problems") or []
            if entries == old or self._is_newer(item):
                continue
            changes += self._changes(item, old, entries)
            update = {"$set": {"problems": entries}} if entries else {"$unset": {"problems": ""}}
            operations.append(self._guarded(key, update))
        # Write changes first and marks last: a rerun after a crash finds the same difference.
        self.inv.bulk("changes", changes)
        self.inv.bulk("inventory", operations)
        self._settle([row for some in rows.values() for row in some], objects)
        return len(operations)

    def _settle(self, rows: Sequence[Document], objects: Mapping[ObjectId, Document]) -> None:
        """Remove the problems that went, and remove the mark of those that are on their object."""
        gone = [r["_id"] for r in rows if r.get("gone") or r["object"] not in objects]
        since: dict[tuple[ObjectId, str], Any] = {}
        for row in rows:
            about = row["object"], row["code"]
            since[about] = min(row["since"], since.get(about, row["since"]))
        placed: list[Write] = [
            UpdateOne(
                {"_id": row["_id"]},
                {"$set": {"pending": False, "since": since[row["object"], row["code"]]}},
            )
            for row in rows
            if row["_id"] not in gone
            and (row["pending"] or row["since"] != since[row["object"], row["code"]])
        ]
        self.inv.bulk(COLLECTION, placed)
        self.inv.delete_by_keys(COLLECTION, gone, self._guard)

    def _changes(
        self, item: Document, old: Sequence[Document], new: Sequence[Document]
    ) -> list[UpdateOne]:
        before = {entry["code"]: entry["message"] for entry in old}
        after = {entry["code"]: entry["message"] for entry in new}
        fields: Document = {}
        for code in sorted(before.keys() | after.keys()):
            if before.get(code) != after.get(code):
                sides = {"old": before.get(code), "new": after.get(code)}
                fields[f"problems.{code}"] = {k: v for k, v in sides.items() if v is not None}
        if not fields or not self.record_changes:
            return []
        return [self._object_change("changed", item, fields, {"problems": list(old) or None})]


def _is_over(
    row: Document,
    item: Document,
    parents: Mapping[ObjectId, Document],
    evidence: Evidence,
    clear: bool,
) -> bool:
    """True for a problem that no fetch reports any more, by what this scan read."""
    by = row["found_by"]
    about = {"_id": row["object"], "fetched_by": by, "id_path": item["id_path"]}
    if evidence.covers(about):
        return True
    stale = "stale_since" in item
    if "parent" in by and by["parent"] not in parents:
        return not stale
    unread = stale or "stale_since" in parents.get(by.get("parent"), {})
    return clear and not unread and not evidence.lacks(about)


def _entries(rows: Iterable[Document]) -> list[Document]:
    """Return the field `problems` of an object: one entry for each remaining code, in order."""
    by_code: dict[str, list[Document]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["_id"])):
        by_code[row["code"]].append(row)
    return [
        _entry(code, left, min(row["since"] for row in by_code[code]))
        for code in sorted(by_code)
        if (left := [row for row in by_code[code] if not row.get("gone")])
    ]


def _entry(code: str, rows: Sequence[Document], since: Any) -> Document:
    by = rows[0]["found_by"]
    return {
        "code": code,
        "message": _joined(row["message"] for row in rows),
        "hint": _joined(row["hint"] for row in rows),
        "since": since,
        "found_by": {name: value for name, value in by.items() if name != "parent"},
    }


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
