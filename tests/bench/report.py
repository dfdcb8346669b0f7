"""The figures in the documentation, written from a stored result."""

from __future__ import annotations

from pathlib import Path

from tests.bench.figures import Result
from tests.bench.marks import marks_text
from tests.bench.tables import tables

BEGIN = "<!-- figures: written by python -m tests.bench --report -->"
END = "<!-- figures: end -->"


def page_with_figures(page: str, result: Result) -> str:
    """A page with the figures between its two marks replaced. Raises ValueError without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{figures(result)}\n\n{END}{after}"


def figures(result: Result) -> str:
    """Tables and marks as a block of text."""
    return f"```text\n{tables(result)}\n\n{marks_text(result)}\n```"


def write_report(path: Path, result: Result) -> None:
    """Rewrite the figures of a page."""
    text = page_with_figures(path.read_text(encoding="utf-8"), result)
    path.write_text(text, encoding="utf-8")
