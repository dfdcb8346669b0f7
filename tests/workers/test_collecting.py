"""Workers look for circular garbage seldom."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import gc
from celery.signals import worker_init
from workers.app import app
app.loader.import_default_modules()
for _, receiver in worker_init.receivers:
    if getattr(receiver, "__module__", "") == "workers.collecting":
        receiver(sender=None)
print(gc.get_threshold())
"""


def test_a_worker_that_starts_sets_its_thresholds_of_collection() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        env={
            **os.environ,
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "MONGO_URL": "mongodb://127.0.0.1:1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout.strip() == "(20000, 20, 20)"
