#!/usr/bin/env python3
"""Whether two exports of an inventory say the same, apart from when and by which scan.

same.py before.json after.json                 both `calipso ... list -f json --limit 0`
same.py lab.json lab2.json --as lab2=lab       two environments: one name put for the other
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

#: Derived `_id`s, when, by which scan, and counters that move by themselves.
MOVING = {
    "_id",
    "source",
    "target",
    "focal_point",
    "ref_id",
    "last_scanned",
    "scan_id",
    "generation",
    "updated_at",
    "heartbeat_timestamp",
    "age",
    "uptime",
}
#: Lists of derived ids: only their number can be compared between environments.
IDS = {"links", "objects"}


def still(value: Any, rename: tuple[str, str] | None) -> Any:
    """The value without what moves, an environment's name replaced in ids and paths."""
    if isinstance(value, dict):
        return {
            key: len(item) if rename and key in IDS else still(item, rename)
            for key, item in value.items()
            if key not in MOVING and not (key == "parent" and "node" in value)
        }
    if isinstance(value, list):
        return [still(item, rename) for item in value]
    if rename and isinstance(value, str) and not rename[0].isspace():
        old, new = rename
        parts = value.split("/")
        return "/".join(_renamed(part, old, new) for part in parts)
    return value


def _renamed(part: str, old: str, new: str) -> str:
    if part == old:
        return new
    return new + part.removeprefix(old) if part.startswith(f"{old}-") else part


def keyed(file: Path, rename: tuple[str, str] | None) -> dict[str, Any]:
    """Documents by what names them."""
    found = {}
    for document in json.loads(file.read_text(encoding="utf-8")):
        document = still(document, rename)
        of_links = ("link_type", "source_id", "target_id", "link_name")
        of_cliques = ("clique_type", "focal_point_type", "focal_point_id")
        names = ("type", "id", *of_links, *of_cliques)
        key = " ".join(str(document[name]) for name in names if name in document)
        found[key] = document
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--as", dest="names", metavar="NAME=NAME", help="in the second: put for")
    args = parser.parse_args()
    rename = None
    if args.names:
        old, _, new = args.names.partition("=")
        rename = (old, new)
    first = keyed(args.first, (rename[1], rename[1]) if rename else None)
    second = keyed(args.second, rename)
    different = 0
    for key in sorted(first.keys() | second.keys()):
        if key not in second or key not in first:
            print(f"only in {args.first if key in first else args.second}: {key}")
            different += 1
        elif first[key] != second[key]:
            fields = first[key].keys() | second[key].keys()
            names = [f for f in sorted(fields) if first[key].get(f) != second[key].get(f)]
            for name in names:
                pair = f"{first[key].get(name)!r} / {second[key].get(name)!r}"
                print(f"different: {key}: {name}: {pair[:300]}")
            different += 1
    print(f"{len(first)} and {len(second)} documents, {different} differences")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
