"""What could make the benchmark's figures wrong: counting, comparing, marks, the page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.bench import __main__ as bench
from tests.bench.__main__ import LAST, PAGE, parser, sizes, unlike
from tests.bench.compare import Change, compare, comparison_text
from tests.bench.figures import AGAIN, FIRST, Floor, Part, Result, Scan, read_result
from tests.bench.floor import WHAT, measure_floor
from tests.bench.machine import machine
from tests.bench.marks import Mark, marks
from tests.bench.measure import Size, asked, pages
from tests.bench.memory_inventory import memory_inventory
from tests.bench.parts import plain
from tests.bench.processes import Watch, cpu_seconds
from tests.bench.report import BEGIN, END, page_with_figures
from tests.bench.tables import tables
from tests.link_finders.casekit import configured_finders, fill, run_finder
from tests.link_finders.wiring import cloud, stored

pytestmark = pytest.mark.slow

HERE = {"cpu": "some", "cores": 2, "memory_gb": 8, "python": "3.11"}
ASKED = {
    "api_calls": 12.0,
    "pages": 7.0,
    "sql_queries": 11.0,
    "ssh_sessions": 9.0,
    "ssh_sessions_host": 1.0,
    "gateway_sessions": 1.0,
    "ssh_round_trips": 10.0,
}


def scan(hosts: int, which: str = FIRST, **fields: Any) -> Scan:
    """A scan of 10 objects a host, 10 ms and 5 ms of CPU time each."""
    made = Scan(hosts, hosts * 50, which, "completed", wall=hosts / 10, objects=hosts * 10)
    made.cpu = {"mongo": hosts / 40, "pool": hosts / 40, "cloud": 99.0, "bench": 99.0}
    made.peak = {"mongo": 100.0, "redis": 5.0, "pool 1": 200.0, "pool 2": 150.0, "bench": 4000.0}
    made.asked = ASKED | {"ssh_round_trips": float(hosts)}
    return replace(made, **fields)


def floor(hosts: int, seconds: float = 1.0, **fields: Any) -> Floor:
    made = Floor(hosts, hosts * 50, 100, 1.0, 30.0, seconds, [seconds], 1.0, 0.5, 0.5)
    return replace(made, **fields)


def result(*scans: Scan, **fields: Any) -> Result:
    options = {"commit": "abc", "latency": 5.0, "settings": {}}
    made = Result("2026-01-01 00:00", dict(HERE), options, list(scans))
    made.floors = [floor(one.hosts, one.hosts / 20) for one in scans if one.scan == FIRST]
    return replace(made, **fields)


def mark(found: Result, words: str) -> Mark:
    (one,) = [mark for mark in marks(found) if words in mark.name]
    return one


# -- counting ------------------------------------------------------------------------------------

BURN = """
import subprocess, sys, time
child = "x = bytearray(60_000_000)\\nimport time\\nend = time.process_time() + 0.4\\n"
child += "while time.process_time() < end: pass\\n"
for word in sys.stdin:
    subprocess.run([sys.executable, "-c", child + "time.sleep(1.2)"])
    print("done", flush=True)
