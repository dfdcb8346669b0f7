"""What Calipso says of a cloud never advises to destroy something on a guess."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from calipso.model.problem_codes import CODES

ROOT = Path(__file__).parents[2]

#: Packages that read a cloud and report what is wrong with it.
READING = ("discover", "sources", "probe", "hostparse", "analysis", "topology", "recording")

DESTRUCTIVE = re.compile(
    r"\b(netns (delete|del)|link (delete|del)|del-(br|port|controller)|reboot\w*|restart\w*"
    r"|kill\w*|destroy\w*|undefine|rm -|purge|detach|(server|port|network|router) delete)\b",
    re.IGNORECASE,
)


def spoken(tree: ast.AST) -> list[ast.Constant]:
    """Texts of a module that are no docstrings."""
    silent = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
    ]


@pytest.mark.parametrize("package", READING)
def test_no_hint_advises_something_destructive(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{text.lineno}: {text.value}"
        for path in sorted((ROOT / "calipso" / package).rglob("*.py"))
        for text in spoken(ast.parse(path.read_text(encoding="utf-8")))
        if DESTRUCTIVE.search(str(text.value))
    ]

    assert not found, "\n".join(found)


def test_no_code_and_no_paragraph_of_a_problem_advises_something_destructive() -> None:
    page = ROOT / "docs" / "problems.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    told = [*CODES.items(), *enumerate(lines, start=1)]

    found = [f"{where}: {text}" for where, text in told if DESTRUCTIVE.search(text)]

    assert not found, "\n".join(found)
