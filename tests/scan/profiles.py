"""Scan each profile and print what was found beside what is true.

python -m tests.scan.profiles [PROFILE ...] [--table] [--all]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from calipso.cli.stack.embedded import start_mongo, start_redis
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import close_clients
from tests.sample_cloud.profiles import PROFILES
from tests.sample_cloud.profiles.cloud import ProfileCloud
from tests.sample_cloud.running import running_cloud
from tests.scan.profile_check import Row, check

#: Differences of a kind that are printed.
SHOWN = 3


def scan(profile: str, seed: int = 1) -> tuple[list[Row], list[str]]:
    """Scan a profile into the stores of the settings; the rows, and the errors of the scan."""
    with running_cloud(profile=profile, seed=seed, name=profile) as cloud:
        EnvironmentStore().add(cloud.environment)
        record = run_local(ScanRequest(environment=profile))
    truth = ProfileCloud(profile, seed).site.truth
    errors = [item["message"] for item in record["errors"] if not item["warning"]]
    return check(truth, InventoryMgr(), profile), errors


def table(profile: str, rows: list[Row]) -> str:
    """The rows of one profile."""
    lines = [f"{profile:28}{'truth':>8}{'found':>8}{'missing':>9}{'extra':>7}{'different':>11}"]
    for row in rows:
        counts = (len(row.missing), len(row.extra), len(row.different))
        if row.truth or row.found:
            told = "".join(f"{n:{w}}" for n, w in zip(counts, (9, 7, 11), strict=True))
            lines.append(f"  {row.kind:26}{row.truth:8}{row.found:8}{told}")
    return "\n".join(lines)


def summary(rows: list[Row]) -> str:
    """One line: objects, links and cliques with truth, found, missing, extra, different."""
    parts = []
    for name in ("objects", "links", "cliques"):
        own = [row for row in rows if _group(row) == name]
        sums = (
            sum(row.truth for row in own),
            sum(row.found for row in own),
            *(
                sum(len(getattr(row, of)) for row in own)
                for of in ("missing", "extra", "different")
            ),
        )
        parts.append("/".join(map(str, sums)))
    return "  ".join(f"{part:>18}" for part in parts)


def _group(row: Row) -> str:
    if row.kind.startswith("clique"):
        return "cliques"
    return "links" if "-" in row.kind else "objects"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("profiles", nargs="*", default=list(PROFILES), metavar="PROFILE")
    parser.add_argument("--table", action="store_true", help="each kind, not only sums")
    parser.add_argument("--all", action="store_true", help=f"every difference, not {SHOWN} a kind")
    options = parser.parse_args()
    unknown = set(options.profiles) - set(PROFILES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: one of {', '.join(PROFILES)}")
    wrong = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        start_mongo(Path(folder, "mongo")) as mongo,
        start_redis(Path(folder, "redis")) as redis,
    ):
        os.environ |= {
            "CALIPSO_HOME": f"{folder}/home",
            "CALIPSO_MONGO_URL": mongo,
            "CALIPSO_REDIS_URL": redis,
        }
        settings.cache_clear()
        InventoryMgr().ensure_indexes()
        print(f"{'profile':18}" + "  ".join(f"{n:>18}" for n in ("objects", "links", "cliques")))
        print(" " * 18 + "  ".join(["truth/found/-/+/!="] * 3))
        for profile in options.profiles:
            rows, errors = scan(profile)
            print(table(profile, rows) if options.table else f"{profile:18}{summary(rows)}")
            told = [f"error: {error}" for error in errors]
            for row in rows:
                lines = row.wrong()
                wrong += len(lines)
                shown = len(lines) if options.all else SHOWN
                told += lines[:shown]
                told += [f"{row.kind}: ... {len(lines) - shown} more"] if lines[shown:] else []
            print("".join(f"    {line}\n" for line in told), end="", flush=True)
        close_clients()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
