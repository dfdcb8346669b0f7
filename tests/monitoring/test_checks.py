"""Checks: Python 3.6, standard library only, run as programs; and cases of real output."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitoring.checks import base
from monitoring.checks.base import Facts, judge, module_of
from monitoring.checks.facts import Said
from monitoring.runner.registry import load_checks

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ROOT / "monitoring" / "checks"
CASES = Path(__file__).parent / "checks"
FILES = sorted(CHECKS.glob("*.py"))
#: Of Python 3.7 and later: names of modules, and of arguments.
LATER_MODULES = {"dataclasses", "contextvars", "zoneinfo", "tomllib", "graphlib"}
LATER_ARGUMENTS = {"capture_output", "text", "missing_ok"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_check_is_python_of_version_3_6_and_imports_only_the_standard_library(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 6))

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
            assert node.module != "__future__", "annotations came with 3.7"
        else:
            names = []
        for name in names:
            own = (CHECKS / f"{name}.py").exists()
            top = name.partition(".")[0]
            assert own or (top in sys.stdlib_module_names and top not in LATER_MODULES), name
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess"):
            assert not {k.arg for k in node.keywords} & LATER_ARGUMENTS, ast.unparse(node)
        assert not isinstance(node, ast.NamedExpr | ast.Match)


def test_each_check_has_a_line_and_each_line_a_check_of_that_name() -> None:
    listed = {check.module.rpartition(".")[2] for check in load_checks().values()}

    assert listed == {path.stem for path in FILES if path.stem.startswith("check_")}
    for kind, check in load_checks().items():
        assert check.module.rpartition(".")[2] == module_of(kind)


def program(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-E", "-s", str(CHECKS / f"{name}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


def test_a_check_runs_as_it_is_and_ends_with_the_code_of_nagios(tmp_path: Path) -> None:
    good = program("check_host_pnic", "--field", "name=lo", cwd=tmp_path)
    gone = program("check_host_pnic", "--field", "name=none0", cwd=tmp_path)
    wrong = program("check_host_pnic", cwd=tmp_path)

    assert (good.returncode, good.stdout) == (0, "OK: lo is up\n"), good.stderr
    assert (gone.returncode, gone.stdout) == (2, "Error: none0 is gone\n")
    assert wrong.returncode == 3
    assert wrong.stdout.startswith("Unknown: ")


def test_objects_come_from_a_rendered_file(tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"host_pnic_x": {"type": "host_pnic", "id": "x", "name": "lo"}}))

    found = program(
        "check_host_pnic", "--objects", str(path), "--name", "host_pnic_x", cwd=tmp_path
    )
    other = program("check_host_pnic", "--objects", str(path), "--name", "y", cwd=tmp_path)

    assert found.returncode == 0
    assert (other.returncode, "y is not in objects.json" in other.stdout) == (3, True)


def test_hostile_output_is_one_line_without_performance_data() -> None:
    assert base.one_line("a\nb|c\t  d") == "a b/c d"


def test_a_check_that_fails_is_unknown_and_says_why() -> None:
    def broken(item: Any, facts: Facts) -> Any:
        raise RuntimeError("oops")

    found = judge(broken, {"id": "x"}, Facts({}))

    assert (found.value, "RuntimeError: oops" in found.text) == (3, True)


@pytest.mark.parametrize("out", ["", "{", "[1, 2]", '{"a": 1}', "\x00", '[{"ifname": []}]'])
def test_facts_that_cannot_be_understood_are_unknown(out: str) -> None:
    facts = Facts({"links": Said(0, out, ""), "ovs": Said(0, out, "")})
    for kind in ("host_pnic", "vconnector", "otep", "vnic"):
        check = load_checks()[kind]

        found = judge(check.evaluate, {"id": "x", "type": kind, "name": "x"}, facts)

        assert found.value == 3, found


def test_what_was_not_read_is_unknown_with_the_reason() -> None:
    facts = Facts({"links": Said(127, "", "sh: 1: ip: not found\n")})

    found = judge(load_checks()["host_pnic"].evaluate, {"id": "x", "name": "eth0"}, facts)

    assert (found.value, "ip: not found" in found.text) == (3, True)


def cases() -> list[Path]:
    return sorted(path.parent for path in CASES.glob("*/*/case.json"))


@pytest.mark.parametrize("folder", cases(), ids=lambda f: f"{f.parent.name}/{f.name}")
def test_case(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text())
    answers = {
        name: Said(one.get("exit", 0), _text(folder, one.get("out", "")), one.get("err", ""))
        for name, one in case["answers"].items()
    }
    facts = Facts(answers, case.get("host", ""), case.get("previous"), case.get("more"))
    kind = case["item"].get("link_type") or case["item"]["type"]

    found = judge(load_checks()[kind].evaluate, case["item"], facts)

    wanted = case["expected"]
    assert (found.label, wanted["text"] in found.text) == (wanted["label"], True), found
    assert found.at_once is wanted.get("at_once", False)
    assert found.derived is wanted.get("derived", False)


def _text(folder: Path, name: str) -> str:
    """A recorded file of the case, of the folder above, or of the recorded lab."""
    if not name or "\n" in name or not name.endswith(".out"):
        return name
    for place in (folder, folder.parent, CASES, ROOT / "tests" / "recorded" / "lab" / "cli"):
        if (place / name).is_file():
            return (place / name).read_text()
    raise AssertionError(f"{folder}: no file {name}")


@pytest.mark.parametrize("kind", sorted(load_checks()))
def test_each_check_has_a_case_that_is_good_and_one_that_is_not(kind: str) -> None:
    folder = CASES / load_checks()[kind].module.rpartition(".")[2]
    labels = {
        json.loads(path.read_text())["expected"]["label"] for path in folder.glob("*/case.json")
    }

    assert "OK" in labels
    assert labels - {"OK"}
