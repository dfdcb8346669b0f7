"""docs/faults.md knows each fault, and its figures are those of a campaign."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.figures import PAGE, text, write
from tests.faults.kinds import kinds

RUN = {"status": "completed", "ended": True, "equal": True, "passed": True, "failures": []}
RESULT = {
    "broker": "redis",
    "seed": 5,
    "cores": 2,
    "calm": 3.0,
    "seconds": 130,
    "runs": [
        RUN | {"number": 1, "faults": ["redis", "at-done"], "met": ["redis"], "seconds": 9.0},
        RUN | {"number": 2, "faults": ["redis"], "met": [], "seconds": 4.0, "equal": False},
    ],
}


@pytest.mark.parametrize("name", kinds("rabbitmq"))
def test_each_kind_of_fault_is_described(name: str):
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")


def test_figures_of_a_campaign_replace_those_of_the_last(tmp_path: Path):
    page = tmp_path / "faults.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")

    write([RESULT], page)
    write([RESULT | {"seed": 6}], page)

    content = page.read_text(encoding="utf-8")
    assert content.count("python -m tests.faults --runs 2 --seed 6`: 2 min 10 s") == 1
    assert "--seed 5`" not in content
    assert "| redis | 2 | 1 | 2 | 1 | 2 | 9.0 | 9.0 |" in content
    assert content.endswith(PAGE.read_text(encoding="utf-8")[-200:])


def test_the_table_counts_a_run_for_each_of_its_faults():
    lines = [line.split() for line in text(RESULT).splitlines()]

    assert ["at-done", "1", "0", "1", "1", "1", "9.0", "9.0"] in [line[:8] for line in lines]
    assert ["all", "2", "1", "2", "1", "2", "9.0", "9.0"] in [line[:8] for line in lines]
