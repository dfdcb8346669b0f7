"""Tasks of monitoring: doorways to monitoring.runner."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from kombu.exceptions import OperationalError

from calipso.stores.mongo.driver import StoreFailure
from monitoring.runner import alerts
from monitoring.runner.api_round import run_api_round
from monitoring.runner.round import run_round
from monitoring.runner.settling import settle as run_settle
from monitoring.runner.tick import tick as run_tick
from workers.app import app
from workers.base import ScanTask

log = logging.getLogger(__name__)


@app.task(bind=True, base=ScanTask, name="calipso.monitoring.tick", ignore_result=True)
def tick(self: ScanTask) -> dict[str, int]:
    """Send the rounds that are due; beat sends this every few seconds."""
    try:
        return run_tick(send, settle=settle_soon)
    except StoreFailure as error:
        log.warning("monitoring waits, the store is away: %s", str(error)[:200])
        return {}  # the next tick is a few seconds away


@app.task(bind=True, base=ScanTask, name="calipso.monitoring.deliver", ignore_result=True)
def deliver(self: ScanTask) -> dict[str, int]:
    """Send the alerts that wait."""
    try:
        return alerts.deliver()
    except StoreFailure as error:
        log.warning("alerts wait, the store is away: %s", str(error)[:200])
        return {}


@app.task(bind=True, base=ScanTask, name="calipso.monitoring.settle", ignore_result=True)
def settle(self: ScanTask, environment: str) -> dict[str, int]:
    """Give a status to what has none after a scan; cliques by what their members have."""
    try:
        return run_settle(environment)
    except StoreFailure as error:
        log.warning("%s: not settled, the store is away: %s", environment, str(error)[:200])
        return {}  # an interval later again


@app.task(bind=True, base=ScanTask, name="calipso.monitoring.round", ignore_result=True)
def check(self: ScanTask, environment: str, host: str, started: str) -> dict[str, Any]:
    """Check one host, or what the API knows of (an empty name)."""
    moment = datetime.fromisoformat(started)
    try:
        done = run_round(environment, host, moment) if host else run_api_round(environment, moment)
    except StoreFailure as error:
        log.warning("%s: not checked, the store is away: %s", host, str(error)[:200])
        return {}  # the next round is an interval away
    log.debug("%s %s: %s", environment, host or "API", done)
    return done


def send(environment: str, host: str, queue: str, started: datetime, seconds: float) -> None:
    """Send a round to the workers that reach the host; it is dropped when the next one is due."""
    try:
        check.apply_async(
            args=(environment, host, started.isoformat()),
            queue=queue,
            expires=seconds,
            retry=False,
        )
    except OperationalError as error:
        log.warning("%s: the round waits for the broker: %s", host, error)


def settle_soon(environment: str) -> None:
    """Have the workers of cliques settle an environment; without a broker, an interval later."""
    try:
        settle.apply_async(args=(environment,), expires=60, retry=False)
    except OperationalError as error:
        log.warning("%s: settling waits for the broker: %s", environment, error)
