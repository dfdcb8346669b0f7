"""Who waits for `calipso up` on a slow machine sees what for."""

from __future__ import annotations

import pytest

from calipso.cli.stack import view
from calipso.cli.stack.view import Patience


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time; a test turns it."""
    time = [0.0]
    monkeypatch.setattr(view.time, "monotonic", lambda: time[0])
    return time


def test_nobody_waits_longer_than_three_seconds_without_a_word(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    patience = Patience()
    for tenth in range(80):
        clock[0] = tenth / 10
        patience.waiting_for(["graph", "api"])

    assert capsys.readouterr().err.splitlines() == [
        "waiting for graph, api (3 s)",
        "waiting for graph, api (6 s)",
    ]


def test_before_anything_is_known_the_stores_are_waited_for(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    patience = Patience()
    clock[0] = 4.0

    patience.waiting_for([])

    assert capsys.readouterr().err == "waiting for the stores (4 s)\n"
