"""Loaded into workers by `celery worker --include tests.faults.hooks`: they die at chosen points.

A campaign arms a point by a file in `$FAULTS_DIR`; the process that takes the file away does
what it says, so that it happens once. Nothing happens where no file is. `ends.log` keeps each
change of a scan to a final state.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery.backends.redis import RedisBackend
from kombu.messaging import Producer

from calipso.discover.engine.scan import Scan
from calipso.discover.engine.stages import Stages
from calipso.discover.engine.sweep import Sweeper
from calipso.model.scan import ScanStatus
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.scans.answers import AnswerStore
from calipso.stores.scans.scan_store import ScanStore
from workers.publisher import CeleryPublisher

#: Named points: where in a scan a process can be made to die.
POINTS = {
    "locked": "a scan has its environment, and is not running",
    "begun": "a scan is running, nothing of it is planned",
    "saved": "objects are stored, their task is not marked done",
    "done": "a task is marked done, its chord does not know",
    "counted": "the chord has counted a task, its message is not acknowledged",
    "claimed": "the end of a chord is claimed, its body is not sent",
    "planned": "the tasks of a level are registered, the scan has not moved on",
    "unpublished": "a scan has moved to a level, nothing of it is sent",
    "published": "a level is sent, the message that led to it is not acknowledged",
    "sweep": "the sweep has begun",
    "links": "a link finder has begun",
    "cliques": "cliques of a partition are found, the task is not marked done",
    "finish": "a scan begins to end",
    "reported": "the coverage report is written, the scan is not final",
    "ended": "a scan is final, its lock is still held",
}
#: Named points: where a worker can be made to stand still until the next scan has run.
STILL = {
    "in-sweep": "a worker stands still in the sweep while the next scan runs",
    "in-removal": "the same, with its judgement made what is to be removed",
    "in-finish": "the same, about to remove the cliques that the scan did not find again",
}
#: Seconds a worker stands still at most.
STILL_SECONDS = 300
#: What may happen to a message between two tasks.
MESSAGES = {
    "lost": "a message is lost",
    "twice": "a message comes twice",
    "late": "a message comes 3 seconds later",
    "cut": "a message comes broken off",
}
LATE_SECONDS = 3.0
WAKE = "wake"
#: Run beside a worker that stops itself.
WAKER = f'for _ in $(seq {STILL_SECONDS * 10}); do [ -e "$1" ] && break; sleep 0.1; done; '
WAKER += 'kill -CONT "$2"'
OURS = ("calipso.scan.run", "calipso.scan.advance")

FOLDER = Path(os.environ["FAULTS_DIR"]) if "FAULTS_DIR" in os.environ else None


def arm(folder: Path, point: str, skip: int = 0) -> None:
    """Let the process that comes to a point do what it stands for, `skip` passes later."""
    for number in range(skip):
        (folder / f"{point}.skip{number}").touch()
    (folder / f"{point}.armed").touch()


def disarm(folder: Path) -> None:
    """Take back what has not happened."""
    for path in [*folder.glob("*.armed"), *folder.glob("*.skip*"), folder / WAKE]:
        path.unlink(missing_ok=True)


def wake(folder: Path) -> None:
    """Let a worker that stands still go on."""
    (folder / WAKE).touch()


def taken(point: str) -> bool:
    """True for the one process that is to act at this point, now."""
    if FOLDER is None or not (FOLDER / f"{point}.armed").exists():
        return False
    for path in [*FOLDER.glob(f"{point}.skip*"), FOLDER / f"{point}.armed"]:
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        if path.suffix == ".armed":
            note("hits.log", point)
            return True
        return False
    return False


def note(name: str, line: str) -> None:
    """Append a line in one write."""
    if FOLDER is not None:
        with (FOLDER / name).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def die_at(point: str) -> None:
    """kill -9 of this process (a pool child, or a worker of threads), if it is armed."""
    if taken(point):
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(10)


def stand_still_at(point: str) -> None:
    """Stop this process until `wake`, if this point is armed."""
    if FOLDER is not None and taken(point):
        words = [str(FOLDER / WAKE), str(os.getpid())]
        subprocess.Popen(["sh", "-c", WAKER, "sh", *words], start_new_session=True)
        os.kill(os.getpid(), signal.SIGSTOP)


def around(owner: type, name: str, before: Callable[..., None], after: Callable[..., None]) -> None:
    """Call something before and after a method."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        before(*args, **kwargs)
        result = original(self, *args, **kwargs)
        after(result, *args, **kwargs)
        return result

    setattr(owner, name, wrapped)


def nothing(*_: Any, **__: Any) -> None:
    """Nothing to do on this side."""


def point(name: str) -> Callable[..., None]:
    """A callback that dies at a point."""
    return lambda *_, **__: die_at(name)


def still(name: str) -> Callable[..., None]:
    """A callback that stands still at a point."""
    return lambda *_, **__: stand_still_at(name)


def _stage_begins(task: dict[str, Any], *_: Any) -> None:
    if task["kind"] in ("sweep", "links"):
        die_at(task["kind"])
    if task["kind"] == "sweep":
        stand_still_at("in-sweep")


def _stage_ended(_: Any, task: dict[str, Any], *__: Any) -> None:
    if task["kind"] == "cliques":
        die_at("cliques")


def _moved(matched: bool, scan_id: str, fields: dict[str, Any], **_: Any) -> None:
    status = fields.get("status")
    if matched and status and ScanStatus(status).final:
        note("ends.log", f"{scan_id} {status}")
    if matched and status == ScanStatus.RUNNING:
        die_at("begun")


def _locked(has_it: bool, *_: Any) -> None:
    if has_it:
        die_at("locked")


def _publish(self: Producer, body: Any, *args: Any, **kwargs: Any) -> Any:
    headers = kwargs.get("headers") or {}
    if headers.get("task") not in OURS:
        return plain_publish(self, body, *args, **kwargs)
    if taken("lost"):
        return None
    if taken("late"):
        time.sleep(LATE_SECONDS)
    if taken("twice"):
        plain_publish(self, body, *args, **kwargs)
    if taken("cut"):
        cut = kwargs | {"content_type": "application/json", "content_encoding": "utf-8"}
        cut.pop("serializer", None)
        return plain_publish(self, '[["brok', *args, **cut)
    return plain_publish(self, body, *args, **kwargs)


plain_publish = Producer.publish


def install() -> None:
    """Put the points in; called in a worker only."""
    around(ScanStore, "end_task", point("saved"), point("done"))
    around(ScanStore, "register", nothing, point("planned"))
    around(ScanStore, "update", nothing, _moved)
    around(ScanStore, "save_coverage", nothing, point("reported"))
    around(ScanStore, "lock", nothing, _locked)
    around(Sweeper, "remove", still("in-removal"), nothing)
    around(GraphWriter, "drop_old_cliques", still("in-finish"), nothing)
    around(Stages, "run", _stage_begins, _stage_ended)
    around(Scan, "finish", point("finish"), nothing)
    around(AnswerStore, "forget", point("ended"), nothing)
    around(CeleryPublisher, "publish_level", point("unpublished"), point("published"))
    around(RedisBackend, "_chord_publish_claim_expires", point("claimed"), nothing)
    around(RedisBackend, "on_chord_part_return", nothing, point("counted"))
    Producer.publish = _publish


if FOLDER is not None:
    install()
