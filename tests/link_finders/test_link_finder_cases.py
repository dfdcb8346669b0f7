"""Every case folder of every link finder: objects in, links out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from calipso.discover.find_links import ScanInfo
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import plugin_classes, resolve_package
from calipso.utils.names import camel_case, snake_case
from tests.link_finders.casekit import (
    FINDERS_PACKAGE,
    as_tuple,
    case_folders,
    clique_metadata,
    configured_finders,
    environment,
    fill,
    fill_links,
    read_json,
    run_and_hear,
    short_link,
)

HOME = Path(__file__).parent
CASES = case_folders(HOME)


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_finder_finds_exactly_the_links_and_problems_of_the_case(
    folder: Path, inv: InventoryMgr
) -> None:
    case = read_json(folder / "case.json")
    expected = [tuple(link) for link in read_json(folder / "expected.json")]
    fill(inv, case["inventory"])
    fill_links(inv, [short_link(*ends, **more) for *ends, more in case.get("links", ())])
    scan = ScanInfo(
        environment=environment(**case.get("environment", {})),
        clique_types=case.get("clique_types", []),
        clique_constraints=clique_metadata()["clique_constraints"],
        implicit_links=case.get("implicit_links", False),
    )

    links, problems = run_and_hear(camel_case(folder.parent.name), inv, scan)

    found = Counter(as_tuple(link) for link in links)
    assert sorted(found - Counter(expected)) == [], "not expected"
    assert sorted(Counter(expected) - found) == [], "missing"
    told = sorted([p.code, p.object_type, p.object_id] for p in problems)
    assert told == sorted(case.get("problems", []))


@pytest.mark.parametrize("finder", configured_finders())
def test_every_configured_finder_has_a_case(finder: str) -> None:
    folders = [folder for folder in CASES if folder.parent.name == snake_case(finder)]

    assert folders, f"no case in tests/link_finders/{snake_case(finder)}/"


def test_config_lists_exactly_the_finders_that_exist() -> None:
    written = set(plugin_classes(resolve_package(FINDERS_PACKAGE)))

    assert set(configured_finders()) == written


def test_implicit_links_are_found_last() -> None:
    assert configured_finders()[-1] == "FindImplicitLinks"


def test_every_case_says_what_it_is_about() -> None:
    silent = [
        str(folder.relative_to(HOME))
        for folder in CASES
        if not read_json(folder / "case.json").get("description")
    ]

    assert silent == []
