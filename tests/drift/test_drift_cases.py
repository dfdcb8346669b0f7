"""Every case folder of every drift rule: objects and links in, findings out."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from calipso.analysis.drift_rules import load_drift_rules
from calipso.model.inventory import object_key
from calipso.model.problem_codes import CODES
from calipso.topology.drift.facts import Facts

HOME = Path(__file__).parent
ROOT = HOME.parents[1]
CASES = sorted(path.parent for path in HOME.glob("*/*/case.json"))
RULES = load_drift_rules()
WHEN = datetime(2026, 5, 4, 3, tzinfo=UTC)


def facts_of(case: dict[str, Any]) -> Facts:
    """The facts of a case; times are text there."""
    objects = [_object(item) for item in case["objects"]]
    recent = [change | {"time": WHEN} for change in case.get("recent", ())]
    return Facts(objects, case.get("links", ()), recent, objects, WHEN)


def _object(item: dict[str, Any]) -> dict[str, Any]:
    key = object_key("cloud", item["type"], item["id"])
    found = {"_id": key, "environment": "cloud", "last_scanned": WHEN, "name": item["id"]} | item
    if "stale_since" in item:
        found["stale_since"] = WHEN
    return found


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_rule_finds_exactly_what_its_case_expects(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    rule = RULES[folder.parent.name]

    found = [
        [item.item["type"], item.item["id"], item.sentence] for item in rule().find(facts_of(case))
    ]

    assert found == case["expected"]


@pytest.mark.parametrize("code", sorted(RULES))
def test_each_rule_has_a_case_with_a_finding_and_one_without(code: str) -> None:
    cases = [
        json.loads(path.read_text(encoding="utf-8")) for path in (HOME / code).glob("*/case.json")
    ]

    assert any(case["expected"] for case in cases), f"no case with a finding in tests/drift/{code}"
    assert any(not case["expected"] for case in cases), f"no healthy case in tests/drift/{code}"


@pytest.mark.parametrize("code", sorted(RULES))
def test_each_rule_has_a_sentence_a_remedy_and_a_paragraph(code: str) -> None:
    rule = RULES[code]
    page = (ROOT / "docs" / "drift.md").read_text(encoding="utf-8")
    paragraphs = dict(re.findall(r"^### (\w+)\n\n(.+?)(?=\n\n###|\n\n##|\Z)", page, re.M | re.S))

    assert paragraphs.keys() == RULES.keys()
    assert len(paragraphs[code].split()) > 10
    assert f"**{rule.severity.value}**" in paragraphs[code]
    assert re.fullmatch(r"[A-Z][^.]*\.", rule.sentence), rule.sentence
    assert rule.remedy.endswith((".", "`."))
    assert rule.code() == code == Path(rule.__module__.replace(".", "/")).name
    assert set(rule.problems) <= CODES.keys()


def test_no_problem_has_two_rules() -> None:
    named = [problem for rule in RULES.values() for problem in rule.problems]

    assert len(named) == len(set(named)) > 20


def test_a_case_lies_with_a_rule_there_is() -> None:
    assert {folder.parent.name for folder in CASES} == RULES.keys()
