"""An answer as text: the sentence, its hops, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.cli.output import Format, clean, show_list, tell
from calipso.cli.search import spoken
from calipso.model.answer import Answer
from calipso.model.path import Direction
from calipso.utils.clock import now

_TITLES = {Direction.FORWARD: "there:", Direction.BACKWARD: "and back:"}


def show_answer(answer: Answer, columns: Mapping[str, str]) -> None:
    """Write an answer to standard output; `columns`: heading -> field of a hop."""
    tell(clean(f"{answer.verdict.value.upper()} ({answer.code}): {answer.sentence}"))
    for direction, title in _TITLES.items():
        hops = [hop for hop in answer.hops if hop["direction"] == direction]
        if hops:
            tell(f"\n{title}")
            rows = [_row(hop, columns) for hop in hops]
            known = (*columns, "age", "monitoring")
            used = [name for name in known if any(row[name] != "" for row in rows)]
            show_list(rows, used, Format.TABLE)
    told: set[str] = set()
    for finding in answer.findings:
        text = clean(f"{finding['code']}: {finding['message']}")
        if text in told:
            continue
        told.add(text)
        tell(f"\n{text}")
        if finding.get("hint"):
            tell(clean(f"    {finding['hint']}"))
    for evidence in answer.evidence:
        read = f", read {evidence.read_at:%Y-%m-%d %H:%M} UTC" if evidence.read_at else ""
        where = f" on {evidence.host}" if evidence.host else ""
        tell(clean(f"    evidence: {evidence.line}  ({evidence.command}{where}{read})"))
    for title, lines in (("assumed", answer.assumptions), ("not checked", answer.not_checked)):
        if lines:
            tell(f"\n{title}:")
        for line in lines:
            tell(clean(f"  - {line}"))


def _row(hop: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    row = {name: _cell(hop.get(field)) for name, field in columns.items()}
    row["age"] = spoken(now() - hop["read_at"]) if hop.get("read_at") else ""
    if hop.get("stale_since"):
        row["age"] = f"stale {row['age']}"
    row["monitoring"] = str((hop.get("monitoring") or {}).get("label") or "")
    if hop.get("underlay"):
        row["type"] = f"· {row['type']}"
    return row


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return value.value if hasattr(value, "value") else value
