"""A finder that says which object types it reads asks for no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from calipso.discover.find_links import FindLinks
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import load_class
from calipso.utils.names import snake_case
from tests.link_finders.casekit import (
    FINDERS_PACKAGE,
    case_folders,
    configured_finders,
    fill,
    read_json,
)
from tests.link_finders.wiring import ENV

HOME = Path(__file__).parent


def finder_class(name: str) -> type[FindLinks]:
    found: type[FindLinks] = load_class(name, FINDERS_PACKAGE)
    return found


LIMITED = [name for name in configured_finders() if finder_class(name).reads is not None]


@pytest.mark.parametrize("name", LIMITED)
def test_a_finder_reads_only_the_types_that_it_names(
    name: str, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    find = InventoryMgr.find

    def noting(self: InventoryMgr, environment: str, object_type: str, *rest: object) -> object:
        read.add(object_type)
        return find(self, environment, object_type, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(InventoryMgr, "find", noting)
    for folder in case_folders(HOME):
        if folder.parent.name == snake_case(name):
            inv.collection("inventory").delete_many({})
            fill(inv, read_json(folder / "case.json")["inventory"])
            finder = finder_class(name)()
            finder.bind(ENV, inv)
            finder.run()

    assert read
    assert read <= (finder_class(name).reads or set())
