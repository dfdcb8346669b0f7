"""A short part of the fault campaign (`make faults` runs a long one)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.faults.campaign import Campaign, campaign
from tests.faults.hooks import POINTS
from tests.faults.kinds import KINDS
from tests.faults.rabbit import installed

pytestmark = [pytest.mark.broker, pytest.mark.slow]

#: One of each family; together they take about a minute.
SHORT = [
    ("all-workers", "at-saved"),
    ("at-claimed", "redis"),
    ("mongo", "beat"),
    ("mongo", "message-twice"),
    ("at-cliques", "at-finish"),
    ("sshd", "api-errors"),
]
SHORT_RABBIT = ("worker", "at-done")


@pytest.fixture(scope="module")
def running() -> Iterator[Campaign]:
    with campaign() as found:
        yield found


@pytest.mark.parametrize("names", SHORT, ids=" ".join)
def test_a_scan_under_faults_ends_and_finds_what_a_calm_one_finds(
    running: Campaign, names: tuple[str, ...]
):
    outcome = running.run(7, random.Random(7), [KINDS[name] for name in names])

    assert outcome.passed, outcome
    for name in names:
        point = name.removeprefix("at-")
        assert point not in POINTS or point in outcome.happened, outcome


@pytest.mark.skipif(not installed(), reason="the package rabbitmq-server is not installed")
def test_with_rabbitmq_as_broker_it_is_the_same():
    with campaign("rabbitmq") as running:
        chosen = [running.kinds[name] for name in SHORT_RABBIT]
        outcome = running.run(7, random.Random(7), chosen)

        assert outcome.passed, outcome
