"""A sample cloud for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sample_cloud import RunningCloud, running_cloud


@pytest.fixture(scope="module")
def shared_cloud() -> Iterator[RunningCloud]:
    with running_cloud(hosts=5, instances=12, networks=6, mechanism="mixed") as cloud:
        yield cloud


@pytest.fixture
def cloud(shared_cloud: RunningCloud) -> Iterator[RunningCloud]:
    """The module's cloud, without faults and with counters at zero."""
    shared_cloud.control(clear="*", reset_counts=True)
    yield shared_cloud
    shared_cloud.clear()
