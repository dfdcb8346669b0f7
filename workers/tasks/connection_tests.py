"""Task of connection tests: a doorway to calipso.probe.connection_test."""

from __future__ import annotations

from calipso.errors import NotFound
from calipso.probe.connection_test import run_job
from workers.app import app
from workers.base import ScanTask


@app.task(bind=True, base=ScanTask, name="calipso.connection_test.run", ignore_result=True)
def run(self: ScanTask, test_id: str, number: int) -> str:
    """Run one job; a deleted test is over."""

    def work() -> str:
        try:
            return run_job(test_id, number)
        except NotFound:
            return "over"

    return self.store_retry(work)
