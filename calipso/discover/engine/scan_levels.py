"""Levels: which level of a scan follows which.

level 0 -> ... -> sweep -> links -> implicit links -> problems -> cliques
"""

from __future__ import annotations

from bson import ObjectId

from calipso.discover.cliques.clique_finder import select_clique_types
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.discover.engine.fingerprint import fingerprint
from calipso.discover.engine.narrow import focal_points, link_work, links_changed
from calipso.discover.engine.scan_plan import Level, Planner
from calipso.discover.engine.scan_start import first_groups, parts_of
from calipso.discover.engine.scanners_metadata import ScannersMetadata
from calipso.discover.engine.stages import Stages
from calipso.discover.find_links_metadata import load_link_finders
from calipso.model.documents import Document
from calipso.model.scan import Stage
from calipso.sources.context import ScanContext
from calipso.stores.inventory.fence import Fence
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.object_problems import ObjectProblems
from calipso.stores.scans.scan_store import ScanStore, below_of_record


class Levels:
    """Plans the levels of one scan. What it writes is fenced by the level the scan is in."""

    def __init__(
        self, scan_id: str, store: ScanStore, context: ScanContext, metadata: ScannersMetadata
    ) -> None:
        self.scan_id = scan_id
        self.store = store
        self.context = context
        self.metadata = metadata
        self.environment = context.environment.name
        self.planner = Planner(scan_id, context.environment, metadata)

    def first(self, scan: Document) -> Level | None:
        """The level a scan begins with; None when there is nothing to do."""
        request = scan["request"]
        if request["links_only"]:
            return self._links(scan, 1, Stage.LINKS)
        if request["cliques_only"]:
            return self._cliques(1)
        if request.get("parts"):
            return self._first_of_parts(request["parts"])
        stages = Stages(scan, self.context, self.metadata, self.store)
        start = first_groups(request, self.context, self.metadata)
        groups = start.groups
        if start.root:
            children = stages.root_children(start.root, 1, self._fence(scan))
            self.store.update(self.scan_id, {"root_children": children})
            return self._fetch_level(1, children) or self._after_inventory(1)
        self.store.update(self.scan_id, {"below": start.below})
        return self.planner.fetch_level(
            1,
            groups,
            only_types=start.only_types,
            child_ids=start.child_ids,
            only_below=start.only_below,
        )

    def _first_of_parts(self, wanted: list[Document]) -> Level | None:
        """The first level of a scan of several parts; None when none of them is there."""
        level: Level | None = None
        parts = parts_of(wanted, self.context, self.metadata)
        below = tuple(sorted({place for part in parts for place in part.places}))
        self.store.update(self.scan_id, {"below": below})
        for part in parts:
            level = self.planner.fetch_level(
                1, part.groups, only_types=part.only_types, level=level, **part.keep()
            )
        return level

    def following(self, scan: Document) -> Level | None:
        """The level after the one a scan is in; None when the scan has come to its end."""
        number, stage = scan["level"] + 1, Stage(scan["stage"])
        request = scan["request"]
        if stage is Stage.INVENTORY:
            children = list(scan.get("root_children", []))
            for task in self.store.scan_tasks(self.scan_id, "children", kind="fetch"):
                children += task.get("children", [])
            return self._fetch_level(number, children) or self._after_inventory(number)
        if stage is Stage.SWEEP and request["inventory_only"]:
            return None
        if stage is Stage.SWEEP:
            links = self._links_after_inventory(scan, number)
            if links.chains:
                return links
            stage = Stage.LINKS
        if stage is Stage.LINKS:
            if not scan.get("narrow") or links_changed(self.store, scan):
                implicit = self._links(scan, number, Stage.IMPLICIT_LINKS)
                if implicit.chains:
                    return implicit
            stage = Stage.IMPLICIT_LINKS
        if stage is Stage.IMPLICIT_LINKS:
            if self._object_problems(scan).waiting():
                return self.planner.single(number, Stage.PROBLEMS, "put problems on objects")
            stage = Stage.PROBLEMS
        if stage is Stage.PROBLEMS and not request["links_only"]:
            found = focal_points(self.store, scan, self.context) if scan.get("narrow") else None
            if found is not None:
                return self._level_of_cliques(number, found, reached=True)
            return self._cliques(number)
        return None

    def _fetch_level(self, number: int, children: list[Document]) -> Level | None:
        """The next level that has anything to do, at or after this number."""
        later = sorted({child["level"] for child in children if child["level"] >= number})
        for wanted in later:
            groups: list[tuple[str, str, ObjectId]] = [
                (child["scanner"], child["host"], parent)
                for child in children
                if child["level"] == wanted
                for parent in child["parents"]
            ]
            level = self.planner.fetch_level(wanted, groups)
            if level.chains:
                return level
        return None

    def _after_inventory(self, number: int) -> Level:
        scan = self.store.get(self.scan_id)
        title = "remove what is gone"
        return self.planner.single(number, Stage.SWEEP, title, below=below_of_record(scan))

    def _links_after_inventory(self, scan: Document, number: int) -> Level:
        """The link finders: all, or those of what the scan changed."""
        scan["fingerprint"] = fingerprint(self.context.environment, self.context.inv)
        work = link_work(self.store, scan, self.context)
        scan["narrow"] = work is not None
        noted = {name: scan[name] for name in ("fingerprint", "narrow")}
        self.store.update(self.scan_id, noted, level=scan["level"])
        if work is not None:
            return self.planner.links_level(number, Stage.LINKS, (), work)
        return self._links(scan, number, Stage.LINKS)

    def _links(self, scan: Document, number: int, stage: Stage) -> Level:
        late = stage is Stage.IMPLICIT_LINKS
        known = load_link_finders()
        if not late:
            self._drop_links_of_former_finders(scan, list(known))
            self._object_problems(scan).drop_of_other_finders(known)
        finders = [name for name, found in known.items() if found.after_others is late]
        return self.planner.links_level(number, stage, finders)

    def _cliques(self, number: int) -> Level | None:
        inv = self.context.inv
        types, _ = load_clique_types(inv)
        chosen, _ = select_clique_types(self.context.environment, types)
        every = {
            focal_type: [item["_id"] for item in inv.find(self.environment, focal_type, ["id"])]
            for focal_type in chosen
        }
        return self._level_of_cliques(number, every)

    def _level_of_cliques(
        self, number: int, focal_points: dict[str, list[ObjectId]], **more: bool
    ) -> Level | None:
        level = self.planner.cliques_level(number, focal_points, **more)
        return level if level.chains else None

    def _drop_links_of_former_finders(self, scan: Document, known: list[str]) -> None:
        """A finder replaces its own links only: those of one that is gone would stay for ever."""
        authority = self._authority(scan)
        writer = GraphWriter(self.context.inv, self.environment, self.scan_id, **authority)
        writer.drop_links_of_others(known)

    def _object_problems(self, scan: Document) -> ObjectProblems:
        authority = self._authority(scan)
        return ObjectProblems(self.context.inv, self.environment, self.scan_id, **authority)

    def _authority(self, scan: Document) -> Document:
        """What a planner's writer must know of the scan it writes for."""
        return {
            "generation": scan["generation"],
            "record_changes": scan["record_changes"],
            "alive": self._fence(scan),
        }

    def _fence(self, scan: Document) -> Fence:
        """Stops what a planner writes when another one has moved the scan on."""
        return Fence(self.store, self.scan_id, level=scan["level"])
