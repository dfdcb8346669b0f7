"""One target of a connection test: the steps of `calipso env test` that are about it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from calipso.errors import CalipsoError
from calipso.limits.calls import Bounds
from calipso.model.documents import Document
from calipso.model.environment import Environment, parse_environment
from calipso.model.sources import BY_SECTION, SOURCES, Source
from calipso.probe.environment_test import api_steps, steps_of
from calipso.probe.other_logins import LOGINS, other_steps
from calipso.probe.steps import Step
from calipso.sources.context import ScanContext
from calipso.stores.config.connection_tests import REQUEST, ConnectionTestStore, Job
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.clock import now

#: Hosts one test logs in to; a test must end within its time in a cloud of any size.
MOST_HOSTS = 200

#: The queue for what no scan reads.
OTHER = "scan"


def jobs_of(environment: Environment, targets: Iterable[str]) -> list[Job]:
    """Which workers test which target: those that read it in a scan."""
    queues = environment.queues
    named = {source.section: queues.all_of(source.name) for source in SOURCES}
    return list(
        dict.fromkeys((target, queue) for target in targets for queue in named.get(target, [OTHER]))
    )


def environment_of(test_id: str) -> str:
    """The environment of a test; empty for one that was deleted."""
    found = ConnectionTestStore().tests.find_one({"_id": test_id}, {"environment": 1})
    return str((found or {}).get("environment", ""))


def run_job(test_id: str, number: int) -> str:
    """Run one job and store its steps; returns `passed`, `failed` or `over`. Raises NotFound.

    A failure is a failed step; only the failure of a store is raised.
    """
    store = ConnectionTestStore()
    test = store.get(test_id)
    if test["status"] != REQUEST:
        return "over"
    job = test["jobs"][number]
    left = (test["deadline"] - now()).total_seconds()
    steps = list(_until(time.monotonic() + left, _steps(test, job["target"], job["queue"], left)))
    if not store.report(test_id, number, (_plain(step) for step in steps)):
        return "over"
    return "passed" if all(step.ok for step in steps) else "failed"


def environment_of_test(
    environment: str, sections: list[Document], document: Document | None = None
) -> Environment:
    """The environment with these sections instead of its own. Raises ConfigError, NotFound.

    `document` is that of one that is not stored.
    """
    if document is None:
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


def _steps(test: Document, target: str, queue: str, left: float) -> Iterator[Step]:
    given: list[Document] = test["targets_configuration"]
    environment = environment_of_test(test["environment"], given, test.get("environment_config"))
    if target in LOGINS:
        section = next(s for s in environment.configuration if s.name == target)
        yield from other_steps(target, section.model_dump())
        return
    # calls that wait end with the time of the test
    context = ScanContext(
        environment, InventoryMgr(), f"test-{uuid.uuid4().hex}", bounds=Bounds(max(1.0, left))
    )
    try:
        context.begin_task()
        source = BY_SECTION[target]
        if target == "OVN":
            yield from _ovn_steps(context, source, strange=_is_strange(given))
        elif source.per_host:
            yield from _host_steps(context, source, queue, strange=_is_strange(given))
        else:
            yield from steps_of(source, context, {})
    finally:
        context.drain()
        context.close()


def _is_strange(given: list[Document]) -> bool:
    """True when stored accounts of SSH are tested beside another OpenStack.

    It may name any host, and a stored password must not be tried there.
    """
    names = {section["name"] for section in given}
    return "OpenStack" in names and "CLI" not in names


def _host_steps(
    context: ScanContext, source: Source, queue: str, *, strange: bool
) -> Iterator[Step]:
    """The hosts of a queue that the API names; when it does not answer, of the last scan."""
    found, said = _known_hosts(context, strange=strange)
    queues = context.environment.queues
    mine = {name: item for name, item in found.items() if queues.of(source.name, name) == queue}
    some = dict(sorted(mine.items())[:MOST_HOSTS])
    if found:
        message = f"{len(some)} of {len(found)} hosts for queue {queue}, {said}"
        yield Step(f"hosts of {queue}", ok=True, message=message)
    if some or not found:
        yield from steps_of(source, context, some)


def _ovn_steps(context: ScanContext, source: Source, *, strange: bool) -> Iterator[Step]:
    """The databases of OVN, by network or on the hosts that the API names."""
    if "OVN" not in context.environment.mechanism_drivers:
        message = "the mechanism drivers of this environment have no OVN, so a scan does not ask it"
        hint = "Add OVN to the mechanism drivers, or remove the section."
        yield Step("OVN", ok=False, message=message, hint=hint)
        return
    found, _ = _known_hosts(context, strange=strange)
    yield from steps_of(source, context, found)


def _known_hosts(context: ScanContext, *, strange: bool) -> tuple[dict[str, Document], str]:
    """Hosts by name, as the API names them, otherwise of the last scan; and which it was."""
    found: dict[str, Document] = {}
    for _ in () if strange else api_steps(context, found):
        pass  # the target OpenStack reports the state of the API
    if found:
        return found, "named by Nova and Neutron"
    query = {"environment": context.environment.name, "type": "host"}
    found = {item["name"]: dict(item) for item in context.inv.find_items(query)}
    said = "known from the last scan; the API "
    return found, said + ("given for this test is not asked" if strange else "named none")