"""


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    """A program that, for each line it reads, runs a child of 0.4 CPU seconds and 60 MB."""
    command = [sys.executable, "-c", BURN]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_children_that_ended_count_with_their_time_and_memory(
    program: subprocess.Popen[str],
) -> None:
    assert program.stdin
    assert program.stdout
    watch = Watch({"program": program.pid})
    watch.start()
    program.stdin.write("go\n")
    program.stdin.flush()
    program.stdout.readline()

    used, busy = watch.stop()

    assert 0.4 <= used["program"].below_cpu < 2.0
    assert used["program"].main_cpu < 0.3
    assert [peak for peak in used["program"].below_peaks if peak > 60]
    assert used["program"].main_peak < 60
    assert busy >= used["program"].below_cpu


def test_time_before_the_watch_does_not_count(program: subprocess.Popen[str]) -> None:
    assert program.stdin
    assert program.stdout
    program.stdin.write("go\n")
    program.stdin.flush()
    program.stdout.readline()
    watch = Watch({"program": program.pid})

    watch.start()
    used, _ = watch.stop()

    assert cpu_seconds(program.pid) >= 0.4
    assert used["program"].below_cpu == 0
    assert used["program"].below_peaks == []


def test_a_peak_belongs_to_the_part_of_the_watch_it_was_seen_in() -> None:
    code = "import sys; big = b'x' * 80_000_000; print(1, flush=True); sys.stdin.readline(); "
    code += "del big; print(2, flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        watch = Watch({"program": process.pid})
        watch.start()
        watch.part("holding")
        watch.part("holding")
        process.stdin.write("go\n")
        process.stdin.flush()
        process.stdout.readline()
        watch.part("released")

        used, _ = watch.stop()
        process.kill()

    peaks = used["program"].by_part
    assert peaks["holding"] > 80 > peaks["released"] > 1
    assert used["program"].main_peak >= peaks["holding"]


def test_logins_at_the_gateway_are_no_sessions_of_a_host() -> None:
    found = asked(
        {
            "api_calls": 3,
            "sql_queries": 2,
            "ssh_execs": 4,
            "sessions_per_host": {"gateway": 7, "a": 1, "b": 2},
            "commands_per_host": {"a": 9, "b": 10},
            "api_paths": {"/v3/projects": 3},
        }
    )

    assert (found["ssh_sessions"], found["ssh_sessions_host"], found["gateway_sessions"]) == (
        *(3, 2),
        7,
    )
    assert found["ssh_commands_host"] == 10
    assert found["api /v3/projects"] == 3


def test_an_empty_list_is_a_page() -> None:
    sizes = {"instances": 2001, "ports": 1000, "networks": 0, "subnets": 1}

    assert pages(sizes | {"agents": 1, "projects": 1, "hosts": 1}) == 3 + 1 + 1 + 1 + 1 + 1 + 1


def test_floor_stores_the_same_documents_with_the_same_indexes_and_leaves_nothing(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inv, cloud(hosts=2, instances_per_host=4, tenant_networks=2))
    expected = {item["_id"]: item for item in inv.collection("inventory").find()}
    indexes = {name: set(inv.collection(name).index_information()) for name in WHAT}
    seen: list[tuple[Any, Any]] = []
    drop = type(inv.collection("links")).drop

    def look(collection: Any, *arguments: Any, **more: Any) -> None:
        documents = {item["_id"]: item for item in collection.find()}
        seen.append((documents, set(collection.index_information())))
        drop(collection, *arguments, **more)

    monkeypatch.setattr(type(inv.collection("links")), "drop", look)
    found = measure_floor(2, 8, (os.getpid(),))

    assert found is not None
    assert found.documents == len(expected)
    assert found.seconds > 0
    assert found.insert_seconds > 0
    assert (expected, indexes["inventory"]) in seen
    assert indexes["links"] in [names for _, names in seen]
    assert [name for name in inv.db.list_collection_names() if "floor" in name] == []


@pytest.mark.parametrize("finder", [n for n in configured_finders() if n != "FindImplicitLinks"])
def test_joins_are_timed_on_what_the_store_would_answer(inv: InventoryMgr, finder: str) -> None:
    objects = cloud(hosts=3, instances_per_host=4, tenant_networks=3)
    fill(inv, objects)

    assert run_finder(finder, memory_inventory(map(stored, objects))) == run_finder(finder, inv)


def test_sizes_are_hosts_or_hosts_and_instances() -> None:
    given = sizes(parser().parse_args(["--sizes", "10,40x1000", "--instances", "20"]))

    assert [(size.hosts, size.instances) for size in given] == [(10, 200), (40, 1000)]


def test_a_case_is_described_in_words() -> None:
    name = "test_joining_links[FindLinksForPnics-20]"

    assert plain(name) == "joining links: FindLinksForPnics, 20"


# -- comparing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [(10, 11.9, ""), (10, 12.1, "slower"), (10, 8.4, ""), (10, 8.2, "faster"), (0, 5, "")],
)
def test_only_what_moves_beyond_the_tolerance_is_reported(
    old: float, new: float, word: str
) -> None:
    assert Change("x", "wall seconds", old, new).verdict(0.2) == word


def test_equal_results_say_nothing_moved() -> None:
    found = compare(result(scan(10)), result(scan(10)))

    assert found.verdicts() == []
    assert "nothing that is compared moved" in comparison_text(found)


def test_slower_scans_are_named_with_both_figures() -> None:
    found = compare(result(scan(10, wall=2.0)), result(scan(10)))

    assert "slower: 10 hosts, 500 instances, first: wall seconds 2, was 1 (2.00)" in (
        found.verdicts()
    )


def test_of_another_machine_only_the_ratio_to_the_floor_is_compared() -> None:
    old = result(scan(10), machine=HERE | {"cpu": "other"}, parts=[Part("p", 1.0, "x", 1)])
    new = result(scan(10, wall=5.0), parts=[Part("p", 9.0, "x", 1)])

    found = compare(new, old)

    assert {one.what for one in found.changes} == {"scan/floor", "scan/floor by CPU"}
    assert any("another machine" in note for note in found.notes)


def test_wall_times_of_a_busy_machine_are_not_compared() -> None:
    busy = scan(10, wall=3.0)
    busy.cpu["others"] = 3.0

    found = compare(result(busy), result(scan(10)))

    assert {one.what for one in found.changes} == {"CPU seconds", "scan/floor by CPU"}
    assert any("busy" in note for note in found.notes)


def test_a_busy_machine_is_noted_with_the_figures() -> None:
    busy = scan(10)
    busy.cpu["others"] = 1.0

    assert "other programs used 50% of the machine" in tables(result(busy))
    assert "other programs used" not in tables(result(scan(10)))


def test_results_of_other_options_are_not_compared() -> None:
    other = result(scan(10), options={"commit": "abc", "latency": 20.0, "settings": {}})

    found = compare(result(scan(10, wall=9.0)), other)

    assert (found.changes, found.counts) == ([], [])
    assert any("other options" in note for note in found.notes)


def test_another_commit_is_compared() -> None:
    older = result(scan(10), options={"commit": "def", "latency": 5.0, "settings": {}})

    assert compare(result(scan(10)), older).changes


def test_counts_must_be_equal() -> None:
    more = scan(10, objects=101, asked=ASKED | {"api_calls": 99.0})

    lines = compare(result(more), result(scan(10))).verdicts()

    assert "differs: 10 hosts, 500 instances, first: objects 101, was 100" in lines
    assert "differs: 10 hosts, 500 instances, first: api_calls 99, was 12" in lines


def test_parts_are_compared_by_the_piece() -> None:
    old = result(parts=[Part("parsing", 1.0, "devices", 100)])
    new = result(parts=[Part("parsing", 2.0, "devices", 200)])

    (change,) = compare(new, old).changes

    assert change.ratio == 1.0


# -- marks ---------------------------------------------------------------------------------------


def test_time_per_object_is_judged_against_100_hosts() -> None:
    base, slow, fast = scan(100), scan(1000, wall=151.0), scan(1000, wall=149.0)

    assert mark(result(base, slow), "time per object").met is False
    assert mark(result(base, fast), "time per object").met is True
    assert mark(result(scan(10), base), "time per object").met is None
    assert mark(result(scan(1000)), "time per object").met is None


def test_second_scans_are_not_judged_by_object() -> None:
    found = mark(result(scan(100), scan(1000), scan(1000, AGAIN, wall=900.0)), "time per object")

    assert found.met is True


def test_scan_by_floor_is_that_of_the_worst_size() -> None:
    good, bad = result(scan(10), scan(100)), result(scan(10, wall=1.6), scan(100))

    assert mark(good, "bulk upserts").met is True
    assert mark(bad, "bulk upserts").met is False
    assert mark(bad, "bulk upserts").figures.startswith("3.20 at 10 hosts")


def test_any_process_may_break_the_mark_on_memory_but_the_bench_itself() -> None:
    big = scan(10)
    big.peak["pool 2"] = 1100.0

    assert mark(result(scan(10)), "any process").met is True
    assert mark(result(big), "any process").figures == "1100 MB: pool 2 at 10 hosts"
    assert mark(result(big), "any process").met is False


def test_redis_is_judged_by_its_own_peak_too() -> None:
    assert mark(result(scan(10)), "Redis").met is True
    assert mark(result(scan(10, redis_peak=201.0)), "Redis").met is False


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [("SSH sessions", "ssh_sessions_host", 3.0), ("round trips", "ssh_round_trips", 31.0)],
)
def test_hosts_are_asked_rarely(words: str, name: str, value: float) -> None:
    assert mark(result(scan(10)), words).met is True
    assert mark(result(scan(10, asked=ASKED | {name: value})), words).met is False


def test_api_calls_may_grow_with_pages_only() -> None:
    small = scan(10)
    paged = scan(1000, asked=ASKED | {"api_calls": 212.0, "pages": 207.0})
    each = scan(1000, asked=ASKED | {"api_calls": 1012.0, "pages": 207.0})

    assert mark(result(small, paged), "API calls").met is True
    assert mark(result(small, each), "API calls").met is False
    assert mark(result(small), "API calls").met is None


def test_a_second_scan_records_nothing() -> None:
    assert mark(result(scan(10), scan(10, AGAIN)), "second scan").met is True
    assert mark(result(scan(10), scan(10, AGAIN, changes=1)), "second scan").met is False


def test_a_scan_that_was_cut_off_is_not_complete() -> None:
    whole = scan(1000)

    assert mark(result(whole), "completes").met is True
    assert mark(result(replace(whole, status="over time")), "completes").met is False
    assert mark(result(scan(500)), "completes").met is None


def test_largest_document_stays_far_from_the_limit() -> None:
    small, large = result(scan(10)), result(scan(10), floors=[floor(10, largest_kb=5000.0)])

    assert mark(small, "largest document").met is True
    assert mark(large, "largest document").met is False


# -- files ---------------------------------------------------------------------------------------


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    given = result(scan(10), scan(10, AGAIN), parts=[Part("parsing", 1.0, "devices", 9)])

    given.write(tmp_path / "deep" / "result.json")

    assert read_result(tmp_path / "deep" / "result.json") == given


def test_a_result_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"format": 0, "scans": []}')

    with pytest.raises(ValueError, match="format"):
        read_result(path)


def test_figures_of_a_page_are_replaced_and_nothing_else() -> None:
    page = f"# Title\n\nbefore\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n"

    once = page_with_figures(page, result(scan(10)))
    twice = page_with_figures(once, result(scan(10)))

    assert once == twice
    assert once.startswith("# Title\n\nbefore\n")
    assert once.endswith("\n\nafter\n")
    assert "old" not in once
    assert "Marks" in once


def test_a_page_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="figures"):
        page_with_figures("# Title\n", result(scan(10)))


def test_tables_of_a_large_cloud_fit_a_terminal() -> None:
    whole = scan(1000, objects=260_000, links=200_000, cliques=88_000, wall=1234.5, tasks=4000)
    whole.cpu = dict.fromkeys(("sources", "graph", "pool", "mongo", "others"), 1234.5)
    lines = tables(result(whole)).splitlines()

    assert max(len(line) for line in lines[1:]) <= 100


def test_the_page_shows_the_committed_result() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page_with_figures(page, read_result(LAST)) == page


# -- a run in parts --------------------------------------------------------------------------------


def test_sizes_of_an_earlier_part_are_added_and_those_measured_again_replaced() -> None:
    earlier = result(scan(10), scan(10, AGAIN), scan(100, wall=99.0))
    earlier.parts = [Part("parsing", 0.1, "links", 5)]
    now = result(scan(100), scan(1000))

    now.add_sizes(earlier)

    assert [(one.hosts, one.scan) for one in now.scans] == [
        (10, FIRST),
        (10, AGAIN),
        (100, FIRST),
        (1000, FIRST),
    ]
    assert next(one for one in now.scans if one.hosts == 100).wall == 10.0
    assert [one.hosts for one in now.floors] == [10, 100, 1000]
    assert now.parts == earlier.parts


def test_a_part_that_is_cut_short_has_also_written_the_earlier_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(size: Size, *_: object) -> tuple[list[Scan], Floor | None]:
        if size.hosts == 1000:
            raise KeyboardInterrupt
        return [scan(size.hosts)], None

    monkeypatch.setattr(bench, "measure_in_folder", measure)
    file = tmp_path / "part.json"
    words = ["--sizes", "200,1000", "--no-parts", "--json", str(file)]

    with pytest.raises(KeyboardInterrupt):
        bench.run(parser().parse_args(words), result(scan(10), scan(100)))

    assert [one.hosts for one in read_result(file).scans] == [10, 100, 200]


def test_parts_of_other_machines_or_commits_are_not_put_together() -> None:
    here = result(scan(10), machine=machine(), options={"commit": "abc"})
    elsewhere = result(scan(10))

    assert unlike(here).startswith("at commit abc, this is ")
    assert unlike(elsewhere) == "on another machine"
