"""The JSON examples of the developer guide load as printed.

Printed as parts of files, they are put between the braces of a whole file here; nothing else is
changed. New types and classes they name are declared beside them, as the guide asks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.cliques.clique_types_metadata import CliqueTypesMetadata
from calipso.discover.engine.scanners_metadata import ScannersMetadata
from calipso.discover.find_links_metadata import FindLinksMetadata
from calipso.settings import settings

SIMPLE = """
{
  "type": "project",
  "fetcher": "ApiFetchProjects",
  "object_id_to_use_in_child": "name",
  "environment_condition": {
    "mechanism_drivers": "VPP"
  },
  "children_scanner": "ScanProject"
}
"""

FOLDER = """
{
  "type": "aggregates_folder",
  "fetcher": {
    "folder": true,
    "types_name": "aggregates",
    "parent_type": "region"
  },
  "object_id_to_use_in_child": "name",
  "environment_condition": {
    "mechanism_drivers": "VPP"
  },
  "children_scanner": "ScanAggregatesRoot"
}
"""

CHILD_BEFORE = """
"ScanHost": [
  {
    "type": "host",
    "fetcher": "ApiFetchProjectHosts",
  }
],
"""

CHILD_AFTER = """
"ScanHost": [
  {
    "type": "host",
    "fetcher": "ApiFetchProjectHosts",
    "children_scanner": "NewTypeScanner"
  }
],
"NewTypeScanner": [
  {
    "type": "new_type",
    "fetcher": "CliFetchNewType"
  }
]
"""

FETCH_TYPE_AFTER = """
"ScanHost": [
  {
    "type": "host",
    "fetcher": "ApiFetchProjectHosts",
    "children_scanner": "ScanHostPnic"
  },
  {
    "type": "new_type",
    "fetcher": "CliFetchNewType"
  }
],
"""

PARENT_AFTER_NEW = """
"NewTypeScanner": [
  {
    "type": "new_type",
    "fetcher": "CliFetchNewType",
    "children_scanner": "ScanHost"
  }
]
"""

PARENT_AFTER_OLD = """
"ScanHost": [
  {
    "type": "host",
    "fetcher": "ApiFetchProjectHosts",
    "children_scanner": "ScanHostPnic"
  }
],
"""

LINK_FINDERS = """
{
  "finders_package": "discover.link_finders",
  "base_finder": "FindLinks",
  "link_finders": [
    "FindLinksForInstanceVnics",
    "FindLinksForOteps",
    "FindLinksForPnics",
    "FindLinksForVconnectors",
    "FindLinksForVedges",
    "FindLinksForVserviceVnics"
  ]
}
"""

CLIQUE_TYPE = """
{
  "environment": "ANY",
  "link_types": [
    "instance-vnic",
    "vnic-vconnector",
    "vconnector-vedge",
    "vedge-otep",
    "otep-vconnector",
    "vconnector-host_pnic",
    "host_pnic-network"
  ],
  "name": "instance",
  "focal_point_type": "instance"
}
"""

#: Scanners the printed parts refer to without printing them.
REFERRED = {"ScanProject": [], "ScanAggregatesRoot": [], "ScanHostPnic": []}


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The new object type in constants.json, its fetcher in a package of its own."""
    config = Path(__file__).resolve().parents[2] / "config"
    constants = json.loads((config / "constants.json").read_text())
    for name in ("object_types", "scan_object_types", "object_types_for_links"):
        constants[name].append({"value": "new_type", "label": "new_type"})
    (tmp_path / "constants.json").write_text(json.dumps(constants))
    package = tmp_path / "guide_plugin"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cli_fetch_new_type.py").write_text(
        "from calipso.sources.cli.cli_access import CliAccess\n"
        "class CliFetchNewType(CliAccess):\n"
        "    def get(self, parent_id):\n"
        "        return [{'type': 'new_type', 'id': '1234'}]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(tmp_path))
    settings.cache_clear()
    return tmp_path


def load_scanners_text(folder: Path, parts: str) -> ScannersMetadata:
    rest = json.dumps(REFERRED)[1:-1]
    body = ", ".join(part for part in (parts.strip().rstrip(","), rest) if part)
    text = f'{{"scanners_package": "guide_plugin", "scanners": {{{body}}}}}'
    path = folder / "scanners.json"
    path.write_text(text)
    metadata = ScannersMetadata()
    metadata.parse_metadata_file(path)
    return metadata


@pytest.mark.parametrize(
    ("printed", "scanner"),
    [
        (f'"ScanX": [{SIMPLE}]', "ScanX"),
        (f'"ScanX": [{FOLDER}]', "ScanX"),
        (CHILD_BEFORE, "ScanHost"),
        (CHILD_AFTER, "NewTypeScanner"),
        (FETCH_TYPE_AFTER, "ScanHost"),
        (PARENT_AFTER_NEW.rstrip() + "," + PARENT_AFTER_OLD, "NewTypeScanner"),
    ],
)
def test_scanner_examples_load(guide: Path, printed: str, scanner: str):
    metadata = load_scanners_text(guide, printed)

    assert metadata.scanners[scanner]


def test_the_new_fetch_type_is_found_in_the_plugin(guide: Path):
    metadata = load_scanners_text(guide, FETCH_TYPE_AFTER)

    found: Any = metadata.fetcher_class("CliFetchNewType")

    assert found.__module__ == "guide_plugin.cli_fetch_new_type"


def test_the_link_finders_example_loads(tmp_path: Path):
    path = tmp_path / "link_finders.json"
    path.write_text(LINK_FINDERS)
    metadata = FindLinksMetadata()

    metadata.parse_metadata_file(path)

    assert len(metadata.finders) == 6


def test_the_clique_type_example_loads(tmp_path: Path):
    path = tmp_path / "clique_types.json"
    path.write_text(f'{{"clique_types": [{CLIQUE_TYPE}], "clique_constraints": []}}')

    assert CliqueTypesMetadata().parse_metadata_file(path)["clique_types"]
