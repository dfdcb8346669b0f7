"""The tick: each host once an interval, whoever looks and whoever dies."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from calipso.model.inventory import object_key
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import API, RoundStore
from calipso.utils.clock import now
from monitoring.runner.tick import tick
from tests.api.big import Big
from tests.environments.conftest import openstack_document

HOSTS = 6


class Sent:
    """What ticks sent, and a clock."""

    def __init__(self, inv: InventoryMgr) -> None:
        self.rounds = RoundStore(inv.db)
        self.clock = now()
        self.counts: Counter[str] = Counter()
        self.queues: dict[str, str] = {}

    def send(self, env: str, host: str, queue: str, start: datetime, seconds: float) -> None:
        assert seconds == 60
        self.counts[host] += 1
        self.queues[host] = queue

    def tick(self, seconds: float = 5) -> dict[str, int]:
        self.clock += timedelta(seconds=seconds)
        return tick(self.send, lambda: self.clock)

    def checked(self) -> None:
        """As if every round had ended well."""
        for host in self.counts:
            self.rounds.save("prod", host, self.clock, {"at": self.clock, "lost": False})


@pytest.fixture
def sent(inv: InventoryMgr) -> Sent:
    document = openstack_document(name="prod") | {"enable_monitoring": True}
    hosts = [{"hosts": ["compute-00001"], "queue": "cli-east"}]
    EnvironmentStore().add(document | {"queues": {"hosts": hosts}})
    Big("prod", hosts=HOSTS, instances=HOSTS).write(inv)
    return Sent(inv)


def test_each_host_is_sent_once_an_interval_spread_over_it(sent: Sent) -> None:
    per_tick = [sent.tick()["sent"] for _ in range(13)]

    names = {host["id"] for host in InventoryMgr().find("prod", "host")}
    assert set(sent.counts) == {API, *names}
    assert set(sent.counts.values()) == {1}
    assert max(per_tick) < len(names)

    for _ in range(12 * 4):
        sent.tick()
        sent.checked()
    assert set(sent.counts.values()) == {5}


def test_the_round_of_a_host_goes_to_its_queue(sent: Sent) -> None:
    for _ in range(13):
        sent.tick()

    assert sent.queues["compute-00001"] == "cli-east"
    assert sent.queues["compute-00002"] == "cli"
    assert sent.queues[API] == "api"


def test_two_ticks_at_once_send_a_round_once(sent: Sent) -> None:
    sent.tick(0)
    document = sent.rounds.get("prod", "compute-00001")
    assert document is not None
    following = document["due"] + timedelta(seconds=60)

    first = sent.rounds.claim(document, following, sent.clock)
    second = sent.rounds.claim(document, following, sent.clock)

    assert (first, second) == (True, False)


def test_missed_rounds_are_not_made_up_for(sent: Sent) -> None:
    for _ in range(13):
        sent.tick()
    sent.checked()
    sent.counts.clear()

    sent.tick(3600)
    sent.tick()

    assert set(sent.counts.values()) == {1}


def test_a_host_that_no_worker_checks_is_unknown_without_a_message(
    sent: Sent, inv: InventoryMgr
) -> None:
    sent.tick(0)

    lost = sum(sent.tick(30)["lost"] for _ in range(10))

    assert lost == len(inv.find("prod", "host"))
    host = inv.get_by_id("prod", "compute-00001", "host")
    assert host is not None
    assert host["monitoring"]["label"] == "Unknown"
    assert "no worker" in host["monitoring"]["text"]
    assert inv.db["messages"].count_documents({"origin_type": "monitoring"}) == 0


def test_a_host_that_is_gone_from_the_inventory_is_not_sent_any_more(
    sent: Sent, inv: InventoryMgr
) -> None:
    sent.tick(0)
    inv.collection("inventory").delete_one({"_id": object_key("prod", "host", "compute-00002")})

    for _ in range(13):
        sent.tick()

    assert "compute-00002" not in sent.counts


def test_an_environment_that_is_switched_off_is_not_planned(sent: Sent, inv: InventoryMgr) -> None:
    EnvironmentStore().add(openstack_document(name="quiet"))
    Big("quiet", hosts=2, instances=2).write(inv)

    sent.tick(100)

    assert sent.rounds.of("quiet") == []
