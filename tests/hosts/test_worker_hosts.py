"""Worker hosts with addresses of their own; the short form of `python -m tests.hosts`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calipso.settings import settings
from tests.hosts import runs, speedup
from tests.hosts.network import leftovers, why_not

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.alone]


@pytest.fixture(scope="module")
def cluster() -> Iterator[runs.Cluster]:
    """Two worker hosts and a small cloud."""
    if reason := why_not():
        pytest.skip(reason)
    with (
        runs.sample(hosts=12, instances=30) as cloud,
        runs.cluster(cloud, **runs.SHORT) as made,
    ):
        made.add_hosts(2)
        yield made
    assert leftovers() == []


@pytest.fixture(scope="module")
def calm(cluster: runs.Cluster) -> runs.Outcome:
    """A scan that nothing disturbs."""
    return cluster.scan()


def test_a_scan_uses_all_worker_hosts(calm: runs.Outcome):
    assert calm.status == "completed", calm.errors
    assert calm.equal
    assert set(calm.tasks) == {"worker-1", "worker-2"}


def test_a_worker_host_that_is_cut_off_costs_its_lease_and_nothing_else(
    cluster: runs.Cluster, calm: runs.Outcome
):
    victim = cluster.network.hosts[0]

    cut = cluster.scan_while_cut(victim)

    assert cut.status == "completed", cut.errors
    assert cut.equal
    config = settings()
    # its tasks are taken over once it counts as lost; a message that was on its way to it, and
    # the right to ask a host, each have a time of their own
    lease = config.worker_lost_after + config.lost_message_after + config.answer_lease
    assert cut.seconds - calm.seconds < lease + 3 * config.watchdog_interval
    cluster.rejoins(victim)
    after = cluster.scan()
    assert after.status == "completed"
    assert after.equal
    assert set(after.tasks) == {"worker-1", "worker-2"}


def test_a_second_worker_process_makes_reading_a_cloud_faster():
    one, two = speedup.measure((1, 2), rounds=2, hosts=16, instances=16)

    assert one.reading / two.reading > 1.2  # 1.9 on a machine that does nothing else
