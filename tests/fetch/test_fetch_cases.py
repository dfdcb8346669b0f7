"""All fetchers against recorded answers: one folder, one test."""

from __future__ import annotations

from pathlib import Path

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.names import camel_case
from tests.fetch.casekit import (
    Case,
    case_folders,
    case_name,
    difference,
    unmet_problems,
    updating,
)

FETCHERS = Path(__file__).parents[2] / "calipso" / "discover" / "fetchers"


def fetcher_modules() -> list[str]:
    """Modules that hold a fetcher: `<source>_fetch_*.py` in the folder of its source."""
    return sorted(
        path.stem
        for source in ("aci", "api", "cli", "db")
        for path in (FETCHERS / source).glob(f"{source}_fetch_*.py")
    )


@pytest.mark.parametrize("module", fetcher_modules(), ids=camel_case)
def test_fetcher_has_a_case(module: str) -> None:
    assert any(folder.parent.name == module for folder in case_folders()), (
        f"{camel_case(module)}: no case; record one in tests/fetch/{module}/<case>/"
    )


@pytest.mark.parametrize("folder", case_folders(), ids=case_name)
def test_fetch(folder: Path, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(folder)

    found, told = case.run(inv, monkeypatch)

    if updating(folder):
        case.update(found)
    assert not difference(case.expected(), found), "\n".join(difference(case.expected(), found))
    assert not unmet_problems(case.data.get("problems", []), told)


@pytest.mark.parametrize("folder", case_folders(), ids=case_name)
def test_what_a_case_expects_can_be_stored(folder: Path) -> None:
    expected = Case(folder).expected()

    for objects in expected.values():
        if isinstance(objects, dict):
            assert objects["raises"]["hint"], "an error must say what to do"
            continue
        for item in objects:
            assert isinstance(item["id"], str)
            assert item["id"].strip() == item["id"] != ""
            host = item.get("host")
            if host and item.get("vnic_type", "") and item["id"]:
                assert item["id"].startswith(f"{host}-")
            for mac in (item.get("mac_address"), item.get("host_mac_address")):
                assert mac is None or mac == mac.lower()
