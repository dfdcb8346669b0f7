"""Scanner: runs one step of a scan: fetch for some parents, store, name the children."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bson import ObjectId

from calipso.discover.engine.fetch_problems import (
    Reports,
    Storable,
    found_of,
    misplaced,
    problem_of,
    storable_objects,
    unread_of,
)
from calipso.discover.engine.placement import Placement
from calipso.discover.engine.scanners_metadata import OWN_PACKAGE, FetchType, ScannersMetadata
from calipso.errors import CalipsoError
from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.model.scan import Problem
from calipso.sources.context import ScanContext
from calipso.sources.fetcher import Fetcher, Outcome
from calipso.stores.inventory.object_problems import ObjectProblems
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.stores.inventory.scan_inventory import is_at_or_below
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.utils.metadata_parser import load_class

log = logging.getLogger(__name__)

#: Levels below a fetch type that is `last`: below what any tree has.
LAST_LEVEL = 100


@dataclass
class Run:
    """How one fetch type went for the parents of one host: a line of the coverage report."""

    fetcher: str
    source: str
    host: str
    read: int = 0
    failed: int = 0
    objects: int = 0
    seconds: float = 0.0


@dataclass
class StepResult:
    """What a step did: the evidence that sweep, coverage and the next levels are made from."""

    counts: dict[str, int] = field(default_factory=dict)
    #: node of the tree -> `_id` of parents whose fetch failed
    failed: dict[str, list[ObjectId]] = field(default_factory=dict)
    #: `_id` of objects that a fetch could not read although it read others of the same parent
    unread: list[ObjectId] = field(default_factory=list)
    #: (steps below this one, scanner, host) -> `_id` of the parents to scan there
    children: dict[tuple[int, str, str], list[ObjectId]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)


class Scanner:
    """Runs fetch types of the scan tree for one scan in one process."""

    def __init__(
        self,
        metadata: ScannersMetadata,
        context: ScanContext,
        writer: ObjectWriter,
        problems: ObjectProblems,
    ) -> None:
        self.metadata = metadata
        self.context = context
        self.writer = writer
        self.problems = problems
        self.environment = context.environment.name
        self.placement = Placement(context.inv, self.environment)
        self._children: dict[tuple[int, str, str], list[ObjectId]] = defaultdict(list)
        self._child_ids: frozenset[str] = frozenset()
        self._only_below: tuple[str, ...] = ()

    def run(
        self,
        fetch_types: Sequence[FetchType],
        parents: Sequence[Document],
        *,
        child_ids: Iterable[str] = (),
        only_below: Iterable[str] = (),
        id_field: str = "id",
        alive: Callable[[], None] = lambda: None,
    ) -> StepResult:
        """Run fetch types one after the other for the same parents.

        `id_field` is the field of the parents given to the fetchers; `child_ids` keeps only these
        objects, `only_below` what lies at or below these id_paths, both together what fits one of
        them. `alive` is called between parents.
        """
        result = StepResult()
        self._child_ids, self._only_below = frozenset(child_ids), tuple(only_below)
        self.context.set_parents(parents)
        self.context.begin_task()
        self.placement.learn(parents)
        for fetch_type in fetch_types:
            self._run_one(fetch_type, parents, id_field, result, alive)
            self.writer.flush()  # later fetch types may read what this one stored
        problems, requests = self.context.drain()
        result.problems += problems
        result.requests = dict(requests)
        result.counts = dict(self.writer.counts)
        result.children = self.finish()
        return result

    def finish(self) -> dict[tuple[int, str, str], list[ObjectId]]:
        """Write what is buffered; returns what is to be scanned below the stored objects."""
        self.writer.flush()
        return dict(self._children)

    def make_folders(self, parent: Document, scanner: str, depth: int) -> None:
        """Make the folders that a scanner puts below an object, and queue what is below them."""
        has_fetchers = False
        for fetch_type in self.metadata.scanners[scanner]:
            if not fetch_type.applies_to(self.context.environment):
                continue
            if fetch_type.folder is None:
                has_fetchers = True
                continue
            folder_class = load_class("FolderFetcher", OWN_PACKAGE)
            for item in folder_class(fetch_type.folder).get(parent["id"]):
                (folder,) = self.placement.place(parent, item, fetch_type.type)
                self._store(fetch_type, "folder", parent, folder, depth + 1)
        if has_fetchers:
            host = parent["id"] if parent["type"] == "host" else parent.get("host", "")
            self._children[(depth, scanner, str(host))].append(parent["_id"])

    # -- parts -------------------------------------------------------------------------

    def _run_one(
        self,
        fetch_type: FetchType,
        parents: Sequence[Document],
        id_field: str,
        result: StepResult,
        alive: Callable[[], None],
    ) -> None:
        fetcher = self._fetcher(fetch_type)
        by_id: dict[str, list[Document]] = defaultdict(list)
        for parent in parents:
            by_id[str(parent.get(id_field) or parent["id"])].append(parent)
        runs: dict[tuple[str, str], Run] = {}
        started = time.monotonic()
        reports = Reports(self.context)
        for asked, outcome in outcomes(fetcher, list(by_id)):
            same = by_id[asked]
            alive()
            host = str(same[0]["id"] if same[0]["type"] == "host" else same[0].get("host", ""))
            found = storable_objects(found_of(outcome), fetch_type, fetcher)
            unread = unread_of(outcome, found, self.environment, fetch_type.type)
            source = fetcher.queue_source()
            run = runs.setdefault((host, source), Run(fetch_type.fetcher, source, host))
            if isinstance(outcome, Exception):
                problem = problem_of(outcome, fetch_type, fetcher, host, asked)
                result.problems.append(problem)
                if unread is None:  # it counts under the source that failed
                    source = problem.source
                    run = runs.setdefault((host, source), Run(fetch_type.fetcher, source, host))
            if unread is None:
                run.failed += len(same)
                result.failed.setdefault(fetch_type.node, []).extend(p["_id"] for p in same)
            else:
                run.read += len(same)
                result.unread += unread
            run.objects += len(found.kept)
            self._store_all(fetch_type, fetcher, same[0], found)
            reports.add(same[0], fetch_type.type, found.kept)
            run.seconds += time.monotonic() - started
            started = time.monotonic()
        for parent, problems in reports.by_parent():
            found_by = _fetched_by(fetch_type, fetcher.source_name, parent)
            self.problems.report(problems, found_by)
        if not fetcher.derives:  # it read no source, so the coverage report has no line for it
            result.runs += runs.values()

    def _fetcher(self, fetch_type: FetchType) -> Fetcher:
        fetcher = self.metadata.fetcher_class(fetch_type.fetcher)()
        fetcher.bind(self.context)
        return fetcher

    def _store_all(
        self,
        fetch_type: FetchType,
        fetcher: Fetcher,
        parent: Document,
        found: Storable,
    ) -> None:
        for problem in found.problems:
            self.context.problem(problem)
        objects = found.kept
        if self._child_ids and not self._only_below:
            objects = [item for item in objects if str(item["id"]) in self._child_ids]
        if fetcher.enriches:
            for item in objects:
                self.writer.add({**item, "type": fetch_type.type}, enriches=True)
            return
        self.placement.prefetch(parent, objects)
        everything = (self.placement.place(parent, item, fetch_type.type) for item in objects)
        for placed in self._inside(list(everything)) if self._only_below else everything:
            missing = placed[-1].pop("misplaced", None)
            if missing is not None:
                self.context.problem(misplaced(placed[-1], missing, fetch_type, fetcher))
            for document in placed:
                self._store(fetch_type, fetcher.source_name, parent, document, 1)

    def _inside(self, placed: list[list[Document]]) -> list[list[Document]]:
        """Of a fetch's objects (each after its folder): those in the part that is scanned.

        One that has moved out of the part belongs to them, or the sweep would remove it.
        """
        outside = {
            object_key(self.environment, path[-1]["type"], path[-1]["id"])
            for path in placed
            if not is_at_or_below(path[-1]["id_path"], self._only_below)
            and str(path[-1]["id"]) not in self._child_ids
        }
        known = self.placement.read(sorted(outside))
        moved = {item["_id"] for item in known if is_at_or_below(item["id_path"], self._only_below)}
        left_out = outside - moved
        return [
            path
            for path in placed
            if object_key(self.environment, path[-1]["type"], path[-1]["id"]) not in left_out
        ]

    def _store(
        self, fetch_type: FetchType, source: str, parent: Document, document: Document, depth: int
    ) -> None:
        """Stamp and buffer one object; make the folders below it."""
        document["fetched_by"] = _fetched_by(fetch_type, source, parent)
        on_demand = document.pop("on_demand", False)
        stored = {key: value for key, value in document.items() if key != "create_object"}
        key = self.writer.add(stored)
        if on_demand:
            self.placement.learn([stored])
            return
        if fetch_type.children_scanner and document["type"] == fetch_type.type:
            if fetch_type.last:
                depth = LAST_LEVEL
            self.make_folders(stored | {"_id": key}, fetch_type.children_scanner, depth)


def _fetched_by(fetch_type: FetchType, source: str, parent: Document) -> Document:
    """The evidence that an object or a problem is stored with."""
    return {
        "node": fetch_type.node,
        "scanner": fetch_type.scanner,
        "fetcher": fetch_type.fetcher or "FolderFetcher",
        "source": source,
        "parent": parent["_id"],
        "parent_id": parent["id"],
        "parent_type": parent["type"],
    }


def outcomes(fetcher: Fetcher, parent_ids: list[str]) -> Iterator[Outcome]:
    """One outcome for each parent, whatever the fetcher does; only a failing store is raised.

    A parent that it passes over in silence was not read: what is known below it must stay.
    """
    open_ids = dict.fromkeys(parent_ids)
    failure: Exception = CalipsoError(
        f"{type(fetcher).__name__} gives no outcome for some of its parents",
        hint="get_many has to yield each parent, with a list or an error.",
    )
    try:
        for asked, outcome in fetcher.get_many(parent_ids):
            if isinstance(outcome, Exception) and is_store_error(outcome):
                raise outcome
            if asked in open_ids:
                del open_ids[asked]
                yield asked, outcome
    except Exception as error:
        if is_store_error(error):
            raise
        failure = error
    for asked in open_ids:
        yield asked, failure
