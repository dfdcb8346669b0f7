"""One budget for all answers: the work that holds most gives up its answer, the others go on."""

from __future__ import annotations

import json
import threading
import tracemalloc
from typing import Any

import pytest

from calipso.errors import ErrorKind
from calipso.limits.calls import Bounds
from calipso.limits.memory import Budget, MemoryOver, Share, json_size


def full(most: int = 100) -> Budget:
    """A budget of a process that has really grown."""
    return Budget(most, lambda: float("inf"))


def test_the_largest_gives_up_and_the_small_one_goes_on() -> None:
    budget, cut = full(), list[str]()
    large = budget.share("cloud-1", "one", cut.append)
    small = budget.share("cloud-2", "two", cut.append)
    large.grow(90)
    threading.Timer(0.2, large.close).start()  # as its thread does when it is cut

    small.grow(20)

    assert len(cut) == 1
    with pytest.raises(MemoryOver, match="cloud-1") as raised:
        large.grow(1)
    assert raised.value.kind is ErrorKind.UNEXPECTED_OUTPUT
    assert "CALIPSO_SOURCE_MEMORY" in raised.value.hint
    small.grow(70)
    assert budget.used == 90


def test_what_a_task_keeps_counts_for_its_work() -> None:
    budget = full()
    kept = budget.share("a list", "hoarder")
    kept.grow(80)
    kept.kept = True
    next_page = budget.share("the next page", "hoarder")
    next_page.grow(5)
    other = budget.share("another cloud", "other")

    threading.Timer(0.2, next_page.close).start()
    other.grow(16)

    assert next_page.given_up
    assert not other.given_up


def kept(budget: Budget, size: int, owner: str = "one") -> Share:
    """What a task keeps of answers that it has read."""
    share = Share(budget, "pages", owner, None)
    for at in range(0, size, 10):
        share = budget.share("a page", owner)
        share.grow(min(10, size - at))
        share.kept = True
    return share


def test_what_is_kept_may_be_more_than_what_is_read_and_takes_nothing_from_others() -> None:
    budget = Budget(100, lambda: float("inf"), 300)
    kept(budget, 250)
    page = budget.share("the next page", "one")
    page.grow(10)

    budget.share("another cloud", "two").grow(30)

    assert not page.given_up


def test_who_reads_most_gives_up_and_not_who_keeps_most() -> None:
    budget, cut = Budget(100, lambda: float("inf"), 300), list[str]()
    kept(budget, 150)
    page = budget.share("the next page", "one")
    page.grow(10)
    flood = budget.share("a flood", "two", cut.append)

    with pytest.raises(MemoryOver):
        flood.grow(95)
    assert not page.given_up


def test_one_answer_is_never_longer_than_the_budget() -> None:
    budget = Budget(100, lambda: float("inf"), 300)
    share = budget.share("an answer without end", "one")
    share.grow(99)

    with pytest.raises(MemoryOver):
        share.grow(2)


def test_what_one_work_keeps_of_many_answers_has_its_end() -> None:
    budget = Budget(100, lambda: float("inf"), 300)
    for _ in range(29):
        share = budget.share("a page", "one")
        share.grow(10)
        share.kept = True

    with pytest.raises(MemoryOver):
        budget.share("a page", "one").grow(11)


def test_an_estimate_alone_gives_nothing_up() -> None:
    budget = Budget(100, lambda: 10.0)
    for name in ("a", "b", "c"):
        share = budget.share(name, "one")
        share.grow(80)
        share.kept = True

    budget.share("d", "one").grow(50)

    assert budget.used == 290


def test_what_was_given_back_is_there_for_the_next() -> None:
    budget = full()
    for _ in range(9):
        share = budget.share("a", "one")
        share.grow(90)
        share.close()

    assert budget.used == 0


def test_a_task_gives_back_what_it_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = full()
    monkeypatch.setattr("calipso.limits.calls.budget", lambda: budget)
    bounds = Bounds()
    bounds.begin_task()
    with bounds.answer("a") as share:
        share.grow(50)
        bounds.keep(share)
    assert budget.used == 50

    bounds.end_task()

    assert budget.used == 0


HOSTILE: dict[str, Any] = {
    "empty maps": [{}] * 10_000,
    "maps": [{"a": 0}] * 10_000,
    "empty lists": [[]] * 10_000,
    "lists": [[0]] * 10_000,
    "numbers": list(range(1000, 11_000)),
    "texts": [f"text {number}" for number in range(10_000)],
    "keys": {str(number): 0 for number in range(10_000)},
    "wide text": "\U0001f600" + "a" * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_values_of_json_take_no_more_than_their_estimate(name: str, *, ascii_only: bool) -> None:
    body = json.dumps(HOSTILE[name], ensure_ascii=ascii_only).encode()
    tracemalloc.start()
    try:
        values = json.loads(body)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert values
    assert taken <= json_size(body) * 1.05 + 4096
