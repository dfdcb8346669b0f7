"""Soft and hard, flapping: pure."""

from __future__ import annotations

import pytest

from calipso.model.monitoring import Value, worst
from monitoring.handlers.state import Memory, changes_share, step, unpacked

OK, WARNING, ERROR, UNKNOWN = Value.OK, Value.WARNING, Value.ERROR, Value.UNKNOWN


def after(*results: Value, at_once: bool = False) -> Memory:
    memory = Memory()
    for result in results:
        memory = step(memory, result, at_once=at_once).memory
    return memory


@pytest.mark.parametrize(
    ("results", "value"),
    [
        ([ERROR], ERROR),
        ([OK, ERROR], OK),
        ([OK, ERROR, ERROR], ERROR),
        ([OK, ERROR, WARNING], OK),
        ([OK, WARNING, WARNING], WARNING),
        ([OK, ERROR, ERROR, OK], OK),
        ([OK, UNKNOWN, UNKNOWN], OK),
        ([OK, UNKNOWN, UNKNOWN, UNKNOWN], UNKNOWN),
        ([ERROR, UNKNOWN], ERROR),
    ],
)
def test_a_value_is_hard_when_enough_results_agree(results: list[Value], value: Value) -> None:
    assert after(*results).value is value


def test_a_carrier_that_is_lost_counts_at_once() -> None:
    memory = after(OK)

    assert step(memory, ERROR, at_once=True).memory.value is ERROR


def test_a_link_that_flaps_twenty_times_starts_once_and_ends_once() -> None:
    memory, edges = after(OK), []
    for number in range(20):
        done = step(memory, ERROR if number % 2 == 0 else OK, at_once=True)
        memory = done.memory
        edges.append(done.flap_edge)
    for _ in range(25):
        done = step(memory, OK)
        memory = done.memory
        edges.append(done.flap_edge)

    assert [edge for edge in edges if edge] == ["started", "ended"]
    assert memory.value is OK
    assert memory.quiet


def test_the_share_of_changes_is_weighted_as_nagios_does() -> None:
    assert changes_share("0" * 21) == 0
    assert changes_share("01" * 10 + "0") == pytest.approx(1.0)
    assert changes_share("0" * 20 + "2") == pytest.approx(1.2 / 20)
    assert changes_share("2" + "0" * 20) == pytest.approx(0.8 / 20)


def test_what_is_remembered_is_stored_as_a_short_list() -> None:
    memory = after(OK, ERROR)

    assert unpacked(memory.packed()) == memory


def test_what_is_known_counts_before_what_is_unknown() -> None:
    assert worst([]) is OK
    assert worst([UNKNOWN]) is UNKNOWN
    assert worst([OK, UNKNOWN]) is OK
    assert worst([UNKNOWN, WARNING]) is WARNING
    assert worst([OK, ERROR, WARNING]) is ERROR
