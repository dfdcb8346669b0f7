"""One target of a connection test: the steps of `calipso env test` that are about it."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from calipso.discover.context import ScanContext
from calipso.discover.environment_test import (
    api_steps,
    database_steps,
    driver_steps,
    host_steps,
)
from calipso.discover.steps import Step, attempt
from calipso.errors import AccessError, CalipsoError, ErrorKind
from calipso.model.environment import Environment, parse_environment
from calipso.settings import settings
from calipso.utils.connection_tests import REQUEST, ConnectionTestStore, Job
from calipso.utils.environment_store import EnvironmentStore
from calipso.utils.inventory_mgr import InventoryMgr
from calipso.utils.scan_store import now

Document = dict[str, Any]

#: Hosts one test logs in to; a test must end within its time in a cloud of any size.
MOST_HOSTS = 200

#: The queue for what no scan reads.
OTHER = "scan"

#: Where the other sections say what is to be reached: host and port field, usual port.
KNOCK = {
    "AMQP": ("host", "port", 5672),
    "ACI": ("host", "port", 443),
    "Monitoring": ("server_ip", "api_port", 4567),
}


def jobs_of(environment: Environment, targets: Iterable[str]) -> list[Job]:
    """Which workers test which target: those that read it in a scan."""
    queues = environment.queues
    named = {"OpenStack": [queues.api], "mysql": [queues.db]}
    named["CLI"] = [queues.cli, *(entry.queue for entry in queues.hosts)]
    return list(
        dict.fromkeys((target, queue) for target in targets for queue in named.get(target, [OTHER]))
    )


def run_job(test_id: str, number: int) -> str:
    """Run one job and store its steps; returns `passed`, `failed` or `over`. Raises NotFound.

    What fails is a step that says so. Only a store that fails is raised.
    """
    store = ConnectionTestStore()
    test = store.get(test_id)
    if test["status"] != REQUEST:
        return "over"
    job = test["jobs"][number]
    left = (test["deadline"] - now()).total_seconds()
    steps = list(_until(time.monotonic() + left, _steps(test, job["target"], job["queue"])))
    if not store.report(test_id, number, (_plain(step) for step in steps)):
        return "over"
    return "passed" if all(step.ok for step in steps) else "failed"


def environment_of_test(environment: str, sections: list[Document]) -> Environment:
    """The stored environment with these sections instead of its own. Raises ConfigError."""
    document = EnvironmentStore().get(environment).document()
    known = {section["name"]: section for section in document.get("configuration", [])}
    known |= {section["name"]: section for section in sections}
    return parse_environment(document | {"configuration": [*known.values()]})


def _plain(step: Step) -> Document:
    return asdict(step) | {"seconds": round(step.seconds, 3)}


def _until(end: float, steps: Iterator[Step]) -> Iterator[Step]:
    """The steps until the time is over; an error that no step expected is a failed step."""
    try:
        for step in steps:
            yield step
            if time.monotonic() > end:
                hint = "What comes after was not tested. See the setting connection_test_seconds."
                yield Step("timeout", ok=False, message="the time of the test is over", hint=hint)
                return
    except CalipsoError as error:
        yield Step("test", ok=False, message=error.message, hint=error.hint)


def _steps(test: Document, target: str, queue: str) -> Iterator[Step]:
    environment = environment_of_test(test["environment"], test["targets_configuration"])
    if target in KNOCK:
        yield _knock(environment, target)
        return
    context = ScanContext(environment, InventoryMgr(), f"test-{uuid.uuid4().hex}")
    try:
        if target == "mysql":
            yield from database_steps(context)
        elif target == "CLI":
            yield from _host_steps(context, queue)
        else:
            found: dict[str, Document] = {}
            yield from api_steps(context, found)
            yield from driver_steps(environment, found)
    finally:
        context.close()


def _host_steps(context: ScanContext, queue: str) -> Iterator[Step]:
    """The hosts of a queue that the API names; when it does not answer, of the last scan."""
    found: dict[str, Document] = {}
    for _ in api_steps(context, found):
        pass  # how the API does is what the target OpenStack tells
    said = "named by Nova and Neutron"
    if not found:
        query = {"environment": context.environment.name, "type": "host"}
        found = {item["name"]: dict(item) for item in context.inv.find_items(query)}
        said = "known from the last scan; the API named none"
    queues = context.environment.queues
    mine = {name: item for name, item in found.items() if queues.of("cli", name) == queue}
    some = dict(sorted(mine.items())[:MOST_HOSTS])
    if found:
        message = f"{len(some)} of {len(found)} hosts for queue {queue}, {said}"
        yield Step(f"hosts of {queue}", ok=True, message=message)
    if some or not found:
        yield from host_steps(context.environment, some)


def _knock(environment: Environment, target: str) -> Step:
    """Whether something listens: nothing of Calipso logs in there yet."""
    section = next(s.model_dump() for s in environment.configuration if s.name == target)
    host_key, port_key, usual = KNOCK[target]
    place = (str(section.get(host_key, "")), int(section.get(port_key) or usual))

    def connect() -> str:
        try:
            with socket.create_connection(place, settings().ssh_connect_timeout):
                return f"{place[0]}:{place[1]} is reached; logging in was not tried"
        except OSError as error:
            raise AccessError(
                f"{place[0]}:{place[1]}: {error.strerror or error}",
                kind=ErrorKind.UNREACHABLE,
                hint=f"Check host and port of section {target}, and the firewalls between.",
            ) from error

    return attempt(f"{target} reached", connect, str).step
