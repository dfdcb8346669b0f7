"""The whole way: a cloud that sends notifications, RabbitMQ, manager, workers, inventory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.stack.process import spawn
from calipso.discover.engine.scan_local import run_local
from calipso.discover.events.event_manager import EventManager
from calipso.dispatch import wake_events
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore
from calipso.stores.scans.listener_store import ListenerStore
from tests.events.conftest import add_environment, amqp_section
from tests.faults.rabbit import Rabbit
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.workers.conftest import Cluster, cluster, wait_for

__all__ = ["cluster"]

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture(scope="module")
def cloud(broker: Rabbit) -> Iterator[RunningCloud]:
    with running_cloud(hosts=4, instances=6, networks=3, amqp=broker.url) as running:
        yield running


def manager_process(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "calipso", "events", "run", "-i", "0.5"]
    return spawn(command, folder / "events.log", environment=os.environ)


@pytest.fixture
def listened(
    inv: InventoryMgr, cloud: RunningCloud, broker: Rabbit, cluster: Cluster, tmp_path: Path
) -> Iterator[str]:
    """An environment that was scanned, with a manager that listens to it, and workers."""
    cloud.mutate("rename_instance", name=f"n{time.time_ns()}")  # the exchanges are there
    name = add_environment(cloud.environment, amqp_section(broker), listen=True)
    run_local(ScanRequest(environment=name))
    cluster.worker()
    process = manager_process(tmp_path)
    wait_for(lambda: ListenerStore().get(name).get("state") == "running", 60)
    wait_for(lambda: not EventKeys().of(name), 60)  # the lists were compared
    yield name
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def test_a_change_of_the_cloud_is_in_the_inventory_seconds_later(
    listened: str, inv: InventoryMgr, cloud: RunningCloud
):
    made = cloud.mutate("create_instance", name="told")

    wait_for(lambda: inv.get_by_id(listened, made["id"], "instance"), 60)
    wait_for(lambda: states(listened) == {"done"}, 90)

    assert not EventKeys().of(listened)
    assert EnvironmentStore().masked(listened)["operational"] == "running"


@pytest.mark.long
def test_a_listener_that_is_killed_comes_back_and_misses_nothing(
    listened: str, inv: InventoryMgr, cloud: RunningCloud
):
    for number in range(5):
        pid = listener_pid(listened)
        os.kill(pid, signal.SIGKILL)
        made = cloud.mutate("create_instance", name=f"told-{number}")
        wait_for(lambda: inv.get_by_id(listened, made["id"], "instance"), 90)  # noqa: B023
        wait_for(lambda: listener_pid(listened) not in (0, pid), 60)  # noqa: B023


@pytest.mark.long
def test_a_queue_that_is_deleted_is_made_again_and_the_lists_are_compared(
    listened: str, inv: InventoryMgr, cloud: RunningCloud, broker: Rabbit
):
    from kombu import Connection

    queue = f"calipso.{listened}.{ListenerStore().installation()}"
    with Connection(broker.url) as connection:
        channel: Any = connection.channel()
        channel.queue_delete(queue)
        made = cloud.mutate("create_instance", name="while-away")
        wait_for(lambda: inv.get_by_id(listened, made["id"], "instance"), 90)
        assert channel.queue_declare(queue, passive=True).consumer_count == 1


def states(environment: str) -> set[str]:
    """The states of all messages of an environment."""
    return {str(m["state"]) for m in EventStore().find({"environment": environment})}


def listener_pid(environment: str) -> int:
    """The process that listens to an environment; 0: there is none."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"listen" in words and environment.encode() in words:
            return int(path.parent.name)
    return 0


class Process:
    """A process of a manager under test."""

    pid = 1

    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.code = -15

    def kill(self) -> None:
        self.code = -9

    def wait(self, timeout: float | None = None) -> int:
        assert self.code is not None
        return self.code


class Managed:
    """A manager that starts processes of its own, and counts them."""

    def __init__(self) -> None:
        self.started: list[Process] = []
        self.manager = EventManager(self.spawn, lambda name: None)

    def spawn(self, environment: str) -> Process:
        self.started.append(Process())
        return self.started[-1]

    def look(self) -> Managed:
        self.manager.manage()
        return self


@pytest.fixture
def ready(inv: InventoryMgr, broker: Rabbit) -> str:
    from tests.scan.conftest import ENVIRONMENT

    name = add_environment(ENVIRONMENT, amqp_section(broker), listen=True)
    EnvironmentStore().set_status(name, scanned=True)
    return name


def told(environment: str) -> tuple[str, str]:
    found = ListenerStore().get(environment)
    return found.get("state", ""), found.get("reason", "")


def test_two_managers_do_not_listen_twice_and_the_second_takes_over(ready: str):
    first, second = Managed().look(), Managed().look()

    assert (len(first.started), len(second.started)) == (1, 0)

    first.manager.end()
    second.look()

    assert len(second.started) == 1
    assert first.started[0].code == -15


def test_a_manager_that_vanished_loses_its_environments(ready: str):
    first, second = Managed().look(), Managed()
    ListenerStore().collection.update_one({"_id": ready}, {"$set": {"until": None}})

    second.look()
    first.look()

    assert len(second.started) == 1
    assert first.started[0].code == -15


def test_a_listener_that_ends_is_started_again(ready: str):
    managed = Managed().look()
    managed.started[0].code = 1

    managed.look()

    assert len(managed.started) == 2
    assert told(ready) == ("error", "the listener ended with code 1; it is started again")


@pytest.mark.parametrize(
    ("change", "state"),
    [({"listen": False}, "stopped"), ({"scanned": False}, "waiting")],
)
def test_an_environment_that_does_not_qualify_any_more_is_not_listened_to(
    ready: str, change: dict[str, bool], state: str
):
    managed = Managed().look()
    EnvironmentStore().collection.update_one({"name": ready}, {"$set": change})

    managed.look()

    assert managed.started[0].code == -15
    assert told(ready)[0] == state
    assert EnvironmentStore().masked(ready)["operational"] == "stopped"


def test_other_settings_of_the_broker_start_the_listener_anew(ready: str):
    managed = Managed().look()
    section = {"name": "AMQP", "user": "another"}
    EnvironmentStore().update(ready, {"configuration": [section]})

    managed.look()

    assert [process.code for process in managed.started] == [-15, None]


def test_the_manager_lives_through_an_absence_of_the_store(
    ready: str, monkeypatch: pytest.MonkeyPatch
):
    from calipso.errors import StoreError

    managed, stop = Managed(), threading.Event()
    looks: list[int] = []

    def fails() -> None:
        looks.append(1)
        if len(looks) > 2:
            stop.set()
        raise StoreError("away")

    monkeypatch.setattr(managed.manager, "manage", fails)
    managed.manager.interval = 0.0
    monkeypatch.setattr("calipso.discover.events.event_manager.TICK", 0.01)
    managed.manager.run(stop)

    assert len(looks) == 3
    wake_events(ready)  # a broker that is away is no error
