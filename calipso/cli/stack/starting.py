"""Wait until the stack that a supervisor starts is up, or down, and print the progress."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import Any

from calipso.cli.output import say
from calipso.cli.stack.api import NAME as API
from calipso.cli.stack.embedded import last_line
from calipso.cli.stack.flower import NAME as FLOWER
from calipso.cli.stack.rundir import RunDir
from calipso.cli.stack.supervisor import ALREADY_UP
from calipso.cli.stack.view import Patience, silent_workers
from calipso.errors import CalipsoError, StoreError

STORES_SECONDS = 90.0  # a MongoDB that was killed reads its log first
WORKERS_SECONDS = 180.0  # one that dies is noticed at once; a busy machine starts them slowly
DOWN_SECONDS = 90.0
HOPELESS = 3  # `up` gives up after so many failed starts of one program in a row
POLL = 0.1


def wait_for_stores(run: RunDir, supervisor: subprocess.Popen[bytes], told: set[str]) -> None:
    """Wait until the stores answer. Raises CalipsoError when they do not, and ends all."""
    deadline = time.monotonic() + STORES_SECONDS
    patience = Patience()
    while time.monotonic() < deadline:
        state = run.state()
        if state.get("pid") != run.supervisor_pid():
            state = {}  # of an earlier supervisor
        _tell(state, told)
        if state.get("state") == "up":
            return
        if state.get("state") == "upgrading":
            deadline = time.monotonic() + STORES_SECONDS
        code = supervisor.poll()
        if code is not None and code != ALREADY_UP:
            raise _not_started(run, f"the supervisor ended with code {code}")
        stores = [child for child in state.get("children", []) if child["address"]]
        if any(child["failures"] >= HOPELESS for child in stores):
            break
        patience.waiting_for(c["name"] for c in stores if c["state"] != "up")
        time.sleep(POLL)
    supervisor.send_signal(signal.SIGTERM)
    wait_for_end(run)
    raise _not_started(run)


def _not_started(run: RunDir, ended: str = "") -> CalipsoError:
    """`ended` says how the supervisor ended; it counts if the supervisor left no reason."""
    state = run.state()
    reasons = [state["problem"]] if state.get("problem") else []
    reasons += [f"{c['name']}: {c['message']}" for c in state.get("children", []) if c["message"]]
    hint = f"The logs are in {run.log}."
    if ended and not reasons:
        return CalipsoError(f"{ended}: {last_line(run.log / 'supervisor.log')}", hint=hint)
    return StoreError("; ".join(reasons) or "the stores do not answer", hint=hint)


def _tell(state: dict[str, Any], told: set[str]) -> None:
    """One line for each thing that changed."""
    lines = [f"note: {text}" for text in state.get("notices", [])]
    if state.get("problem"):
        lines.append(f"note: {state['problem']}")
    for child in state.get("children", []):
        if child["state"] == "up" and child["address"]:
            lines.append(f"{child['name']}: answers")
        elif child["message"] and child["state"] != "up":
            lines.append(f"{child['name']}: {child['message']}")
    for line in lines:
        if line not in told:
            told.add(line)
            say(line)


def wait_for_workers(run: RunDir, told: set[str]) -> None:
    """Wait until the running process of each worker has sent a heartbeat."""
    deadline = time.monotonic() + WORKERS_SECONDS
    patience = Patience()
    say("workers: starting")
    while True:
        state = run.state()
        _tell(state, told)
        children = state.get("children", [])
        silent = silent_workers(state) + [
            child["name"]
            for child in children
            if child["name"] in (FLOWER, API) and child["state"] != "up"
        ]
        if not silent:
            return
        dying = [child["name"] for child in children if child["failures"] >= HOPELESS]
        if dying or time.monotonic() > deadline:
            raise CalipsoError(
                f"no sign of life from {', '.join(dying or silent)}",
                hint=f"The logs are in {run.log}; `calipso status` shows what runs, "
                "`calipso down` stops it.",
            )
        patience.waiting_for(silent)
        time.sleep(POLL)


def wait_for_end(run: RunDir) -> bool:
    """Wait until the supervisor has ended; False when it still runs after a while."""
    deadline = time.monotonic() + DOWN_SECONDS
    told = ""
    while run.supervisor_pid():
        if time.monotonic() > deadline:
            return False
        waiting = [c["name"] for c in run.state().get("children", []) if c["state"] == "stopping"]
        text = f"waiting for {', '.join(waiting)}"
        if waiting and text != told:
            told = text
            say(text)
        time.sleep(POLL)
    return True
