"""Tables of a campaign: for the terminal, and in docs/faults.md.

    python -m tests.faults.figures var/faults-redis.json var/faults-rabbitmq.json

rewrites the figures of the page from what `python -m tests.faults` wrote.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.faults.kinds import kinds

Document = dict[str, Any]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
HEAD = ("fault", "runs", "met", "ended", "equal", "passed", "median s", "most s", "what")


def rows(result: Document) -> list[list[str]]:
    """Faults by kind (a run counts for each of its kinds), then all runs."""
    by_kind: dict[str, list[Document]] = defaultdict(list)
    for run in result["runs"]:
        for name in run["faults"]:
            by_kind[name].append(run)
    known = kinds(result["broker"])
    found = [_row(name, by_kind[name], known[name].text) for name in sorted(by_kind)]
    return [*found, _row("all", result["runs"], f"with {result['broker']} as broker")]


def _row(name: str, runs: list[Document], what: str) -> list[str]:
    times = sorted(run["seconds"] for run in runs)
    met = sum(name in run["met"] or (name == "all" and bool(run["met"])) for run in runs)
    counts = [met, *(sum(run[field] for run in runs) for field in ("ended", "equal", "passed"))]
    middle, most = times[len(times) // 2], times[-1]
    return [name, str(len(runs)), *map(str, counts), f"{middle:.1f}", f"{most:.1f}", what]


def text(result: Document) -> str:
    """For the terminal."""
    lines = [_line(HEAD), *(_line(row) for row in rows(result))]
    width = max(map(len, lines))
    lines[1:1] = ["-" * width]
    lines[-1:-1] = ["-" * width]
    return "\n".join([*lines, f"{result['seconds']} s, seed {result['seed']}"])


def _line(row: tuple[str, ...] | list[str]) -> str:
    numbers = "".join(f"{cell:>9}" for cell in row[1:-1])
    return f"{row[0]:17}{numbers}  {row[-1]}"


def markdown(result: Document) -> str:
    """For the page."""
    total, seconds = len(result["runs"]), result["seconds"]
    command = f"python -m tests.faults --runs {total} --seed {result['seed']}"
    if result["broker"] != "redis":
        command += f" --broker {result['broker']}"
    table = [HEAD[:-1], *(row[:-1] for row in rows(result))]
    lines = [f"| {' | '.join(row)} |" for row in table]
    lines.insert(1, "|---" + "|--:" * (len(HEAD) - 2) + "|")
    told = f"`{command}`: {seconds // 60} min {seconds % 60} s on {result['cores']} cores; an "
    told += f"undisturbed scan takes {result['calm']:.1f} s."
    return "\n".join([told, "", *lines])


def write(results: list[Document], page: Path = PAGE) -> None:
    """Put the figures of these campaigns where the page has those of the last one."""
    content = page.read_text(encoding="utf-8")
    for result in results:
        marks = f"<!-- figures: {result['broker']} -->", "<!-- end of figures -->"
        pattern = re.compile(f"({marks[0]}\n).*?({marks[1]})", re.DOTALL)
        if not pattern.search(content):
            raise ValueError(f"{page}: no lines {marks[0]} and {marks[1]}")
        new = f"{marks[0]}\n\n{markdown(result)}\n\n{marks[1]}"
        content = pattern.sub(lambda _match, new=new: new, content, count=1)
    page.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write([json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]])
