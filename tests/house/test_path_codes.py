"""Codes of paths: what the code gives, what it declares and what is documented agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from calipso.model.path_codes import CODES
from calipso.model.problem_codes import CODES as PROBLEMS

ROOT = Path(__file__).resolve().parents[2]
#: Calls that give a code, and the position of the code among their arguments.
GIVES = {"fail": 1, "_end": 1, "_nothing": 1, "Found": 1}


def given() -> set[str]:
    """Codes in the calls of the functions that judge paths."""
    found = set()
    for folder in ("topology/path", "topology/why", "analysis/path"):
        for path in (ROOT / "calipso" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    at = GIVES.get(name)
                    if at is not None and len(node.args) > at:
                        found |= _words(node.args[at])
    return found


def _words(node: ast.AST) -> set[str]:
    parts = ast.walk(node) if isinstance(node, ast.IfExp) else (node,)
    return {n.value for n in parts if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def test_every_code_that_is_given_is_declared():
    assert given()
    assert sorted(given() - CODES.keys() - PROBLEMS.keys()) == []


def test_no_code_means_two_things():
    assert CODES.keys() & PROBLEMS.keys() == set()


def test_every_code_has_one_sentence_and_a_paragraph():
    page = (ROOT / "docs" / "path.md").read_text(encoding="utf-8")
    paragraphs = dict(re.findall(r"^### (\w+)\n\n(.+?)(?=\n\n##|\Z)", page, re.M | re.S))

    assert sorted(paragraphs) == sorted(CODES)
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", code) for code in CODES)
    assert [c for c, text in CODES.items() if not re.fullmatch(r"[A-Z][^.]*\.", text)] == []
    assert [code for code, text in paragraphs.items() if len(text.split()) < 10] == []
