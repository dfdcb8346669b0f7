"""The page about the sample cloud names every flag and every fault."""

from __future__ import annotations

import re
from pathlib import Path

from tests.sample_cloud.__main__ import parser
from tests.sample_cloud.serve.faults import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "sample-cloud.md").read_text(encoding="utf-8")


def test_every_fault_is_explained_and_no_other() -> None:
    table = PAGE.partition("| Fault |")[2].partition("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

    assert {kind for cell in first_cells for kind in re.findall(r"`(.+?)`", cell)} == set(KINDS)


def test_every_flag_is_explained() -> None:
    flags = set(re.findall(r"--[a-z][a-z-]+", parser().format_help())) - {"--help"}

    assert flags == set(re.findall(r"--[a-z][a-z-]+", PAGE)) - {"--file"}
