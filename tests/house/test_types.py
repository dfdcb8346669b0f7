"""Every object type and link type is declared once, and what is derived from it is complete."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.link_finders import find_implicit_links
from calipso.model.owners import FIELDS as OWNED
from calipso.model.types import (
    COMMON,
    LINK_TYPES,
    OBJECT_TYPES,
    Field,
    ObjectType,
    example,
    linked_types,
    object_type,
)
from calipso.topology.carriers import FIELDS as CARRIER_FIELDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "object-types.md"
LINKS_PAGE = ROOT / "docs" / "links-and-cliques.md"
FINDERS = Path(find_implicit_links.__file__).parent
THINGS = [kind for kind in OBJECT_TYPES.values() if not kind.is_folder]
FOLDERS = [kind for kind in OBJECT_TYPES.values() if kind.is_folder]


def named(kinds: Any) -> Any:
    """One test for each type, by its name."""
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.name)


def file(name: str) -> Any:
    return json.loads((ROOT / "config" / name).read_text())


def constants(name: str) -> set[str]:
    return {entry["value"] for entry in file("constants.json")[name]}


def headings(page: str) -> dict[str, str]:
    """Text below each heading of the third level."""
    parts = re.split(r"^### (.+)\n", page.partition("\n## Link types")[0], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# -- the declarations themselves ---------------------------------------------------------------


@named(OBJECT_TYPES.values())
def test_a_declaration_says_all_there_is_to_say(kind: ObjectType) -> None:
    texts = (kind.singular, kind.plural, kind.meaning, kind.identity, kind.icon)

    assert all(texts)
    assert kind.meaning.endswith(".")
    assert kind.is_folder == kind.name.endswith("_folder")
    assert not kind.holds or kind.holds in OBJECT_TYPES
    assert kind.planned or kind.fields, "a type that is made has fields"
    assert not kind.kind or kind.planned or kind.kind in kind.by_name


@named(OBJECT_TYPES.values())
def test_each_field_has_a_sentence_and_a_source_and_one_place(kind: ObjectType) -> None:
    names = [field.name for field in (*COMMON, *kind.fields)]

    assert sorted(names) == sorted(set(names))
    for field in (*COMMON, *kind.fields):
        assert field.meaning.endswith("."), field.name
        assert field.source, field.name


@named(OBJECT_TYPES.values())
def test_each_type_hangs_below_the_environment(kind: ObjectType) -> None:
    above, seen = {kind.name}, {kind.name}
    while above and "environment" not in seen:
        above = {parent for name in above for parent in object_type(name).parents} - seen
        seen |= above

    assert "environment" in seen or kind.name == "agent"
    assert set(kind.parents) - OBJECT_TYPES.keys() <= {"environment"}


def test_a_field_with_an_owner_of_its_own_is_a_field_of_every_object() -> None:
    assert OWNED.keys() <= {field.name for field in COMMON}


def test_each_thing_has_a_symbol_of_its_own() -> None:
    icons = [kind.icon for kind in THINGS]

    assert sorted(icons) == sorted(set(icons))


@named(OBJECT_TYPES.values())
def test_what_links_join_has_a_place_in_drawings_and_nothing_else_has(kind: ObjectType) -> None:
    assert (kind.rank is not None) == (kind.name in linked_types())


@pytest.mark.parametrize("name", LINK_TYPES)
def test_links_lead_from_left_to_right_but_for_those_that_lead_back_or_stay(name: str) -> None:
    link = LINK_TYPES[name]
    source, target = object_type(link.source).rank, object_type(link.target).rank

    assert source is not None
    assert target is not None
    assert link.joined_by.endswith(".")
    assert link.state.endswith(".")
    backwards = {"otep-vconnector", "switch-switch_pnic", "switch_pnic-switch_pnic"}
    assert (source < target) == (name not in backwards and link.source != link.target)


def test_what_is_not_declared_has_defaults() -> None:
    found = object_type("route")

    assert not found.declared
    assert (found.singular, found.plural, found.rank) == ("route", "routes", None)
    assert found.by_name.keys() >= {"device", "mac_address", "addresses"}


# -- the tables of the configuration -------------------------------------------------------------


def test_the_constants_are_the_declared_types() -> None:
    assert constants("object_types") == {kind.name for kind in THINGS}
    assert constants("scan_object_types") == set(OBJECT_TYPES)
    assert constants("object_types_for_links") == set(linked_types())
    assert constants("link_types") == {
        name for link in LINK_TYPES.values() for name in (link.name, link.backwards)
    }


def test_the_scan_tree_makes_what_is_declared_and_nothing_that_is_only_planned() -> None:
    made = {entry["type"] for part in file("scanners.json")["scanners"].values() for entry in part}
    planned = {kind.name for kind in OBJECT_TYPES.values() if kind.planned}

    assert made <= OBJECT_TYPES.keys()
    assert made & planned == set()
    assert {kind.name for kind in THINGS} - planned <= made


def test_the_focal_points_of_the_clique_types_are_the_declared_ones() -> None:
    used = {entry["focal_point_type"] for entry in file("clique_types.json")["clique_types"]}

    assert used == {kind.name for kind in OBJECT_TYPES.values() if kind.focal_point}


def test_clique_types_walk_declared_links() -> None:
    known = {name for link in LINK_TYPES.values() for name in (link.name, link.backwards)}
    used = {
        name for entry in file("clique_types.json")["clique_types"] for name in entry["link_types"]
    }

    assert used <= known


# -- what reads fields ---------------------------------------------------------------------------


def fields_of_finders() -> Iterator[tuple[str, str]]:
    """(object type, field) of each `self.find("type", ["field", ...])` of the link finders."""
    for path in sorted(FINDERS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "find"
                and len(node.args) == 2
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[1], ast.List | ast.Tuple)
            ):
                for item in node.args[1].elts:
                    if isinstance(item, ast.Constant):
                        yield str(node.args[0].value), str(item.value)


def test_what_link_finders_read_is_declared() -> None:
    read = set(fields_of_finders())
    read |= {(kind, name) for kind, names in CARRIER_FIELDS.items() for name in names}
    common = {field.name for field in COMMON}

    assert len(read) > 30
    assert {(k, n) for k, n in read if n not in common and n not in object_type(k).by_name} == set()


@named(THINGS)
def test_an_example_of_the_api_has_declared_fields(kind: ObjectType) -> None:
    known = {field.name for field in (*COMMON, *kind.fields)}

    shown = example(kind.name)

    assert shown.keys() <= known
    assert shown["type"] == kind.name


# -- the documentation ---------------------------------------------------------------------------


def test_the_page_of_types_is_what_the_declarations_say() -> None:
    command = [sys.executable, str(ROOT / "docs" / "object_types.py"), "--check"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@named(THINGS)
def test_each_type_has_a_section_with_a_line_for_each_field(kind: ObjectType) -> None:
    section = headings(PAGE.read_text(encoding="utf-8"))[kind.name]

    missing = [f.name for f in kind.fields if f"| `{f.name}` | {f.meaning}" not in section]

    assert kind.meaning in section
    assert missing == []


@named(FOLDERS)
def test_each_folder_has_a_line(kind: ObjectType) -> None:
    section = headings(PAGE.read_text(encoding="utf-8"))["Folders"]

    assert f"| `{kind.name}` | `{kind.holds}` |" in section


@pytest.mark.parametrize("field", COMMON, ids=lambda field: field.name)
def test_each_field_of_every_object_has_a_line(field: Field) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Every object")[2]

    assert f"| `{field.name}` | {field.meaning}" in section.partition("## The tree")[0]


@pytest.mark.parametrize("name", LINK_TYPES)
def test_each_link_type_has_a_line(name: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Link types")[2]

    assert f"| `{name}` | {LINK_TYPES[name].joined_by}" in section.partition("## Clique")[0]


def test_the_plumbing_of_the_guide_shows_every_link_type_that_is_made_and_no_other() -> None:
    block = LINKS_PAGE.read_text(encoding="utf-8").split("```")[1]
    chains = [re.sub(r"\([^)]*\)", "", line[31:]).split(" - ") for line in block.splitlines()]
    shown = set()
    for chain in chains:
        steps = [step.partition(",")[0].strip() for step in chain]
        for one, other in pairwise(steps):
            shown |= {f"{one}-{other}", f"{other}-{one}"} & LINK_TYPES.keys() or {f"{one}-{other}"}
    made = {link.name for link in LINK_TYPES.values() if not link.planned and not link.implicit}

    assert shown - LINK_TYPES.keys() == set()
    assert made - shown == set()
