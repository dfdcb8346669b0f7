"""No environment takes all threads of a worker, and health tells when they all wait."""

from __future__ import annotations

import time
from contextlib import ExitStack

from calipso.limits.shares import APART, SCAN, SOON, TEST, Shares
from calipso.stores.scans.worker_store import all_wait, waiting_workers


def taken(shares: Shares, held: ExitStack, environment: str, kind: str, wanted: int) -> int:
    """How many of the wanted threads an environment gets."""
    return sum(held.enter_context(shares.turn(environment, kind)) for _ in range(wanted))


def test_one_environment_leaves_threads_to_the_next() -> None:
    with ExitStack() as held:
        shares = Shares(16)

        assert taken(shares, held, "slow", SCAN, 40) == 14
        assert taken(shares, held, "healthy", SCAN, 2) == 2


def test_tests_leave_most_threads_to_scans() -> None:
    with ExitStack() as held:
        shares = Shares(16)

        assert taken(shares, held, "a", TEST, 18) == 2
        assert taken(shares, held, "b", TEST, 18) == 2
        assert taken(shares, held, "c", TEST, 18) == 0
        assert taken(shares, held, "a", SCAN, 18) > 8


def test_environments_that_scan_at_once_have_equal_parts() -> None:
    with ExitStack() as held:
        shares = Shares(16)
        first = [taken(shares, held, name, SCAN, 1) for name in "abcde"]

        assert first == [1] * 5
        assert [taken(shares, held, name, SCAN, 9) for name in "abcde"] == [1] * 5
        assert taken(shares, held, "healthy", SCAN, 9) == 2


def test_a_thread_that_is_free_again_is_given_again() -> None:
    shares = Shares(1)
    for _ in range(3):
        with shares.turn("a", SCAN) as may:
            assert may
            with shares.turn("a", SCAN) as second:
                assert not second

    assert shares.busy == 0


def test_a_worker_of_processes_has_no_shares() -> None:
    with ExitStack() as held:
        assert taken(Shares(), held, "a", SCAN, 99) == 99


def test_tasks_that_are_put_back_come_again_one_after_the_other() -> None:
    shares = Shares(16)

    pauses = [shares.pause() for _ in range(100)]

    assert pauses[0] <= SOON
    assert pauses[99] > 90 * APART
    time.sleep(0.05)
    assert shares.pause() > 90 * APART


def test_a_worker_whose_threads_all_wait_is_named() -> None:
    stuck = {"_id": "sources@a#1", "threads": {"size": 4, "busy": 4, "waiting": 9}}
    works = {"_id": "sources@b#1", "threads": {"size": 4, "busy": 4, "waiting": 3}}
    graph = {"_id": "graph@a#1"}

    assert [all_wait(worker) for worker in (stuck, works, graph)] == [True, False, False]
    assert "sources@a wait" in waiting_workers([works, stuck, graph])
    assert waiting_workers([works, graph]) == ""
