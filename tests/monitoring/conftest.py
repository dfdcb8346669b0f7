"""A scanned sample cloud that is monitored, and rounds of it in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.round_store import RoundStore
from calipso.utils.clock import now
from monitoring.runner import asking
from monitoring.runner.api_round import run_api_round
from monitoring.runner.round import run_round
from monitoring.runner.tick import hosts_of
from tests.sample_cloud.running import ROOT, RunningCloud, running_cloud


class Watched:
    """A cloud, its inventory, and its rounds."""

    def __init__(self, cloud: RunningCloud, inv: InventoryMgr) -> None:
        self.cloud = cloud
        self.inv = inv
        self.name: str = cloud.environment["name"]
        EnvironmentStore().add(cloud.environment | {"enable_monitoring": True})
        run_local(ScanRequest(environment=self.name))
        self.clock = now()
        RoundStore(inv.db).plan(self.name, hosts_of(inv, self.name), 60, self.clock)

    def round(self, *hosts: str, times: int = 1) -> list[dict[str, Any]]:
        """Rounds of these hosts, of all when none is given; each a minute after the one before."""
        done = []
        for _ in range(times):
            self.clock += timedelta(seconds=60)
            for host in hosts or hosts_of(self.inv, self.name):
                if host:
                    done.append(run_round(self.name, host, self.clock))
                else:
                    done.append(run_api_round(self.name, self.clock))
        return done

    def status(self, kind: str, item_id: str) -> dict[str, Any]:
        """The stored status of an object; empty without one."""
        found = self.inv.get_by_id(self.name, item_id, kind)
        assert found is not None, f"no {kind} {item_id}"
        return found.get("monitoring") or {}

    def values(self) -> dict[str, int]:
        """What is not OK: `kind type id` -> value."""
        found = self.inv.db["monitoring_troubles"].find({"environment": self.name})
        return {f"{i['kind']} {i['type']} {i['id']}": i["value"] for i in found}

    def labels(self, collection: str, kind: str = "") -> list[str | None]:
        """The stored labels of a collection; None for each document without a status."""
        query = {"type": kind} if kind else {}
        found = self.inv.collection(collection).find(query, {"monitoring.label": 1})
        return [(item.get("monitoring") or {}).get("label") for item in found]

    def messages(self) -> list[str]:
        """Messages of monitoring, in order."""
        found = self.inv.db["messages"].find({"origin_type": "monitoring"})
        return [item["message"] for item in sorted(found, key=lambda item: item["_id"])]


Watch = Callable[..., Watched]


@pytest.fixture(scope="session")
def lab_cloud() -> Iterator[RunningCloud]:
    """The recorded lab, for all tests of this process."""
    with running_cloud(recorded=str(ROOT / "tests" / "recorded" / "lab")) as cloud:
        yield cloud


@pytest.fixture
def watched(lab_cloud: RunningCloud, inv: InventoryMgr) -> Iterator[Watched]:
    """The recorded lab, scanned, without faults."""
    lab_cloud.clear()
    lab_cloud.control(reset_counts=True)
    yield Watched(lab_cloud, inv)
    asking.close_connections()
    lab_cloud.clear()


def at(minutes: float) -> datetime:
    """A time some minutes from now."""
    return now() + timedelta(minutes=minutes)
