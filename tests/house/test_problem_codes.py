"""Codes of problems: what the code reports, what it declares and what is documented agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from calipso.model.problem_codes import CODES

ROOT = Path(__file__).resolve().parents[2]
#: Calls that report a problem, by the name that is called.
REPORTS = {"Problem", "problem"}


def reported() -> set[str]:
    """The word given as `code` to each call that reports a problem."""
    found = set()
    for path in (ROOT / "calipso").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name == "Fault" and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
            for given in node.keywords if name in REPORTS else ():
                if given.arg == "code" and isinstance(given.value, ast.Constant):
                    found.add(given.value.value)
    return found


def test_every_code_that_is_reported_is_declared():
    assert reported()
    assert reported() <= CODES.keys()


def test_every_code_has_one_sentence_and_a_paragraph():
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    paragraphs = dict(re.findall(r"^### (\w+)\n\n(.+?)(?=\n\n###|\Z)", page, re.M | re.S))

    assert paragraphs.keys() == CODES.keys()
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", code) for code in CODES)
    assert [c for c, text in CODES.items() if not re.fullmatch(r"[A-Z][^.]*\.", text)] == []
    assert [code for code, text in paragraphs.items() if len(text.split()) < 10] == []


def test_every_code_is_expected_by_a_test():
    tests = ROOT / "tests"
    texts = [
        path.read_text(encoding="utf-8")
        for ending in ("py", "json")
        for path in tests.rglob(f"*.{ending}")
        if path != Path(__file__).resolve()
    ]
    said = {code for text in texts for code in re.findall(r'"([a-z0-9_]+)[":]', text)}

    assert sorted(CODES.keys() - said) == []
