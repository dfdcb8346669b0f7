"""Guard tests: the make targets run every test once, and the demo installs what it needs."""

from __future__ import annotations

import configparser
import itertools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TESTING = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")

#: The targets whose pytest lines, together, are all tests.
TARGETS = ("test-fast", "test-rest", "test-long")

#: Our own markers.
PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
MARKERS = [line.partition(":")[0] for line in PYTEST["ini_options"]["markers"]]


def recipe(target: str) -> str:
    """The lines below a target of the Makefile."""
    found = re.search(rf"(?m)^{target}: .*\n((?:\t.*\n)+)", MAKEFILE)
    assert found, target
    return found[1]


def expressions(target: str) -> list[str]:
    """What a target gives to `pytest -m`."""
    return re.findall(r'-m "([^"]+)"', recipe(target))


EXPRESSIONS = [line for target in TARGETS for line in expressions(target)]


def test_each_marker_is_documented():
    assert {"slow", "broker", "alone", "long"} <= set(MARKERS)
    assert [name for name in MARKERS if f"| `{name}` |" not in TESTING] == []


@pytest.mark.parametrize("number", range(len(MARKERS) + 1))
def test_every_test_runs_with_exactly_one_line_of_the_makefile(number: int):
    """Whatever markers a test has: the expressions have the form of Python's own."""
    for names in itertools.combinations(MARKERS, number):
        values = {name: name in names for name in MARKERS}
        taken = [line for line in EXPRESSIONS if eval(line, {"__builtins__": {}}, values)]

        assert len(taken) == 1, (names, taken)


def test_no_line_of_the_makefile_selects_tests_by_other_means():
    for target in TARGETS:
        for line in recipe(target).splitlines():
            assert re.fullmatch(r'\t@\$\(PYTEST\)( -n 2 --dist loadfile)? -m "[^"]+"', line)


def test_make_test_is_the_fast_part_and_then_the_rest_and_the_gate_runs_all():
    assert re.search(r"(?m)^test: test-packages test-fast test-rest ", MAKEFILE)
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8").split()

    assert {"test", "test-long"} <= set(gate)


def test_no_test_is_tried_again():
    """A test that fails once has failed: what makes it late is a defect of the test or of us."""
    again = re.compile(r"last-failed|--lf\b|reruns|flaky")
    files = [ROOT / "Makefile", ROOT / "pyproject.toml", *(ROOT / ".ci").iterdir()]

    assert [path.name for path in files if again.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("target", ["test", *TARGETS, "demo"])
def test_each_target_is_documented(target: str):
    assert f"`make {target}`" in TESTING + (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_demo_needs_no_tools_of_the_tests():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    tools = {
        re.split(r"[=<>]", line)[0] for line in setup["options.extras_require"]["test"].split()
    }
    text = (ROOT / "requirements-demo.txt").read_text(encoding="utf-8")
    locked = set(re.findall(r"(?m)^([A-Za-z0-9_.-]+)==", text))

    assert len(tools) > 10
    # s2 cells and dates: libraries that the embedded MongoDB and the sample cloud need themselves
    assert locked & tools <= {"jsonschema", "python-dateutil"}


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="the lock is that of Python 3.11, the oldest supported"
)
def test_the_lock_of_the_demo_is_what_the_lock_of_all_says():
    made = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lock-demo"], capture_output=True, text=True, check=True
    )

    assert (ROOT / "requirements-demo.txt").read_text(encoding="utf-8") == made.stdout, "make lock"
