"""Children of a killed supervisor: its record names them, and they are ended."""

from __future__ import annotations

import logging
import signal

from calipso.cli.stack.process import Identity, kill_group_of
from calipso.cli.stack.rundir import RunDir
from calipso.cli.stack.services import STORE_GRACE

#: Their stores went with the supervisor, so they cannot end their tasks anyway.
WORKER_GRACE = 5.0
STORES = ("mongo", "redis")
PROGRAMS = (
    *("secantusd", "mongod", "redis-server"),
    *("workers.program", "celery", "calipso.api.server"),
)

log = logging.getLogger("calipso.stack")


def leftovers(run: RunDir) -> dict[str, Identity]:
    """Recorded children that still run: same pid, same start time, a program of ours."""
    found = {}
    for child in run.state().get("children", []):
        if not child.get("pid") or not child.get("started"):
            continue
        identity = Identity(int(child["pid"]), int(child["started"]))
        if any(name in identity.command() for name in PROGRAMS) and identity.alive():
            found[str(child["name"])] = identity
    return found


def end_leftovers(run: RunDir) -> list[str]:
    """End them: workers first, then stores. Returns their names."""
    found = leftovers(run)
    for stores, grace in ((False, WORKER_GRACE), (True, STORE_GRACE)):
        group = {name: who for name, who in found.items() if (name in STORES) == stores}
        for name, identity in group.items():
            log.warning("%s (pid %d) has lost its supervisor and is ended", name, identity.pid)
            identity.send(signal.SIGTERM)
        for identity in group.values():
            if not identity.wait(grace):
                kill_group_of(identity.pid)
                identity.wait(5.0)
    return list(found)
