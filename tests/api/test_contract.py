"""A short, always equal part of `python -m tests.api.contract`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from calipso.settings import settings
from tests.api.contract import Contract, parsed, run
from tests.sample_cloud.running import RunningCloud, running_cloud

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(hosts=2, instances=3, networks=2) as served:
        yield served


@pytest.fixture
def contract(home: Path, cloud: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> Contract:
    """The application on a scanned cloud; streams are short, wrong passwords do not add up."""
    monkeypatch.setenv("CALIPSO_API_STREAM_SECONDS", "0.1")
    monkeypatch.setenv("CALIPSO_LOGIN_ATTEMPTS", "1000000")
    settings.cache_clear()
    return Contract(cloud)


@pytest.mark.long
def test_what_the_specification_says_is_what_the_api_does(contract: Contract) -> None:
    report = run(contract, cases=1, number=1, options=parsed([]))

    assert "\n".join(f"{key}: {text}" for key, text in report.failures.items()) == ""
    assert sum(report.cases.values()) >= len(report.cases) > 50
    assert 200 in report.statuses


@pytest.mark.long
def test_without_a_token_the_specification_holds_and_nothing_is_returned(
    contract: Contract,
) -> None:
    report = run(contract, cases=1, number=2, options=parsed(["--without-token"]))

    assert "\n".join(f"{key}: {text}" for key, text in report.failures.items()) == ""
    assert report.statuses[401] > report.statuses[200]
