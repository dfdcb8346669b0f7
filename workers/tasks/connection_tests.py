"""Task of connection tests: a doorway to calipso.probe.connection_test."""

from __future__ import annotations

from calipso.errors import NotFound
from calipso.limits.shares import SHARES, TEST
from calipso.probe.connection_test import environment_of, run_job
from workers.app import app
from workers.base import ScanTask


@app.task(bind=True, base=ScanTask, name="calipso.connection_test.run", ignore_result=True)
def run(self: ScanTask, test_id: str, number: int) -> str:
    """Run one job; a deleted test is over. One that finds no thread free for it comes again."""
    with SHARES.turn(self.store_retry(lambda: environment_of(test_id)), TEST) as may:
        if may:
            return _run(self, test_id, number)
    raise self.retry(countdown=SHARES.pause())


def _run(self: ScanTask, test_id: str, number: int) -> str:
    def work() -> str:
        try:
            return run_job(test_id, number)
        except NotFound:
            return "over"

    return self.store_retry(work)
