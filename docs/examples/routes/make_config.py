#!/usr/bin/env python3
"""Writes the configuration directory of this example: Calipso's files, with routes added.

python make_config.py /etc/our-calipso
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from calipso.utils.metadata_parser import find_config

OBJECT_TYPES = {
    "object_types": ["route"],
    "scan_object_types": ["route", "routes_folder"],
    "object_types_for_links": ["route"],
    "link_types": ["route-host_pnic", "route-vedge"],
}

FOLDER = {
    "type": "routes_folder",
    "fetcher": {"folder": True, "types_name": "routes", "parent_type": "host"},
    "children_scanner": "ScanRoutesRoot",
}

ROUTES = [{"type": "route", "fetcher": "CliFetchHostRoutes"}]

CLIQUE_TYPE = {
    "environment": "ANY",
    "name": "route",
    "focal_point_type": "route",
    "link_types": ["route-vedge", "route-host_pnic", "vedge-host_pnic", "host_pnic-network"],
}

LINK_FINDERS = {
    "finders_package": "ourcloud.link_finders",
    "base_finder": "FindOurLinks",
    "link_finders": ["FindLinksForRoutes"],
}


def write_config(target: Path) -> None:
    """Make the four files; what they do not say is found in Calipso's own."""
    target.mkdir(parents=True, exist_ok=True)
    constants = _read("constants.json")
    for name, values in OBJECT_TYPES.items():
        constants[name] += [{"label": value, "value": value} for value in values]
    scanners = _read("scanners.json")
    scanners["scanners_package"] = "ourcloud.fetchers"
    scanners["scanners"]["ScanHost"].append(FOLDER)
    scanners["scanners"]["ScanRoutesRoot"] = ROUTES
    clique_types = _read("clique_types.json")
    clique_types["clique_types"].append(CLIQUE_TYPE)
    for name, content in (
        ("constants.json", constants),
        ("scanners.json", scanners),
        ("clique_types.json", clique_types),
        ("our_link_finders.json", LINK_FINDERS),
    ):
        (target / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads(find_config(name).read_text(encoding="utf-8")))


if __name__ == "__main__":
    write_config(Path(sys.argv[1]))
