"""The plan of a scan: which level comes next, and the tasks it is made of.

Levels are walked breadth first. Those of the inventory come from the scan tree; after them
come sweep, link finders, implicit links and cliques, each a level of its own. Task ids are
derived from scan, level and position, so that planning twice gives the same tasks.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from calipso.discover.engine.narrow import LinkWork
from calipso.discover.engine.scanners_metadata import FetchType, ScannersMetadata
from calipso.model.documents import Document
from calipso.model.environment import Environment
from calipso.model.scan import Stage
from calipso.model.sources import asks_hosts

NAMESPACE = uuid.UUID("6f0c8c1e-5b7e-4c53-9a55-0d5f6f2f9b1a")

#: Focal points whose cliques one task finds.
FOCAL_POINTS = 500


@dataclass
class Level:
    """One level: chains of tasks. Chains run beside each other, the tasks of a chain in order."""

    number: int
    stage: Stage
    title: str
    chains: list[list[Document]] = field(default_factory=list)

    def tasks(self) -> list[Document]:
        """All tasks of the level."""
        return [task for chain in self.chains for task in chain]


class Planner:
    """Makes the tasks of levels for one scan."""

    def __init__(self, scan_id: str, environment: Environment, metadata: ScannersMetadata) -> None:
        self.scan_id = scan_id
        self.environment = environment
        self.metadata = metadata

    def fetch_level(
        self,
        number: int,
        groups: Iterable[tuple[str, str, ObjectId]],
        *,
        only_types: frozenset[str] = frozenset(),
        level: Level | None = None,
        **keep: Any,
    ) -> Level:
        """The level that runs scanners for parents: groups are (scanner, host, parent `_id`).

        `keep` limits what is kept of what they find: `child_ids`, `only_below`; `places` are the
        id_paths that it keeps. With `level`, the tasks are added to that one.
        """
        by_scanner: dict[str, list[tuple[str, ObjectId]]] = defaultdict(list)
        for scanner, host, parent in groups:
            by_scanner[scanner].append((host, parent))
        level = level or Level(number, Stage.INVENTORY, "")
        titles = {*filter(None, level.title.split(", ")), *by_scanner}
        level.title = ", ".join(sorted(titles))
        for scanner in sorted(by_scanner):
            steps = self._steps(scanner, only_types)
            if not steps:
                continue
            size = self._batch_size(steps)
            for host, parents in self._by_queue(steps, by_scanner[scanner]):
                for batch in _batches(parents, size):
                    self._add_chain(level, scanner, steps, batch, keep, host)
        return level

    def single(self, number: int, stage: Stage, title: str, **more: Any) -> Level:
        """A level of one task."""
        level = Level(number, stage, title)
        level.chains.append([self._task(level, stage.value, queue_of(stage), title, **more)])
        return level

    def links_level(
        self, number: int, stage: Stage, finders: Iterable[str], work: LinkWork | None = None
    ) -> Level:
        """The level of link finders, one task each; with `work`, of what changed only."""
        level = Level(number, stage, "link finders")
        for finder in finders if work is None else (*work.by_host, *work.whole):
            some = work is not None and finder in work.by_host
            limits: dict[str, Any] = {"hosts": work.hosts} if work and some else {}
            task = self._task(level, "links", "links", finder, finder=finder, **limits)
            level.chains.append([task])
        return level

    def cliques_level(
        self, number: int, focal_points: dict[str, list[ObjectId]], **more: Any
    ) -> Level:
        """The level of clique finding: a task a partition of focal points of one type."""
        level = Level(number, Stage.CLIQUES, "cliques")
        for focal_type in sorted(focal_points):
            for batch in _batches(sorted(focal_points[focal_type]), FOCAL_POINTS):
                title = f"{focal_type} cliques"
                level.chains.append(
                    [
                        self._task(
                            level,
                            "cliques",
                            "cliques",
                            title,
                            focal_type=focal_type,
                            parents=batch,
                            **more,
                        )
                    ]
                )
        return level

    # -- parts -------------------------------------------------------------------------

    def _steps(self, scanner: str, only_types: frozenset[str]) -> list[list[FetchType]]:
        """Fetch types of a scanner; neighbours of one source are one step."""
        steps: list[list[FetchType]] = []
        for fetch_type in self.metadata.scanners[scanner]:
            if fetch_type.folder is not None or not fetch_type.applies_to(self.environment):
                continue
            if only_types and fetch_type.type not in only_types:
                continue
            if steps and self._source(steps[-1][0]) == self._source(fetch_type):
                steps[-1].append(fetch_type)
            else:
                steps.append([fetch_type])
        return steps

    def _by_queue(
        self, steps: list[list[FetchType]], parents: Iterable[tuple[str, ObjectId]]
    ) -> list[tuple[str, list[ObjectId]]]:
        """Parents whose hosts are read from one queue, with one of these hosts; sorted by host."""
        of_hosts = next((s for step in steps if asks_hosts(s := self._source(step[0]))), "")
        found: dict[str, tuple[str, list[ObjectId]]] = {}
        for host, parent in sorted(set(parents)):
            queue = self.environment.queues.of(of_hosts, host) if of_hosts else ""
            found.setdefault(queue, (host, []))[1].append(parent)
        return list(found.values())

    def _source(self, fetch_type: FetchType) -> str:
        return self.metadata.fetcher_class(fetch_type.fetcher).queue_source()

    def _batch_size(self, steps: list[list[FetchType]]) -> int | None:
        classes = [self.metadata.fetcher_class(f.fetcher) for step in steps for f in step]
        sizes = [found.batch_size for found in classes if found.batch_size is not None]
        return min(sizes) if sizes else None

    def _id_field(self, scanner: str) -> str:
        """The field of a parent that the fetch type above this scanner wants handed down."""
        for entries in self.metadata.scanners.values():
            for entry in entries:
                if entry.children_scanner == scanner:
                    return entry.child_id_field
        return "id"

    def _add_chain(
        self,
        level: Level,
        scanner: str,
        steps: list[list[FetchType]],
        batch: list[ObjectId],
        keep: Document,
        host: str,
    ) -> None:
        chain: list[Document] = []
        for step in steps:
            source = self._source(step[0])
            chain.append(
                self._task(
                    level,
                    "fetch",
                    self.environment.queues.of(source, host),
                    f"{scanner}: {', '.join(f.fetcher for f in step)}",
                    position=len(chain),
                    source=source,
                    scanner=scanner,
                    nodes=[f.node for f in step],
                    fetchers=[f.fetcher for f in step],
                    id_field=self._id_field(scanner),
                    parents=batch,
                    first_host=host,
                    **keep,
                )
            )
        ids = [task["_id"] for task in chain]
        for task, following in zip(chain, [*ids[1:], None], strict=True):
            task["next"] = following
        level.chains.append(chain)

    def _task(
        self, level: Level, kind: str, queue: str, title: str, position: int = 0, **more: Any
    ) -> Document:
        order = len(level.chains) * 100 + position
        name = f"{self.scan_id}/{level.number}/{kind}/{order}"
        return {
            "_id": str(uuid.uuid5(NAMESPACE, name)),
            "scan_id": self.scan_id,
            "level": level.number,
            "order": level.number * 10_000_000 + order,
            "position": position,
            "kind": kind,
            "queue": queue,
            "source": queue,
            "title": title,
            "state": "pending",
            "done": False,
            "attempts": 0,
            "next": None,
            **more,
        }


def queue_of(stage: Stage) -> str:
    """The queue a stage runs on."""
    return {Stage.CLIQUES: "cliques", Stage.LINKS: "links", Stage.IMPLICIT_LINKS: "links"}.get(
        stage, "scan"
    )


def _batches(items: Sequence[ObjectId], size: int | None) -> list[list[ObjectId]]:
    step = size or max(len(items), 1)
    return [list(items[start : start + step]) for start in range(0, len(items), step)]
