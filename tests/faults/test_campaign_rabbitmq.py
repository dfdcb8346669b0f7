"""The same with RabbitMQ as broker: a server of its own, on loopback, for these tests."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.faults.campaign import Campaign, campaign
from tests.faults.rabbit import installed

pytestmark = [
    pytest.mark.broker,
    pytest.mark.long,
    pytest.mark.alone,
    pytest.mark.skipif(
        not installed(), reason="the package rabbitmq-server is not installed (.ci/system-packages)"
    ),
]

SHORT = [
    ("worker", "at-done"),
    ("at-published", "message-lost"),
    ("rabbitmq",),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Campaign]:
    with campaign("rabbitmq") as found:
        yield found


@pytest.mark.parametrize("names", SHORT, ids=" ".join)
def test_a_scan_under_faults_ends_and_finds_what_a_calm_one_finds(
    running: Campaign, names: tuple[str, ...]
):
    chosen = [running.kinds[name] for name in names]

    outcome = running.run(7, random.Random(7), chosen)

    assert outcome.passed, outcome
    sure = {kind.name for kind in chosen if not kind.source}  # no one may ask a source just then
    assert sure <= {*outcome.met}, outcome
