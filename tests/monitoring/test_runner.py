"""Rounds of the embedded runner over real SSH, on the recorded lab."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.limits.limits import limits
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.monitoring.round_store import RoundStore
from monitoring.runner import asking
from monitoring.runner.round import run_round
from tests.monitoring.conftest import Watched

pytestmark = pytest.mark.slow
TAP = "tap0571f96d-de"


def test_a_healthy_cloud_is_ok_and_a_second_round_writes_no_object(watched: Watched) -> None:
    first = watched.round()

    assert {done["outcome"] for done in first} == {"checked"}
    assert watched.values() == {}
    assert watched.messages() == []
    vnic = watched.status("vnic", f"compute-1-{TAP}")
    assert (vnic["value"], vnic["label"], vnic["source"]) == (0, "OK", "calipso")

    assert [done["changed"] for done in watched.round()] == [0] * len(first)


def test_a_tap_that_is_down_is_red_with_its_links_and_cliques_and_green_after(
    watched: Watched,
) -> None:
    watched.round()
    watched.cloud.fault(f"device-down:{TAP}@compute-1")

    watched.round(times=2)

    values = watched.values()
    instance = "1f57c75d-4783-4edf-b268-a5288039e598"
    assert values[f"object vnic compute-1-{TAP}"] == 2
    assert values[f"object instance {instance}"] == 2
    assert any(key.startswith(f"link instance-vnic {instance}") for key in values)
    assert any(key.startswith("clique") and key.endswith(instance) for key in values)
    ours = (TAP, instance, "0571f96d-de", "vconnector compute-1-qbr0571f96d-de")
    others = [key for key in values if not any(word in key for word in ours)]
    assert others == []
    told = [text for text in watched.messages() if TAP in text]
    assert len(told) == 1
    assert "switched off" in told[0]

    watched.cloud.clear()
    watched.round(times=2)

    assert watched.values() == {}
    assert len(watched.messages()) == 2


def test_a_dead_host_is_one_message_and_its_objects_are_unknown(watched: Watched) -> None:
    watched.round()
    watched.cloud.fault("dead-host:compute-2")

    watched.round(times=4)

    values = watched.values()
    assert values["object host compute-2"] == 2
    below = {value for key, value in values.items() if " compute-2-" in key}
    assert below == {3}
    assert len(watched.messages()) == 1
    assert "no login 3 times" in watched.messages()[0]
    tap = next(key.split()[2] for key in values if key.startswith("object vnic compute-2-"))
    assert watched.status("vnic", tap)["last_known"]["label"] == "OK"

    watched.cloud.clear()
    watched.round(times=1)

    assert watched.values() == {}
    assert len(watched.messages()) == 2


def test_a_scan_neither_removes_a_status_nor_records_a_change_of_it(watched: Watched) -> None:
    watched.cloud.fault(f"device-gone:{TAP}@compute-1")
    watched.round(times=2)
    before = watched.values()

    done = run_local(ScanRequest(environment=watched.name))

    assert watched.values() == before != {}
    assert watched.status("vnic", f"compute-1-{TAP}")["value"] == 2
    recorded = watched.inv.find_all("changes", {"scan_id": done["_id"]})
    assert [c for c in recorded if "monitoring" in c["fields"]] == []


def test_one_session_and_one_command_line_a_round(watched: Watched) -> None:
    watched.cloud.control(reset_counts=True)

    watched.round("compute-1")

    counts = watched.cloud.counts()
    assert counts["sessions_per_host"] == {"compute-1": 1, "gateway": 1}
    assert counts["ssh_execs"] == 2  # one asks the gateway for its names


def test_a_round_that_is_killed_is_made_up_for_by_the_next_without_a_second_message(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the statuses are stored, and before the round is: where most of it would be lost."""
    watched.round()
    watched.cloud.fault(f"device-gone:{TAP}@compute-1")
    watched.round("compute-1")

    def killed(*_: Any, **__: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RoundStore, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            watched.round("compute-1")
    before, told = watched.values(), watched.messages()
    assert before[f"object vnic compute-1-{TAP}"] == 2
    assert len([text for text in told if text.startswith(f"vnic {TAP}")]) == 1

    watched.round("compute-1", times=2)

    assert watched.values() == before
    assert watched.messages() == told


def test_a_task_that_is_delivered_twice_runs_once(watched: Watched) -> None:
    watched.round("compute-1")

    assert run_round(watched.name, "compute-1", watched.clock)["outcome"] == "done already"


def test_a_host_that_a_scan_is_on_is_left_for_the_next_interval(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "WAIT", 0.2)
    section = watched.cloud.section("CLI")
    place = f"ssh compute-1:22 via {section['host']}:{section['port']}"
    most = settings().ssh_host_sessions
    slot = limits(settings()).take(place, most, 1)
    try:
        done = watched.round("compute-1")
    finally:
        slot.release()

    assert done[0]["outcome"] == "a scan is on the host"
    assert watched.round("compute-1")[0]["outcome"] == "checked"


def test_statuses_end_when_monitoring_is_switched_off(watched: Watched) -> None:
    watched.round("compute-1")
    document = watched.cloud.environment | {"enable_monitoring": False}
    EnvironmentStore().add(document, replace=True)

    assert watched.round("compute-1")[0]["outcome"] == "switched off"
    assert watched.status("vnic", f"compute-1-{TAP}")["label"] == "Unknown"
    assert watched.messages() == []
