"""The coverage report: counts, sizes, and what a scan leaves that did not come to its end."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from pymongo.collection import Collection

from calipso.cli.main import main
from calipso.discover.engine.coverage import MOST_PROBLEMS, summarise, write_report
from calipso.discover.engine.scan_manager import fail_scan
from calipso.model.scan import Problem, ScanRequest
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ERRORS_ON_RECORD, ScanStore

Document = dict[str, Any]

OPEN: Document = {"done": False, "state": "pending", "kind": "links", "source": "", "attempts": 0}
LARGEST = 16 * 1024 * 1024  # bytes of a document of MongoDB


def problem(message: str, **fields: Any) -> Document:
    wanted = {"kind": "command_failed", "source": "cli", "host": "h1"} | fields
    return Problem(message=message, **wanted).model_dump()


def run(host: str = "h1", source: str = "cli", read: int = 1, failed: int = 0) -> Document:
    numbers = {"read": read, "failed": failed, "objects": read, "seconds": 0.5}
    return {"host": host, "source": source, "fetcher": "Fetch", **numbers}


def task(*problems: Document, runs: tuple[Document, ...] = ()) -> Document:
    return {"source": "cli", "kind": "fetch", "problems": list(problems), "runs": list(runs)}


def only_line(*tasks: Document) -> Document:
    (line,) = summarise(list(tasks), {})[0]
    return line


@pytest.fixture
def scan_id(inv: InventoryMgr) -> str:
    """A scan that runs."""
    store = ScanStore()
    key = store.create(ScanRequest(environment="toy"))
    store.update(key, {"status": "running"})
    return key


def done(scan_id: str, number: int, *problems: Document, runs: tuple[Document, ...] = ()) -> None:
    """A finished task, added to its scan."""
    store = ScanStore()
    fields = {"_id": f"t{number}", "scan_id": scan_id, "order": number, "level": 0, "done": True}
    store.tasks.insert_one(task(*problems, runs=runs) | fields)
    for item in problems:
        store.add_problem(scan_id, Problem.model_validate(item))


def test_equal_problems_are_one_entry_with_a_count():
    line = only_line(task(problem("one"), problem("two")), task(problem("one")))

    assert [(p["message"], p["count"]) for p in line["problems"]] == [("one", 2), ("two", 1)]
    assert line["more_problems"] == 0


def test_a_line_with_fifty_thousand_problems_fits_into_a_document(inv: InventoryMgr):
    words = "x" * 5000
    warnings = [problem(f"{number} {words}", warning=True) for number in range(50_000)]
    errors = [problem(f"error {number}") for number in range(3)]

    line = only_line(task(*warnings, *errors))
    ScanStore().save_coverage("s", "toy", [line])

    assert len(line["problems"]) == MOST_PROBLEMS
    assert line["more_problems"] == 50_003 - MOST_PROBLEMS
    assert [p["message"] for p in line["problems"][:3]] == ["error 0", "error 1", "error 2"]
    assert len(bson.encode(line)) < LARGEST / 8


def test_a_task_with_thousands_of_long_problems_is_stored_with_one_write_for_all(
    scan_id: str, monkeypatch: pytest.MonkeyPatch
):
    store, words, writes, update = ScanStore(), "x" * 5000, [], Collection.update_one
    store.register([{"_id": "t1", "scan_id": scan_id, "level": 0, "order": 1, **OPEN}])
    claimed = store.claim_task("t1", "w", take_over=False)
    assert claimed
    about = {"kind": "reported", "source": "links", "warning": True}
    warnings = [Problem(message=f"{n} {words}", **about) for n in range(5_000)]
    errors = [Problem(kind="bug", source="links", message=f"error {n}") for n in range(3)]

    def counted(self: Collection[Document], *args: Any, **options: Any) -> Any:
        writes.append(self.name)
        return update(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "update_one", counted)
        assert store.finish_task(claimed, {"ran": True, "problems": [*warnings, *errors]}) == "done"

    assert writes == ["scan_tasks", "scans"]
    record, (stored,) = store.get(scan_id), store.scan_tasks(scan_id)
    assert (record["error_count"], record["warning_count"]) == (3, 5_000)
    assert len(record["errors"]) == ERRORS_ON_RECORD
    assert len(bson.encode(stored)) < LARGEST / 2
    store.complete_results(scan_id)
    record = store.get(scan_id)
    assert (record["error_count"], record["warning_count"]) == (3, 5_000)
    write_report(store, record, {})
    (line,) = store.coverage.find({"scan_id": scan_id})
    assert [p["message"] for p in line["problems"][:3]] == ["error 0", "error 1", "error 2"]
    assert len(line["problems"]) + line["more_problems"] == 5_003


@pytest.mark.parametrize(
    ("source", "runs", "problems", "reached"),
    [
        ("cli", (run(),), (), True),
        ("cli", (run(read=0, failed=2),), (problem("x"),), False),
        ("cli", (run(),), (problem("gone", kind="unreachable"),), False),
        ("cli", (run(),), (problem("x"),), True),
        # Nova was read, Neutron is away
        ("api", (run(source="api"),), (problem("x", source="api", kind="unreachable"),), True),
        ("api", (), (problem("x", source="api", kind="login_failed"),), False),
        ("api", (run(source="api", read=0),), (), None),
    ],
)
def test_reached_says_whether_anything_could_be_read(
    source: str, runs: tuple[Document, ...], problems: tuple[Document, ...], reached: bool | None
):
    line = only_line(task(*problems, runs=runs))

    assert (line["source"], line["reached"]) == (source, reached)


def test_two_that_write_the_report_of_a_scan_write_one(scan_id: str):
    done(scan_id, 1, runs=(run(), run("h2")))
    store = ScanStore()
    scan = store.get(scan_id)

    for _ in range(2):
        write_report(store, scan, {"db": ["DbFetch"]})

    lines = store.coverage.find({"scan_id": scan_id})
    assert sorted(line["host"] for line in lines) == ["", "h1", "h2"]


def test_problems_beyond_those_on_the_record_are_counted_once(scan_id: str):
    wanted = ERRORS_ON_RECORD + 20
    for number in range(3):  # each task meets all of them
        errors = [problem(f"error {n}") for n in range(wanted)]
        done(scan_id, number, *errors, problem("warning", warning=True))

    ScanStore().complete_results(scan_id)

    record = ScanStore().get(scan_id)
    assert (record["error_count"], record["warning_count"]) == (wanted, 1)
    assert len(record["errors"]) == ERRORS_ON_RECORD


def test_a_scan_that_is_given_up_leaves_a_report_of_what_it_read(scan_id: str):
    done(scan_id, 1, problem("no answer", kind="unreachable", host="h2"), runs=(run(),))

    fail_scan(scan_id, "level 2 took 3 workers with it")

    record = ScanStore().get(scan_id)
    assert (record["status"], record["error_count"]) == ("failed", 2)
    lines = {line["host"]: line for line in ScanStore().coverage.find({"scan_id": scan_id})}
    assert {host: line["reached"] for host, line in lines.items()} == {"h1": True, "h2": False}


def test_giving_up_a_scan_that_has_ended_changes_nothing(scan_id: str):
    done(scan_id, 1, runs=(run(),))
    store = ScanStore()
    write_report(store, store.get(scan_id), {"db": ["DbFetch"]})
    store.update(scan_id, {"status": "completed"})
    before = list(store.coverage.find())

    fail_scan(scan_id, "too late")

    assert list(store.coverage.find()) == before
    assert store.get(scan_id)["status"] == "completed"


def test_a_long_report_is_shown_with_what_it_leaves_out(
    scan_id: str, capsys: pytest.CaptureFixture[str]
):
    done(scan_id, 1, *(problem(f"error {n}") for n in range(MOST_PROBLEMS + 7)))
    fail_scan(scan_id, "given up")

    assert main(["scan", "show", scan_id, "--coverage", "-f", "value"]) == 0

    assert capsys.readouterr().out.rstrip().endswith("and 7 more")


def test_a_problem_that_only_tells_another_again_is_not_shown_again(
    scan_id: str, capsys: pytest.CaptureFixture[str]
):
    refused = "h1: SSH: refused"
    skipped = f"h1: skipped for the rest of this scan ({refused})"
    told = ["h1: port p1 is down", "tap1: h1: port p1 is down", "port p10 is down", refused]
    found = [*map(problem, told), problem(skipped, kind="skipped_host")]
    done(scan_id, 1, *found)
    fail_scan(scan_id, "given up")

    assert main(["scan", "show", scan_id, "--coverage", "-f", "value", "-c", "problems"]) == 0

    shown = capsys.readouterr().out.strip()
    expected = "port p1 is down; port p10 is down; SSH: refused; skipped for the rest of this scan"
    assert shown == expected


def test_the_report_of_an_unknown_scan_is_an_error(
    inv: InventoryMgr, capsys: pytest.CaptureFixture[str]
):
    assert main(["scan", "show", "abc", "--coverage"]) == 1

    assert capsys.readouterr().err == "error: no scan abc\nhint: calipso scan list\n"
