"""A message that the broker loses is sent again, while the messages of other scans keep coming."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from amqp.exceptions import ChannelError

from calipso.discover.engine.scan_manager import create_scan, progress
from calipso.dispatch import client, submit
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.faults.rabbit import Rabbit, installed
from tests.scan.conftest import ENVIRONMENT, ToyCloud, toy
from tests.workers.conftest import Cluster, wait_for, wait_for_end
from tests.workers.test_broker_restart import running

__all__ = ["toy"]

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.alone]

#: Environments that are scanned again and again meanwhile.
OTHERS = [f"other-{number}" for number in range(8)]
#: Seconds a host takes: so `cli`, which one thread serves, always holds messages.
SLOW = 0.3


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The Redis of the test, or a RabbitMQ of its own."""
    if request.param == "redis":
        yield
        return
    if not installed():
        pytest.skip("the package rabbitmq-server is not installed (.ci/system-packages)")
    with Rabbit(tmp_path / "rabbit") as rabbit, ExitStack() as open_:
        open_.enter_context(running(rabbit.command, tmp_path / "rabbit.log", rabbit.env))
        rabbit.wait()
        monkeypatch.setenv("CALIPSO_BROKER_URL", rabbit.url)
        settings.cache_clear()
        yield


def waiting(queue: str) -> int:
    """How many messages the broker holds in a queue; 0 for one that was not used yet."""
    with client().connection_for_read() as connection, connection.channel() as opened:
        channel: Any = opened
        try:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except ChannelError:
            return 0


@contextmanager
def other_scans(least: list[int]) -> Iterator[None]:
    """Scans of the other environments, one after the other, until the end of the block.

    `least` gets the number of messages in `cli` at each look.
    """
    over = threading.Event()

    def keep_busy() -> None:
        scans = dict.fromkeys(OTHERS, "")
        while not over.wait(0.2):
            for name, scan in scans.items():
                if not scan or progress(scan)["status"] not in ("pending", "running"):
                    scans[name] = submit(ScanRequest(environment=name))
            least.append(waiting("cli"))

    thread = threading.Thread(target=keep_busy)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def test_a_lost_message_is_sent_again_while_others_keep_coming(
    broker: None,
    cluster: Cluster,
    toy: ToyCloud,
    inv: InventoryMgr,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("CALIPSO_LOST_MESSAGE_AFTER", "3")
    monkeypatch.setenv("LOSE_FROM", str(tmp_path / "scan"))
    toy.state["slow"] = SLOW
    toy.write()
    for name in OTHERS:
        EnvironmentStore().add(ENVIRONMENT | {"name": name})
    for name, queues, number in (("cli", "cli", 1), ("rest", "scan,api,db,links,cliques", 8)):
        cluster.worker(queues, number=number, name=name, include="tests.workers.lose_a_message")
    cluster.beat()
    lengths: list[int] = []

    with other_scans(lengths):
        wait_for(lambda: lengths[-1:] and lengths[-1] > len(OTHERS) // 2, 60)
        chosen = create_scan(ScanRequest(environment="toy"))
        (tmp_path / "scan").write_text(chosen)
        wait_for((tmp_path / "scan.lost").exists, 60)
        lengths.clear()
        ended = wait_for_end(chosen, 120)
        kept_coming = min(lengths)

    assert kept_coming > 0, "the queue was empty once, so nothing is shown"
    assert ended["status"] == "completed"
    assert ended["error_count"] == 0
