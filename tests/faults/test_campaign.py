"""A short part of the fault campaign (`make faults` runs a long one)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.faults.campaign import Campaign, campaign

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.alone]

#: One of each family; together they take about two minutes.
SHORT = [
    ("all-workers", "at-saved"),
    ("at-claimed", "redis"),
    ("mongo", "beat"),
    ("at-begun", "message-twice"),
    ("at-cliques", "at-finish"),
    ("sshd", "api-errors"),
    ("at-locked",),
    ("still-in-removal",),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Campaign]:
    with campaign() as found:
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
