"""Tasks of a scan: doorways to calipso.discover. Ids in, a word out."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from celery.exceptions import Ignore, SoftTimeLimitExceeded

from calipso.discover.engine import scan_manager, watchdog
from calipso.limits.shares import SCAN, SHARES
from calipso.model.sources import QUEUES
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.mongo.mongo_access import is_store_error
from workers.app import app
from workers.base import STORE_RETRY_SECONDS, ScanTask, worker_name
from workers.logs import environment_of
from workers.publisher import CeleryPublisher
from workers.tasks import drift


@app.task(bind=True, base=ScanTask, name="calipso.scan.start")
def start(self: ScanTask, scan_id: str) -> bool:
    """Start a pending scan; an environment that is busy leaves it pending."""

    def work() -> bool:
        return scan_manager.start_scan(scan_id, CeleryPublisher(app), worker_name())

    return self.store_retry(work)


@app.task(bind=True, base=ScanTask, name="calipso.scan.run")
def run(self: ScanTask, scan_id: str, task_id: str, resent: bool = False, waits: int = 0) -> str:
    """Run one registered task; a copy of one that runs elsewhere does not count for its chord.

    `waits`: how often it was put back, because its environment had its share of the threads.
    """
    with SHARES.turn(environment_of(scan_id), SCAN) as may:
        if may:
            return _run(self, scan_id, task_id, resent=resent, waits=waits)
    named = {"resent": resent, "waits": waits + 1}
    raise self.retry(args=(scan_id, task_id), kwargs=named, countdown=SHARES.pause())


def _run(self: ScanTask, scan_id: str, task_id: str, *, resent: bool, waits: int) -> str:
    redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
    retried = self.request.retries > waits

    def work() -> str:
        with ExitStack() as opened:
            try:
                scan = opened.enter_context(scan_manager.open_scan(scan_id))
            except Exception as error:
                if is_store_error(error):
                    raise
                return scan_manager.task_cannot_begin(scan_id, task_id, worker_name(), error)
            return scan.run_task(
                task_id,
                worker_name(),
                take_over=redelivered or retried,
                retried=retried and not redelivered,
                too_long=(SoftTimeLimitExceeded,),
            )

    outcome = self.store_retry(work)
    if outcome == "again":
        raise self.retry(countdown=STORE_RETRY_SECONDS)
    if outcome == "running":
        raise Ignore
    if resent and outcome == "done":
        watchdog.after_resent(scan_id, task_id, CeleryPublisher(app))
    return outcome


@app.task(bind=True, base=ScanTask, name="calipso.scan.advance")
def advance(self: ScanTask, scan_id: str, level: int) -> bool:
    """Plan and send the level after this one."""

    def work() -> bool:
        with ExitStack() as opened:
            try:
                scan = opened.enter_context(scan_manager.open_scan(scan_id))
            except Exception as error:
                if not is_store_error(error):
                    scan_manager.fail_scan(scan_id, str(error), getattr(error, "hint", ""))
                raise
            moved = scan.advance(
                level, CeleryPublisher(app), worker_name(), take_over=bool(self.request.retries)
            )
        if moved:
            drift.after_scan(scan_id)
            scan_manager.close_finished_scans()
            watchdog.start_waiting(CeleryPublisher(app), worker_name())
            from workers.tasks.events import after_scan  # which imports this module's app too

            after_scan(scan_id)
        return moved

    return self.store_retry(work)


@app.task(bind=True, base=ScanTask, name="calipso.scan.watch", ignore_result=True)
def watch(self: ScanTask) -> dict[str, Any]:
    """Look after scans that stand still; beat sends this every few seconds."""
    try:
        waiting = queue_lengths(scan_manager.queues_in_use())
        found = watchdog.watch(CeleryPublisher(app), waiting, worker_name())
        scan_manager.tell_unserved()
        return found  # noqa: TRY300 - what raises is in all three
    except StoreFailure as error:
        return {"store": str(error)[:200]}  # the next look is a few seconds away


def queue_lengths(more: Iterable[str] = ()) -> dict[str, int]:
    """Waiting messages by queue; a queue that does not exist yet is empty."""
    # those of parts of a cloud come from the scans that run
    lengths: dict[str, int] = {}
    with app.connection_for_read() as connection:
        for queue in dict.fromkeys((*QUEUES, *more)):
            # a channel each: RabbitMQ closes it when the queue does not exist
            with connection.channel() as opened:
                channel: Any = opened
                try:
                    lengths[queue] = channel.queue_declare(queue=queue, passive=True).message_count
                except Exception:  # noqa: BLE001 - transports differ in how they say "no such queue"
                    lengths[queue] = 0
    return lengths
