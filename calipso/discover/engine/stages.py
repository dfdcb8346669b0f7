"""Stages: what one task of a scan does. Called with ids, answers with counts and evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.discover.engine.confirming import with_unconfirmed
from calipso.discover.engine.placement import environment_root
from calipso.discover.engine.scanner import Scanner
from calipso.discover.engine.scanners_metadata import ScannersMetadata
from calipso.discover.engine.sweep import Sweeper
from calipso.discover.find_links import ScanInfo
from calipso.discover.find_links_metadata import load_link_finders
from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.model.scan import ScanRequest, Stage
from calipso.sources.context import ScanContext
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_problems import ObjectProblems
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.stores.inventory.scan_inventory import gather_evidence
from calipso.stores.inventory.scan_writer import ScanWriter, WriterOptions
from calipso.stores.inventory.touched import EVERYTHING
from calipso.stores.scans.scan_store import ScanStore, below_of_record


class Stages:
    """Runs tasks of one scan in one process."""

    def __init__(
        self,
        scan: Document,
        context: ScanContext,
        metadata: ScannersMetadata,
        store: ScanStore,
    ) -> None:
        self.scan = scan
        self.context = context
        self.metadata = metadata
        self.store = store
        self.environment = context.environment.name
        self.inv = InventoryMgr(scan["inventory"])  # all of it, also what is gone
        self._whole = ScanRequest.model_validate(scan["request"]).whole_inventory()

    def run(self, task: Document, alive: Callable[[], None]) -> Document:
        """Run one task by its kind."""
        kinds: dict[str, Callable[[Document, Callable[[], None]], Document]] = {
            "fetch": self.fetch,
            Stage.SWEEP.value: self.sweep,
            Stage.PROBLEMS.value: self.problems,
            "links": self.links,
            "cliques": self.cliques,
        }
        return kinds[task["kind"]](task, alive)

    def fetch(self, task: Document, alive: Callable[[], None]) -> Document:
        """Fetch objects for the parents of the task and store them."""
        scanner = self._scanner(alive)
        entries = {entry.node: entry for entry in self.metadata.scanners[task["scanner"]]}
        result = scanner.run(
            [entries[node] for node in task["nodes"]],
            self._parents(task),
            child_ids=task.get("child_ids", ()),
            only_below=task.get("only_below", ()),
            id_field=task.get("id_field", "id"),
            alive=alive,
        )
        children = [
            {"level": task["level"] + depth, "scanner": name, "host": host, "parents": parents}
            for (depth, name, host), parents in result.children.items()
        ]
        return {
            "ran": True,
            "touched": self._touched(scanner.writer),
            "counts": result.counts,
            "failed": result.failed,
            "unread": result.unread,
            "children": children,
            "runs": [asdict(run) for run in result.runs],
            "problems": result.problems,
            "requests": result.requests,
        }

    def root_children(self, scanner: str, level: int, alive: Callable[[], None]) -> list[Document]:
        """Make the folders of the root scanner; returns what is to be scanned below them."""
        machine = self._scanner(alive)
        root = environment_root(self.environment)
        machine.make_folders(root, scanner, 0)
        return [
            {"level": level + depth, "scanner": name, "host": host, "parents": parents}
            for (depth, name, host), parents in machine.finish().items()
        ]

    def sweep(self, task: Document, alive: Callable[[], None]) -> Document:
        """Remove what was not found again, mark what could not be read."""
        sweeper = Sweeper(self.inv, self.environment, self.scan["_id"], **self._authority(alive))
        evidence = gather_evidence(self.store, self.scan["_id"])
        evidence = with_unconfirmed(self.store, self.scan, self.inv, evidence)
        below = below_of_record(task)
        clear = bool(self.scan["request"]["clear"]) and not below
        found = sweeper.judge(evidence, below=below, clear=clear)
        self.store.keep_highest(self.scan["_id"], found)
        sweeper.remove()
        problems = self._object_problems(alive)
        problems.judge(evidence, clear=clear)
        problems.place(everywhere=True)
        return {"ran": True, "touched": self._touched(sweeper)}

    def problems(self, _task: Document, alive: Callable[[], None]) -> Document:
        """Put on their objects the problems that link finders found, and take off what went."""
        self._object_problems(alive).place()
        return {"ran": True}

    def links(self, task: Document, alive: Callable[[], None]) -> Document:
        """Run one link finder and store its links."""
        finder = load_link_finders()[task["finder"]]()
        types, constraints = load_clique_types(self.inv)
        info = ScanInfo(
            environment=self.context.environment,
            clique_types=types,
            clique_constraints=constraints,
        )
        hosts: list[str] | None = task.get("hosts")
        finder.bind(self.environment, self.inv, info, hosts)
        writer, links = self._graph_writer(alive), finder.run()
        if hosts is None:
            found = writer.save_links(task["finder"], links)
        else:
            found = writer.save_links_of_hosts(task["finder"], links, hosts)
        self._object_problems(alive).report_of_finder(
            task["finder"],
            finder.problems,
            finder.unknown,
            by_host=finder.scope == "host",
            hosts=hosts,
        )
        return {
            "ran": True,
            "touched": self._touched(writer),
            "counts": {"links": found},
            "problems": finder.problems,
        }

    def cliques(self, task: Document, alive: Callable[[], None]) -> Document:
        """Find the cliques of one partition of focal points."""
        if task.get("reached"):
            return self._reached_cliques(task, alive)
        finder = self.context.shared("clique finder", self._clique_finder)
        fields = [*finder.fields_for(task["focal_type"]), "clique"]
        focal_points = self.inv.find_items({"_id": {"$in": task["parents"]}}, fields)
        flagged = {item["_id"] for item in focal_points if item.get("clique")}
        writer = self._graph_writer(alive)
        found = sum(writer.save_cliques(c, flagged) for c in finder.portions(focal_points))
        return {"ran": True, "counts": {"cliques": found}, "problems": finder.problems}

    def _reached_cliques(self, task: Document, alive: Callable[[], None]) -> Document:
        """Find the cliques of focal points that a change reaches, with the links around them."""
        types, constraints = load_clique_types(self.inv)
        finder = CliqueFinder.around(self.context.environment, types, constraints, self.inv)
        fields = [*finder.fields_for(task["focal_type"]), "clique"]
        focal_points = self.inv.find_items({"_id": {"$in": task["parents"]}}, fields)
        flagged = {item["_id"] for item in focal_points if item.get("clique")}
        cliques = finder.find_near(focal_points)
        writer = self._graph_writer(alive)
        found = writer.save_cliques(cliques, flagged)
        alone = {item["_id"] for item in focal_points} - {c["focal_point"] for c in cliques}
        writer.drop_cliques({finder.key_of(task["focal_type"], key): key for key in alone})
        return {"ran": True, "counts": {"cliques": found}, "problems": []}

    # -- parts -------------------------------------------------------------------------

    def _clique_finder(self) -> CliqueFinder:
        types, constraints = load_clique_types(self.inv)
        return CliqueFinder.from_inventory(self.context.environment, types, constraints, self.inv)

    def _parents(self, task: Document) -> list[Document]:
        keys = task["parents"]
        parents = self.inv.find_items({"_id": {"$in": keys}})
        root = object_key(self.environment, "environment", self.environment)
        return [*parents, environment_root(self.environment)] if root in keys else parents

    def _touched(self, writer: ScanWriter | Sweeper) -> Document:
        """What a task changed, as it is stored. After a scan of the whole inventory everything is
        found again, so nobody asks.
        """
        return EVERYTHING.as_document() if self._whole else writer.touched.as_document()

    def _authority(self, alive: Callable[[], None]) -> WriterOptions:
        """What each writer knows about the scan it writes for."""
        return {
            "generation": self.scan["generation"],
            "record_changes": self.scan["record_changes"],
            "alive": alive,
        }

    def _scanner(self, alive: Callable[[], None]) -> Scanner:
        writer = self._object_writer(alive)
        return Scanner(self.metadata, self.context, writer, self._object_problems(alive))

    def _object_problems(self, alive: Callable[[], None]) -> ObjectProblems:
        scan_id = self.scan["_id"]
        return ObjectProblems(self.inv, self.environment, scan_id, **self._authority(alive))

    def _object_writer(self, alive: Callable[[], None]) -> ObjectWriter:
        return ObjectWriter(self.inv, self.environment, self.scan["_id"], **self._authority(alive))

    def _graph_writer(self, alive: Callable[[], None]) -> GraphWriter:
        return GraphWriter(self.inv, self.environment, self.scan["_id"], **self._authority(alive))
