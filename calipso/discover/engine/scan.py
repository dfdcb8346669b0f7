"""Scan: the plan of a scan, one task or one level at a time. Knows no Celery.

    start -> level 0 -> ... -> sweep -> links -> implicit links -> cliques -> finish

Whoever drives it (Celery tasks, or `run_local` in one process) calls `start`, then `run_task`
for every task of a published level, then `advance`. Each of them may be called again at any
time: what is done is not done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from calipso.discover.engine.scan_finish import finish_scan
from calipso.discover.engine.scan_levels import Levels
from calipso.discover.engine.scan_plan import Level
from calipso.discover.engine.scanners_metadata import ScannersMetadata
from calipso.discover.engine.stages import Stages
from calipso.discover.engine.task_failures import as_calipso_error, failed, lost, too_long_a_time
from calipso.errors import CalipsoError, Superseded
from calipso.model.documents import Document
from calipso.model.scan import ScanStatus, Stage
from calipso.settings import settings
from calipso.sources.context import ScanContext
from calipso.stores.inventory.fence import Fence
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.scan_store import ScanStore, claim
from calipso.utils.clock import now

log = logging.getLogger(__name__)


def _progress(level: Level, tasks: list[Document]) -> Document:
    """How far a level is that begins."""
    return {
        "title": level.title,
        "stage": level.stage.value,
        "tasks": len(tasks),
        "done": 0,
        "began": now(),
        "queues": sorted({task["queue"] for task in tasks}),
    }


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
        self.levels = Levels(scan_id, store, context, metadata)

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
            "derived": self.store.take_derived(scan),
            "record_changes": self.store.has_baseline(scan),
            **claim(worker, settings().advance_lease),
        }
        if not self.store.update(self.scan_id, begun, status=ScanStatus.PENDING.value):
            # it runs already, or an attempt of this worker to begin it failed half-way
            return self.advance(0, publisher, worker, take_over=True)
        self._plan_and_publish(publisher, scan | begun, self.levels.first)
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
            result = {"ran": False, "problems": [lost(task, self.attempts)]}
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
            return self.store.finish_task(task, failed(task, error, self.scan_id))

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
        plan = self.levels.following if level else self.levels.first
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
            if not scan.get("runner"):  # a scan in one process sends nothing to the queues
                self.store.order.number(task for task in tasks if not task["position"])
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
        about = {"environment": self.environment, "scan": self.scan_id, "level": following.number}
        about |= {"title": following.title, "tasks": len(tasks)}
        log.info("level published", extra=about)
        publisher.publish_level(self.scan_id, following)

    def _finish_from(self, level: int, error: CalipsoError | None = None) -> None:
        """End the scan after this level, if nobody has moved it on."""
        scan = self.store.get(self.scan_id)
        if scan["level"] == level and not isinstance(error, Superseded):
            self.finish(scan, error)

    # -- parts -------------------------------------------------------------------------

    def _run(
        self, scan: Document, task: Document, too_long: tuple[type[Exception], ...]
    ) -> Document:
        stages = Stages(scan, self.context, self.metadata, self.store)
        try:
            return stages.run(task, Fence(self.store, self.scan_id, task=task))
        except too_long:
            return failed(task, too_long_a_time(), self.scan_id)
        except Exception as error:
            if is_store_error(error) or isinstance(error, Superseded):
                raise
            return failed(task, error, self.scan_id)
