"""Whole hosts: what each answers, its links and its problems, as `expected.json` has them.

CALIPSO_UPDATE_CASES=wiring/<case> makes the runner rewrite expected.json, for you to read.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.link_finders.casekit import as_tuple
from tests.wiring.chain import HostCase

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/case.json"))


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_links_of_a_host(folder: Path, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch) -> None:
    links, problems = HostCase(folder).links(inv, monkeypatch)

    found = {
        "links": sorted([*as_tuple(link)] for link in links),
        "problems": sorted({f"{problem.code}: {problem.message}" for problem in problems}),
    }
    expected = folder / "expected.json"
    if f"wiring/{folder.name}".startswith(os.environ.get("CALIPSO_UPDATE_CASES") or "//"):
        text = json.dumps(found, indent=1, ensure_ascii=False)
        expected.write_text(f"{text}\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
