"""How much of the memory budget the scan of one healthy cloud takes.

python -m tests.hostile.budget --hosts 100 --instances 5000

The scan runs in this process, one task after the other. Prints the most that one answer took, the
most that the answers of one task took together, both as the budget counts them, and by how much the
process grew. A worker runs as many tasks at once as it has threads.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

from calipso.discover.engine.scan_local import run_local
from calipso.limits import memory
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.contract import stores
from tests.hostile.table import Peak
from tests.sample_cloud.running import running_cloud


class Watched(memory.Budget):
    """A budget that remembers the largest answers by source."""

    largest: Counter[str]

    def give_back(self, share: memory.Share) -> None:
        """As the budget does."""
        name = share.what.partition("?")[0]
        self.largest[name] = max(self.largest[name], share.size)
        super().give_back(share)


def main() -> int:
    """Scan, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.budget")
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--instances", type=int, default=5000)
    options = parser.parse_args()
    budget = Watched(1 << 62, lambda: 0.0, 1 << 62)
    budget.largest = Counter()
    memory.budget = lambda: budget
    sys.modules["calipso.limits.calls"].budget = memory.budget  # type: ignore[attr-defined]
    size: dict[str, Any] = {"hosts": options.hosts, "instances": options.instances}
    cloud = running_cloud(**size, networks=max(2, options.hosts // 5))
    with tempfile.TemporaryDirectory() as folder, stores(Path(folder)), cloud as served:
        EnvironmentStore().add(deepcopy(served.environment) | {"name": "large"})
        InventoryMgr().ensure_indexes()
        with Peak() as peak:
            record = run_local(ScanRequest(environment="large"))
        number = InventoryMgr().collection("inventory").count_documents({})
    print(f"{record['status']}, {number} objects, {record['error_count']} errors")
    print(f"most at one time by the budget: {budget.peak / memory.MEGABYTE:.0f} MB")
    print(f"the process grew by {peak.most - peak.first:.0f} MB, with all that scans on the graph")
    for name, most in budget.largest.most_common(8):
        print(f"  {most / memory.MEGABYTE:8.1f} MB {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
