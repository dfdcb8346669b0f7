"""Loaded into a worker by `celery worker --include`: its clock goes wrong once it has started."""

from __future__ import annotations

import itertools

from workers import fitness, health

_seconds = itertools.chain([0.0], itertools.repeat(60.0))

fitness.difference = lambda *_: next(_seconds)
health.CLOCK_INTERVAL = 0.5
