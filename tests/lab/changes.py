#!/usr/bin/env python3
"""Holds the changes that a scan recorded against what really changed between two truths.

    truth.py --only-truth > before.json; ...; truth.py --only-truth > after.json
    changes.py --env lab --before before.json --after after.json
    changes.py --env lab --none                      # the last scan recorded no change

What was really added, removed or changed is told by the two truths alone. A link that joins the
same two things under a new name or with other attributes is no change of the truth; it is
printed, and accepted only where an end of it really changed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import pymongo

Row = dict[str, Any]
Key = tuple[str, str]


def recorded(args: argparse.Namespace) -> tuple[str, list[Row]]:
    """Id of the last scan of the environment, and the changes it noted."""
    url = args.mongo_url
    if not url:
        stores = Path(args.home, "run", "stores.json")
        url = json.loads(stores.read_text(encoding="utf-8"))["mongo_url"]
    with pymongo.MongoClient[Row](url, serverSelectionTimeoutMS=5000) as client:
        db = client[args.database]
        scan = db["scans"].find_one({"environment": args.env}, sort=[("submit_timestamp", -1)])
        if scan is None:
            raise SystemExit(f"no scan of {args.env}")
        query = {"environment": args.env, "scan_id": str(scan["_id"])}
        return str(scan["_id"]), list(db["changes"].find(query))


def told(file: Path, part: str) -> dict[Key, Row]:
    """Objects or links of a saved truth, the two kinds of vNIC as the one type they are."""
    return {
        (kind.partition(" (")[0], name): checks
        for kind, name, checks in json.loads(file.read_text(encoding="utf-8"))[part]
    }


def real_changes(before: dict[Key, Row], after: dict[Key, Row]) -> dict[str, set[Key]]:
    both = before.keys() & after.keys()
    return {
        "added": set(after.keys() - before.keys()),
        "removed": set(before.keys() - after.keys()),
        "changed": {key for key in both if before[key] != after[key]},
    }


def noted_changes(changes: list[Row], kind: str) -> dict[str, set[Key]]:
    """What the scan recorded; a link's name is left out of its key."""
    found: dict[str, set[Key]] = {"added": set(), "removed": set(), "changed": set()}
    for change in changes:
        if change["kind"] == kind:
            found[change["change"]].add((change["type"], change["id"].partition(" [")[0]))
    renamed = found["added"] & found["removed"]
    found["added"] -= renamed
    found["removed"] -= renamed
    found["changed"] |= renamed
    return found


def compare(
    kind: str, real: dict[str, set[Key]], noted: dict[str, set[Key]], touched: set[str]
) -> bool:
    """Print the differences; True when there are none. `touched`: ids of changed objects."""
    right = True
    for what in ("added", "removed", "changed"):
        for key in sorted(real[what] - noted[what]):
            print(f"not recorded: {kind} {what}: {key[0]} {key[1]}")
            right = False
        for key in sorted(noted[what] - real[what]):
            near = bool(touched.intersection(key[1].split(" -> ")))
            accepted = kind == "link" and what == "changed" and near
            word = "also" if accepted else "recorded, not real"
            print(f"{word}: {kind} {what}: {key[0]} {key[1]}")
            right = right and accepted
        print(f"{kind}s {what}: real {len(real[what])}, recorded {len(noted[what])}")
    return right


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--env", required=True)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--after", type=Path)
    parser.add_argument("--none", action="store_true", help="expect no change at all")
    parser.add_argument("--mongo-url", default=os.environ.get("CALIPSO_MONGO_URL"))
    parser.add_argument("--home", default=os.environ.get("CALIPSO_HOME", "var"))
    parser.add_argument("--database", default=os.environ.get("CALIPSO_MONGO_DATABASE", "calipso"))
    args = parser.parse_args()
    scan, changes = recorded(args)
    print(f"scan {scan}: {len(changes)} changes recorded")
    if args.none:
        for change in changes:
            fields = json.dumps(change.get("fields"), default=str)[:500]
            print(f"{change['change']}: {change['type']} {change['id']} {fields}")
        return 1 if changes else 0
    right = True
    touched: set[str] = set()
    for part, kind in (("objects", "object"), ("links", "link")):
        real = real_changes(told(args.before, part), told(args.after, part))
        touched |= {name for keys in real.values() for _, name in keys}
        right = compare(kind, real, noted_changes(changes, kind), touched) and right
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
