"""Every case folder of cliques: links in, the cliques of some focal points out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.model.inventory import object_key
from tests.link_finders.casekit import (
    case_folders,
    clique_metadata,
    environment,
    read_json,
    short_link,
)
from tests.link_finders.wiring import ENV

HOME = Path(__file__).parent
CASES = case_folders(HOME)


def focal_point(given: dict[str, Any]) -> dict[str, Any]:
    """The focal point as the engine hands it over."""
    key = object_key(ENV, given["type"], given["id"])
    return {"_id": key, "environment": ENV} | given


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_clique_holds_exactly_the_links_of_the_case(folder: Path) -> None:
    case = read_json(folder / "case.json")
    default = clique_metadata()
    links = [short_link(*ends, **more) for *ends, more in case["links"]]
    names = {link["_id"]: (link["source_id"], link["target_id"]) for link in links}
    finder = CliqueFinder(
        environment(**case.get("environment", {})),
        case.get("clique_types", default["clique_types"]),
        case.get("clique_constraints", default["clique_constraints"]),
        links,
    )

    cliques = finder.find_for([focal_point(given) for given in case["focal_points"]])

    found = {
        clique["focal_point_id"]: sorted(list(names[link]) for link in clique["links"])
        for clique in cliques
    }
    assert found == read_json(folder / "expected.json")


@pytest.mark.parametrize(
    "focal_type",
    sorted(
        {
            item["focal_point_type"]
            for item in clique_metadata()["clique_types"]
            if item["environment"] == "ANY"
        }
    ),
)
def test_every_default_focal_point_type_has_a_case(focal_type: str) -> None:
    assert [folder for folder in CASES if folder.parent.name == focal_type]


def test_every_case_says_what_it_is_about() -> None:
    silent = [str(f) for f in CASES if not read_json(f / "case.json").get("description")]

    assert silent == []
