"""Settling: what has no status after a scan gets one, by difference."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.monitoring.round_store import RoundStore
from calipso.stores.monitoring.summary import by_project, summary
from calipso.utils.clock import now
from monitoring.runner.settling import is_due, settle
from monitoring.runner.tick import hosts_of
from tests.monitoring.conftest import Watched

pytestmark = pytest.mark.slow


def test_each_clique_has_a_status_after_the_first_round_and_after_a_scan(watched: Watched) -> None:
    settle(watched.name)
    watched.round("compute-1")

    assert "OK" not in watched.labels("cliques")  # the others were not looked at yet

    watched.round()
    settle(watched.name)

    assert set(watched.labels("cliques")) == {"OK"}
    assert set(watched.labels("inventory", "instance")) == {"OK"}
    counts = summary(watched.inv, watched.name, 60)
    assert counts["cliques"] == {"OK": 58, "Warning": 0, "Error": 0, "Unknown": 0}
    assert counts["objects"]["OK"] + counts["links"]["OK"] == counts["checked"]
    projects = {row["project"]: row for row in by_project(watched.inv, watched.name)}
    assert sum(row["OK"] for row in projects.values()) == 21  # instances, networks, services
    assert {row["not_checked"] for row in projects.values()} == {0}
    assert watched.values() == {}
    assert watched.messages() == []

    # a scan that finds other cliques: they are settled once, then nothing is written
    cliques = watched.inv.collection("cliques")
    gone = cliques.find({}, {"_id": 1}).limit(2)
    cliques.update_many({"_id": {"$in": [c["_id"] for c in gone]}}, {"$unset": {"monitoring": ""}})
    run_local(ScanRequest(environment=watched.name))

    first, second = settle(watched.name), settle(watched.name)

    assert (first["cliques"], second["cliques"]) == (2, 0)
    assert set(watched.labels("cliques")) == {"OK"}
    moment = now() + timedelta(minutes=5)
    environment = EnvironmentStore().get(watched.name)
    assert not is_due(watched.inv, environment, moment)
    run_local(ScanRequest(environment=watched.name))
    assert is_due(watched.inv, environment, moment)
    assert not is_due(watched.inv, environment, moment)


def test_what_no_round_asks_is_unknown_without_a_message_and_its_clique_too(
    watched: Watched,
) -> None:
    RoundStore(watched.inv.db).drop(watched.name, "compute-2")
    watched.round(*[h for h in hosts_of(watched.inv, watched.name) if h != "compute-2"])

    settle(watched.name)

    values = watched.values()
    assert values["object host compute-2"] == 3
    assert {value for key, value in values.items() if " compute-2-" in key} == {3}
    assert "Unknown" in watched.labels("cliques")
    assert None not in watched.labels("cliques")
    assert watched.messages() == []
