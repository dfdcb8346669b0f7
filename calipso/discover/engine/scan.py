"""Scan: the plan of a scan, one task or one level at a time. Knows no Celery.

    start -> level 0 -> ... -> sweep -> links -> implicit links -> cliques -> finish

Whoever drives it (Celery tasks, or `run_local` in one process) calls `start`, then `run_task`
for every task of a published level, then `advance`. Each of them may be called again at any
time: what is done is not done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from bson import ObjectId

from calipso.discover.cliques.clique_finder import select_clique_types
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.discover.engine.scan_finish import finish_scan
from calipso.discover.engine.scan_plan import Level, Planner
from calipso.discover.engine.scan_start import first_groups
from calipso.discover.engine.scanners_metadata import ScannersMetadata
from calipso.discover.engine.stages import Stages
from calipso.discover.find_links_metadata import load_link_finders
from calipso.errors import CalipsoError, ErrorKind, Superseded
from calipso.model.scan import Problem, ScanStatus, Stage
from calipso.settings import settings
from calipso.sources.context import ScanContext
from calipso.stores.inventory.fence import Fence
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.object_problems import ObjectProblems
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.scan_store import ScanStore, claim
from calipso.utils.clock import now

Document = dict[str, Any]

log = logging.getLogger(__name__)

DEFECT = "This is a defect of Calipso: see the worker's log."


def as_calipso_error(error: Exception) -> CalipsoError:
    """The error itself, or one that says which defect it is."""
    if isinstance(error, CalipsoError):
        return error
    return CalipsoError(f"{type(error).__name__}: {error}"[:500], hint=DEFECT)


def _progress(level: Level, tasks: list[Document]) -> Document:
    """How far a level is that begins."""
    return {
        "title": level.title,
        "stage": level.stage.value,
        "tasks": len(tasks),
        "done": 0,
        "queues": sorted({task["queue"] for task in tasks}),
    }


def _too_long() -> CalipsoError:
    seconds = settings().graph_task_seconds
    return CalipsoError(
        f"not done after {seconds:g} seconds and given up; what it would have found is as it was",
        hint="Give it more time (CALIPSO_GRAPH_TASK_SECONDS), or a faster machine.",
        kind=ErrorKind.TIMEOUT,
    )


class Publisher(Protocol):
    """Carries tasks to whoever runs them."""

    def publish_level(self, scan_id: str, level: Level) -> None:
        """Send the chains of a level; `advance` is to be called when all of them ran."""

    def publish_advance(self, scan_id: str, level: int) -> None:
        """Have `advance` called for a level that is complete."""


class Scan:
    """One scan in one process."""

    def __init__(
        self,
        scan_id: str,
        store: ScanStore,
        context: ScanContext,
        metadata: ScannersMetadata,
        *,
        attempts: int = 3,
    ) -> None:
        self.scan_id = scan_id
        self.store = store
        self.context = context
        self.metadata = metadata
        self.attempts = attempts
        self.environment = context.environment.name
        self.planner = Planner(scan_id, context.environment, metadata)

    # -- driving -----------------------------------------------------------------------

    def start(self, publisher: Publisher, worker: str = "") -> bool:
        """Begin a pending scan; False when the environment is busy (it stays pending)."""
        scan = self.store.get(self.scan_id)
        if ScanStatus(scan["status"]).final or not self.store.lock(scan):
            return False
        if scan["cancel_requested"]:
            self.finish(scan)
            return False
        inv = self.context.inv
        inv.ensure_indexes()
        begun = {
            "status": ScanStatus.RUNNING.value,
            "stage": Stage.INVENTORY.value,
            "level": 0,
            "start_timestamp": now(),
            "generation": self.store.next_generation(scan),
            "record_changes": self.store.has_baseline(scan),
            **claim(worker, settings().advance_lease),
        }
        if not self.store.update(self.scan_id, begun, status=ScanStatus.PENDING.value):
            # it runs already, or an attempt of this worker to begin it failed half-way
            return self.advance(0, publisher, worker, take_over=True)
        self._plan_and_publish(publisher, scan | begun, self._first_level)
        return True

    def run_task(
        self,
        task_id: str,
        worker: str,
        *,
        take_over: bool = False,
        retried: bool = False,
        too_long: tuple[type[Exception], ...] = (),
    ) -> str:
        """Run one registered task; returns `done`, `running` (elsewhere) or `over` (given up).

        A failure of the task is recorded on the scan; only a failing store is raised. `retried`
        says that it is tried again because the store had failed, `too_long` what is raised in a
        task whose time is over.
        """
        task = self.store.claim_task(task_id, worker, take_over=take_over, retried=retried)
        if task is None:
            return "done" if self.store.is_done(task_id) else "running"
        scan = self.store.get(self.scan_id)
        if scan["cancel_requested"] or ScanStatus(scan["status"]).final:
            result: Document = {"ran": False}
        elif task["attempts"] - task.get("retries", 0) > self.attempts:
            result = {"ran": False, "problems": [self._lost(task)]}
        else:
            try:
                result = self._run(scan, task, too_long)
            except Superseded as error:
                log.warning("task given up: %s", error, extra={"scan": self.scan_id})
                return "over"
        try:
            return self.store.finish_task(task, result)
        except Exception as error:
            if is_store_error(error):
                raise
            # the store does not take the result
            return self.store.finish_task(task, self._failed(task, error))

    def advance(
        self, level: int, publisher: Publisher, worker: str = "", *, take_over: bool = False
    ) -> bool:
        """Plan and send the level after this one; False when it is not due or done already."""
        if not self.store.level_done(self.scan_id, level):
            return False
        lease = settings().advance_lease
        if not self.store.claim_advance(self.scan_id, level, lease, worker, take_over=take_over):
            return False
        scan = self.store.get(self.scan_id)
        if scan["cancel_requested"]:
            self.finish(scan)
            return True
        # a scan whose starter died has no first level yet
        plan = self._next_level if level else self._first_level
        self._plan_and_publish(publisher, scan, plan)
        return True

    def finish(self, scan: Document, error: CalipsoError | None = None) -> None:
        """End a scan: coverage report, final state, environment free for the next."""
        try:
            finish_scan(scan["_id"], self.store, self.context, self.metadata, error)
        except Superseded as found:
            log.warning("scan ended meanwhile: %s", found, extra={"scan": self.scan_id})

    # -- levels ------------------------------------------------------------------------

    def _plan_and_publish(
        self, publisher: Publisher, scan: Document, plan: Callable[[Document], Level | None]
    ) -> None:
        """Plan; register; only then move the scan on and send. A bad plan ends the scan.

        A planner that was given up does neither: another one has moved the scan on.
        """
        level = scan["level"]
        try:
            following = plan(scan)
            tasks = following.tasks() if following else []
            self.store.register(tasks)
        except Exception as error:
            if is_store_error(error):
                raise
            if not isinstance(error, CalipsoError):
                log.exception("level cannot be planned", extra={"scan": self.scan_id})
            self._finish_from(level, as_calipso_error(error))
            return
        if following is None:
            self._finish_from(level)
            return
        published = now()
        moved = self.store.update(
            self.scan_id,
            {
                "level": following.number,
                "stage": following.stage.value,
                f"levels.{following.number}": _progress(following, tasks),
                "published_at": published,
                "claim_until": None,
                "planners_lost": 0,
            },
            level=level,
            status=ScanStatus.RUNNING.value,
        )
        if not moved:
            log.warning("level was planned by another", extra={"scan": self.scan_id})
            return
        told = {"environment": self.environment, "scan": self.scan_id, "level": following.number}
        told |= {"title": following.title, "tasks": len(tasks)}
        log.info("level published", extra=told)
        publisher.publish_level(self.scan_id, following)

    def _finish_from(self, level: int, error: CalipsoError | None = None) -> None:
        """End the scan after this level, if nobody has moved it on."""
        scan = self.store.get(self.scan_id)
        if scan["level"] == level and not isinstance(error, Superseded):
            self.finish(scan, error)

    def _first_level(self, scan: Document) -> Level | None:
        request = scan["request"]
        if request["links_only"]:
            return self._links(scan, 1, Stage.LINKS)
        if request["cliques_only"]:
            return self._cliques(1)
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
            child_id=start.child_id,
            only_below=start.only_below,
        )

    def _next_level(self, scan: Document) -> Level | None:
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
            return self._links(scan, number, Stage.LINKS)
        if stage is Stage.LINKS:
            implicit = self._links(scan, number, Stage.IMPLICIT_LINKS)
            if implicit is not None and implicit.chains:
                return implicit
            stage = Stage.IMPLICIT_LINKS
        if stage is Stage.IMPLICIT_LINKS:
            if self._object_problems(scan).waiting():
                return self.planner.single(number, Stage.PROBLEMS, "put problems on objects")
            stage = Stage.PROBLEMS
        if stage is Stage.PROBLEMS and not request["links_only"]:
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
        return self.planner.single(number, Stage.SWEEP, title, below=scan.get("below", ""))

    def _links(self, scan: Document, number: int, stage: Stage) -> Level | None:
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
        focal_points = {
            focal_type: [item["_id"] for item in inv.find(self.environment, focal_type, ["id"])]
            for focal_type in chosen
        }
        level = self.planner.cliques_level(number, focal_points)
        return level if level.chains else None

    # -- parts -------------------------------------------------------------------------

    def _drop_links_of_former_finders(self, scan: Document, known: list[str]) -> None:
        """A finder replaces its own links only: those of one that is gone would stay for ever."""
        authority = self._authority(scan)
        writer = GraphWriter(self.context.inv, self.environment, self.scan_id, **authority)
        writer.drop_links_of_others(known)

    def _object_problems(self, scan: Document) -> ObjectProblems:
        authority = self._authority(scan)
        return ObjectProblems(self.context.inv, self.environment, self.scan_id, **authority)

    def _authority(self, scan: Document) -> Document:
        """What a planner's writer is told of the scan it writes for."""
        return {
            "generation": scan["generation"],
            "record_changes": scan["record_changes"],
            "alive": self._fence(scan),
        }

    def _fence(self, scan: Document) -> Fence:
        """Stops what a planner writes when another one has moved the scan on."""
        return Fence(self.store, self.scan_id, level=scan["level"])

    def _run(
        self, scan: Document, task: Document, too_long: tuple[type[Exception], ...]
    ) -> Document:
        stages = Stages(scan, self.context, self.metadata, self.store)
        try:
            return stages.run(task, Fence(self.store, self.scan_id, task=task))
        except too_long:
            return self._failed(task, _too_long())
        except Exception as error:
            if is_store_error(error) or isinstance(error, Superseded):
                raise
            return self._failed(task, error)

    def _failed(self, task: Document, reason: Exception) -> Document:
        """A task's failure never fails its level: it is recorded, the scan goes on."""
        log.error(
            "task failed", exc_info=reason, extra={"scan": self.scan_id, "task": task["title"]}
        )
        error = as_calipso_error(reason)
        problem = Problem(
            kind=str(error.kind),
            message=f"{task['title']}: {error.message}"[:500],
            hint=error.hint,
            scanner=task.get("scanner", ""),
            source=task.get("source", ""),
        )
        return {"ran": False, "problems": [problem]}

    def _lost(self, task: Document) -> Problem:
        return Problem(
            kind=str(ErrorKind.WORKER_LOST),
            message=f"{task['title']}: given up after {self.attempts} attempts, "
            "each of which lost its worker",
            hint="See the worker's log; it may have run out of memory.",
            scanner=task.get("scanner", ""),
            source=task.get("source", ""),
        )
