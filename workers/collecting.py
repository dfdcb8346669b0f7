"""How often a worker looks for circular garbage: seldom, since it makes many objects that stay.

A scan makes millions of documents and parsed answers, hardly any of them in circles. With Python's
own numbers, a fourth of a worker's CPU went into looking through them again and again.
"""

from __future__ import annotations

import gc
from typing import Any

from celery.signals import worker_init

#: New objects after which the youngest are looked through, and how many such looks come before one
#: through older objects. Python's own: 700, 10, 10.
THRESHOLDS = (20_000, 20, 20)


@worker_init.connect(weak=False)
def collect_seldom(**_: Any) -> None:
    """Set it for this worker, and for the processes that it starts."""
    gc.collect()
    gc.freeze()  # what is there now stays
    gc.set_threshold(*THRESHOLDS)
