"""Waits until monitoring of a real cloud says what it should, and prints how long that took.

watched.py --red --type vnic --id compute-1-tap1 --label Error --others REGEX
watched.py --green
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from typing import Any


def options() -> argparse.Namespace:
    """What is asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calipso", default="calipso")
    parser.add_argument("--env", default="lab")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--green", action="store_true")
    parser.add_argument("--red", action="store_true")
    parser.add_argument("--type", default="")
    parser.add_argument("--id", default="")
    parser.add_argument("--label", default="Error")
    parser.add_argument("--others", default="^$")
    return parser.parse_args()


def troubles(given: argparse.Namespace) -> list[dict[str, Any]]:
    """What is not OK now."""
    command = [given.calipso, "monitoring", "list", "--env", given.env, "-f", "json"]
    done = subprocess.run([*command, "--limit", "0"], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def main() -> int:
    """0 when it came true in time."""
    given, began = options(), time.monotonic()
    while True:
        found = troubles(given)
        seconds = time.monotonic() - began
        if given.green and not found:
            print(f"      green after {seconds:.0f} s")
            return 0
        mine = [one for one in found if (one["type"], one["id"]) == (given.type, given.id)]
        if given.red and mine and mine[0]["label"] == given.label:
            time.sleep(3)  # cliques follow
            return report(given, troubles(given), mine[0], seconds)
        if seconds > given.seconds:
            print(f"      not in {seconds:.0f} s; there is:")
            for one in found[:20]:
                print(f"        {one['label']} {one['kind']} {one['type']} {one['id']}")
            return 1
        time.sleep(1)


def report(
    given: argparse.Namespace, found: list[dict[str, Any]], mine: dict[str, Any], seconds: float
) -> int:
    """Print what changed colour; 1 when something did that should not."""
    print(f"      {mine['label']} after {seconds:.0f} s: {mine['text']}")
    counts: dict[str, int] = {}
    strange = []
    for one in found:
        kind = f"{one['kind']} {one['type']} {one['label']}"
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{one['kind']} {one['type']} {one['id']}"
        if one["kind"] == "clique" or one["id"] == mine["id"]:
            continue
        if not re.search(given.others, name):
            strange.append(name)
    print("      " + ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())))
    for name in strange:
        print(f"      also: {name}")
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main())
