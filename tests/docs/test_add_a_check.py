"""The walk-through of docs/add-a-check.md works as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from calipso.settings import settings
from monitoring.checks.base import Facts, judge
from monitoring.checks.facts import Said
from monitoring.runner.registry import load_checks

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "checks"
PAGE = ROOT / "docs" / "add-a-check.md"
LINKS = ROOT / "tests" / "recorded" / "lab" / "cli" / "compute-1" / "links.out"


def test_a_check_of_ones_own_is_found_by_its_line_and_judges(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(EXAMPLE))
    settings.cache_clear()
    facts = Facts({"links": Said(0, LINKS.read_text(), "")})

    checks = load_checks()

    assert "vnic" in checks, "our own are there too"
    check = checks["route"]
    for device, value in (("eth0", 0), ("eth9", 2)):
        item = {"type": "route", "id": device, "device": device}
        assert judge(check.evaluate, item, facts).value == value


def test_what_the_page_shows_is_the_example() -> None:
    text = PAGE.read_text()
    (python,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (line,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)

    assert python in (EXAMPLE / "route_checks" / "check_route.py").read_text()
    assert json.loads(line) == json.loads((EXAMPLE / "route_monitoring_checks.json").read_text())


def test_a_line_that_names_nothing_says_where_it_is(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from calipso.errors import MetadataError

    wrong = {"checks": [{"type": "x", "check": "check_none"}, {"check": "y"}, {"type": "z"}]}
    (tmp_path / "x_monitoring_checks.json").write_text(json.dumps(wrong))
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(tmp_path))
    settings.cache_clear()

    with pytest.raises(MetadataError) as caught:
        load_checks()

    assert len(caught.value.problems) == 3
    assert "checks[0].check" in str(caught.value.problems)
