"""docs/operate.md says what is: each metric, each retention setting, each file of a probe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calipso.settings import Settings
from celeryconfig import beat_schedule

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")


def test_each_metric_is_on_the_page_and_no_other() -> None:
    code = (ROOT / "workers" / "metrics.py").read_text(encoding="utf-8")
    counters = re.findall(r'Counter\(\s*"(calipso_\w+)"', code)
    others = re.findall(r'(?:Gauge|Histogram)\(\s*"(calipso_\w+)"', code)

    promised = set(re.findall(r"^\| `(calipso_\w+)` \|", PAGE, flags=re.MULTILINE))

    assert len(promised) == 7
    assert promised == {f"{name}_total" for name in counters} | set(others)


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if "retention" in name])
def test_each_retention_setting_is_on_the_page_with_its_default(name: str) -> None:
    days = int(Settings.model_fields[name].default)

    assert re.search(rf"\| {days} days? \| `{name}` \|", PAGE)


def test_times_on_the_page_are_those_of_the_code() -> None:
    health = (ROOT / "workers" / "health.py").read_text(encoding="utf-8")
    (interval,) = re.findall(r"^INTERVAL = (\d+)\.0$", health, flags=re.MULTILINE)
    assert f"every {interval} seconds" in PAGE
    assert beat_schedule["housekeeping"]["schedule"] == 3600
    assert beat_schedule["watchdog"]["schedule"] == 5


def test_settings_named_on_the_page_exist() -> None:
    named = set(re.findall(r"CALIPSO_([A-Z_]+?)(?:_FILE)?\b", PAGE)) - {"HOME", "TAG"}

    assert {name.lower() for name in named} <= set(Settings.model_fields)
