"""Metadata files: what loads, and the errors for a wrong file."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.cliques.clique_types_metadata import CliqueTypesMetadata
from calipso.discover.engine.scanners_metadata import ScannersMetadata
from calipso.discover.find_links_metadata import FindLinksMetadata
from calipso.errors import MetadataError
from calipso.model.environment import Environment
from calipso.utils.constants import ConstantsMetadata
from calipso.utils.metadata_parser import load_class, without_trailing_commas

Metadata = dict[str, Any]


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def scanners(folder: Path, tree: Metadata, package: str = "discover.fetchers") -> Path:
    return write(folder, "scanners.json", {"scanners_package": package, "scanners": tree})


def problems_of(parser: Any, path: Path) -> list[str]:
    with pytest.raises(MetadataError) as caught:
        parser.parse_metadata_file(path)
    return caught.value.problems


def test_all_problems_of_a_scanners_file_are_reported_at_once(tmp_path: Path):
    path = scanners(
        tmp_path,
        {
            "ScanHost": [
                {"type": "hots", "fetcher": "ApiFetchRegions"},
                {"type": "host", "fetcher": "ApiFetchRegionz", "children_scaner": "ScanX"},
                {"type": "host", "fetcher": "ApiFetchRegions", "children_scanner": "ScanHosts"},
                {"fetcher": {"folder": "yes", "types_name": "x"}},
                {"type": "host", "fetcher": "ApiFetchRegions", "environment_condition": "OVS"},
                {"type": "host", "fetcher": "ApiFetchRegions", "last": "true"},
            ]
        },
    )

    problems = problems_of(ScannersMetadata(), path)

    text = "\n".join(problems)
    assert all(problem.startswith(str(path)) for problem in problems)
    assert "ScanHost[0].type: 'hots'" in text
    assert "did you mean host?" in text
    assert "ScanHost[1].fetcher" in text
    assert "did you mean ApiFetchRegions?" in text
    assert "ScanHost[1].children_scaner: 'ScanX'" in text
    assert "did you mean children_scanner?" in text
    assert "ScanHost[2].children_scanner: 'ScanHosts'" in text
    assert "did you mean ScanHost?" in text
    assert "ScanHost[3].type: 'missing'" in text
    assert "ScanHost[3].fetcher.folder: 'yes'" in text
    assert "ScanHost[3].fetcher.parent_type" in text
    assert "ScanHost[4].environment_condition: 'OVS'" in text
    assert "ScanHost[5].last: 'true'" in text


def test_a_scanner_below_itself_is_refused(tmp_path: Path):
    entry = {"type": "host", "fetcher": "ApiFetchRegions", "children_scanner": "ScanHost"}
    path = scanners(tmp_path, {"ScanHost": [entry]})

    assert "ScanHost -> ScanHost" in problems_of(ScannersMetadata(), path)[0]


def test_missing_top_level_keys_are_named(tmp_path: Path):
    path = write(tmp_path, "scanners.json", {"scaners": {}})

    text = "\n".join(problems_of(ScannersMetadata(), path))

    assert "scanners_package" in text
    assert "did you mean scaners?" in text


@pytest.mark.parametrize("content", ["{not json", "[]", '"x"'])
def test_what_is_no_json_object_is_reported(tmp_path: Path, content: str):
    path = write(tmp_path, "scanners.json", content)

    assert str(path) in problems_of(ScannersMetadata(), path)[0]


def test_a_missing_file_is_reported(tmp_path: Path):
    assert "No such file" in problems_of(ScannersMetadata(), tmp_path / "scanners.json")[0]


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    path = write(tmp_path, "scanners.yaml", "{}")

    assert "expected a .json file" in problems_of(ScannersMetadata(), path)[0]


def test_trailing_commas_are_forgiven_outside_strings():
    text = '{"a": [1, 2,], "b": ",]", "c": {"d": ",}\\"",},}'

    assert json.loads(without_trailing_commas(text)) == {
        "a": [1, 2],
        "b": ",]",
        "c": {"d": ',}"'},
    }


def test_conditions_are_met_by_any_common_value(tmp_path: Path):
    entry = {"type": "host", "fetcher": "ApiFetchRegions"}
    tree = {
        "ScanHost": [
            entry | {"environment_condition": {"mechanism_drivers": "OVS"}},
            entry | {"environment_condition": {"mechanism_drivers": ["VPP", "LXB"]}},
            entry | {"environment_condition": {"mechanism_drivers": "VPP"}},
            entry | {"environment_condition": {"environment_type": "Kubernetes"}},
            entry | {"environment_condition": {"no_such_key": "x"}},
            entry,
        ]
    }
    metadata = ScannersMetadata()
    metadata.parse_metadata_file(scanners(tmp_path, tree))
    environment = Environment.model_construct(
        name="e", environment_type="OpenStack", mechanism_drivers=["OVS", "LXB"], configuration=[]
    )

    met = [entry.applies_to(environment) for entry in metadata.scanners["ScanHost"]]

    assert met == [True, True, False, False, False, True]


def test_link_finders_must_be_subclasses_of_the_base_finder(tmp_path: Path):
    content = {
        "finders_package": "discover.link_finders",
        "base_finder": "FindLinksForPnics",
        "link_finders": ["FindLinksForOteps", "FindLinksForPnicz"],
    }

    text = "\n".join(
        problems_of(FindLinksMetadata(), write(tmp_path, "link_finders.json", content))
    )

    assert "link_finders[0]: 'FindLinksForOteps': expected a subclass of FindLinksForPnics" in text
    assert "did you mean FindLinksForPnics?" in text


def test_clique_types_know_their_words(tmp_path: Path):
    wrong = {"name": "x", "focal_point_type": "instanc", "link_types": ["instance-vnik"], "nam": 1}
    content = {"clique_types": [wrong], "clique_constraints": [{"focal_point_type": "network"}]}

    text = "\n".join(
        problems_of(CliqueTypesMetadata(), write(tmp_path, "clique_types.json", content))
    )

    assert "did you mean instance?" in text
    assert "did you mean instance-vnic?" in text
    assert "clique_types[0].nam" in text
    assert "clique_constraints[0].constraints" in text


def test_constants_stand_once(tmp_path: Path):
    entry = {"label": "vnic", "value": "vnic"}
    content = {
        "object_types": [entry, entry],
        "scan_object_types": [],
        "object_types_for_links": "vnic",
        "link_types": [{"value": "x"}],
    }

    text = "\n".join(problems_of(ConstantsMetadata(), write(tmp_path, "constants.json", content)))

    assert "object_types[1]" in text
    assert "object_types_for_links: 'vnic'" in text
    assert "link_types[0]" in text


def test_a_plugin_that_lacks_a_library_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "lacking"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "api_fetch_things.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(MetadataError, match="no_such_library"):
        load_class("ApiFetchThings", "lacking")


def test_another_name_of_our_package_makes_no_second_copy_of_its_classes(monkeypatch):
    monkeypatch.setitem(sys.modules, "discover", importlib.import_module("calipso.discover"))
    load_class.cache_clear()

    found = load_class("FindLinksForPnics", "discover.link_finders")

    assert found is load_class("FindLinksForPnics", "calipso.discover.link_finders")


def test_the_short_form_of_a_package_means_our_own():
    assert load_class("FindLinksForPnics", "discover.link_finders").__module__.startswith(
        "calipso."
    )
