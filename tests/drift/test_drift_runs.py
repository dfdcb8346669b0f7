"""Findings over several runs: since when, cleared, kept while nobody can judge, muted, shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calipso.analysis.drift import Rules, findings, judge, read_facts
from calipso.analysis.drift_answer import Wanted, drift_answer, found
from calipso.analysis.drift_rules import load_drift_rules
from calipso.cli.main import main
from calipso.errors import ConfigError
from calipso.model.answer import Verdict
from calipso.stores.config.mute_store import MuteStore
from calipso.stores.inventory.finding_store import FindingStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.drift.drift_rule import DriftRule, Found
from calipso.topology.drift.facts import Facts
from calipso.utils.clock import now

HOSTILE = "tap\x1b[31m<script>alert(1)</script>\u202e"
OFTEN = {"environment": "prod", "last_scanned": datetime(2026, 5, 4, 3, tzinfo=UTC)}


def store(inv: InventoryMgr, object_type: str, key: str, **fields: Any) -> None:
    inv.set(OFTEN | {"type": object_type, "id": key, "name": fields.pop("name", key)} | fields)


@pytest.fixture
def cloud(inv: InventoryMgr) -> InventoryMgr:
    """A network of MTU 1500 with a tap of 1400 on compute-1, and a NIC."""
    inv.ensure_indexes()
    store(inv, "network", "n1", name="blue", mtu=1500)
    store(inv, "vnic", "tap-1", name=HOSTILE, host="compute-1", network="n1", mtu=1400)
    store(inv, "host_pnic", "eth0", host="compute-1", state="up")
    return inv


def rules_found(inv: InventoryMgr, **wanted: Any) -> list[str]:
    return [item["rule"] for item in found(inv, ["prod"], Wanted(**wanted))]


def set_stale(inv: InventoryMgr, *, stale: bool) -> None:
    change = {"$set": {"stale_since": now()}} if stale else {"$unset": {"stale_since": ""}}
    inv.collection("inventory").update_many({"host": "compute-1"}, change)


def test_a_finding_keeps_the_time_when_it_was_found_first(cloud: InventoryMgr) -> None:
    first = judge(cloud, "prod")
    second = judge(cloud, "prod")

    assert [item["rule"] for item in first.new] == ["mtu_below_network"]
    assert second.new == second.cleared == []
    assert second.found == 1
    assert found(cloud, ["prod"], Wanted())[0]["since"] == first.new[0]["since"]


def test_a_finding_that_is_over_is_cleared_and_stays_in_the_past(cloud: InventoryMgr) -> None:
    judge(cloud, "prod")
    while_open = now()
    time.sleep(0.01)
    store(cloud, "vnic", "tap-1", host="compute-1", network="n1", mtu=1500)

    run = judge(cloud, "prod")

    assert [item["rule"] for item in run.cleared] == ["mtu_below_network"]
    assert rules_found(cloud) == []
    assert rules_found(cloud, at=while_open) == ["mtu_below_network"]
    assert rules_found(cloud, at=while_open - timedelta(hours=1)) == []
    assert rules_found(cloud, at=now() + timedelta(seconds=1)) == []


def test_a_finding_that_comes_again_begins_anew(cloud: InventoryMgr) -> None:
    before = judge(cloud, "prod").new[0]["since"]
    store(cloud, "vnic", "tap-1", host="compute-1", network="n1", mtu=1500)
    judge(cloud, "prod")
    store(cloud, "vnic", "tap-1", host="compute-1", network="n1", mtu=1400)

    again = judge(cloud, "prod").new[0]["since"]

    assert again > before
    assert cloud.collection("findings").count_documents({"open": False}) == 1


def test_a_host_that_is_silent_clears_nothing_and_the_answer_says_so(cloud: InventoryMgr) -> None:
    judge(cloud, "prod")
    set_stale(cloud, stale=True)

    run = judge(cloud, "prod")

    assert run.cleared == []
    items = found(cloud, ["prod"], Wanted(rules=["mtu_below_network"]))
    assert len(items) == 1
    answer = drift_answer(cloud, ["prod"], items)
    assert "compute-1 was not read since" in answer.not_checked[0]
    assert answer.verdict is Verdict.NO
    assert drift_answer(cloud, ["prod"], []).verdict is Verdict.UNKNOWN


class Broken(DriftRule):
    """A rule that fails."""

    sentence, remedy = "A.", "B."
    severity = load_drift_rules()["agent_dead"].severity

    def find(self, facts: Facts) -> Iterator[Found]:
        raise ValueError("no such thing")


def test_a_rule_that_fails_hides_no_other_and_clears_nothing(cloud: InventoryMgr) -> None:
    rules: Rules = load_drift_rules()
    judge(cloud, "prod")

    class MtuBelowNetwork(Broken):
        """Fails under the name of a rule."""

    run = judge(cloud, "prod", rules={**rules, "mtu_below_network": MtuBelowNetwork})

    assert run.failed == {"mtu_below_network": "ValueError: no such thing"}
    assert run.cleared == []
    assert "rule mtu_below_network failed" in str(drift_answer(cloud, ["prod"], []).not_checked)


def test_nothing_is_yes_before_somebody_judged(cloud: InventoryMgr) -> None:
    answer = drift_answer(cloud, ["prod"], found(cloud, ["prod"], Wanted()))

    assert answer.verdict is Verdict.UNKNOWN
    assert "nobody has judged it" in answer.not_checked[0]


def test_a_time_before_the_first_run_is_unknown(cloud: InventoryMgr) -> None:
    judge(cloud, "prod")
    before = now() - timedelta(days=1)
    items = found(cloud, ["prod"], Wanted(at=before))

    answer = drift_answer(cloud, ["prod"], items, before)

    assert (items, answer.verdict, answer.as_of) == ([], Verdict.UNKNOWN, before)
    assert "nobody had judged it by then" in answer.not_checked[0]


def test_a_muted_finding_does_not_count_until_the_mute_ends(cloud: InventoryMgr) -> None:
    judge(cloud, "prod")
    mutes = MuteStore()
    end = now() + timedelta(hours=1)
    mutes.add("prod", {"rule": "mtu_below_network"}, "CHG-17", end, "anna")

    items = found(cloud, ["prod"], Wanted())

    assert items[0]["muted"] == {"reason": "CHG-17", "until": end, "by": "anna"}
    assert drift_answer(cloud, ["prod"], items).verdict is Verdict.YES
    cloud.db["finding_mutes"].update_one({}, {"$set": {"until": now() - timedelta(seconds=1)}})
    assert "muted" not in found(cloud, ["prod"], Wanted())[0]


def test_a_mute_of_another_environment_or_object_mutes_nothing(cloud: InventoryMgr) -> None:
    judge(cloud, "prod")
    end = now() + timedelta(hours=1)
    MuteStore().add("other", {"rule": "mtu_below_network"}, "x", end, "anna")
    MuteStore().add("prod", {"type": "vnic", "id": "tap-2"}, "x", end, "anna")

    assert "muted" not in found(cloud, ["prod"], Wanted())[0]


@pytest.mark.parametrize(
    ("named", "reason", "hours"), [({}, "x", 1), ({"rule": "x"}, " ", 1), ({"rule": "x"}, "x", -1)]
)
def test_a_mute_names_something_has_a_reason_and_an_end(
    inv: InventoryMgr, named: dict[str, str], reason: str, hours: int
) -> None:
    with pytest.raises(ConfigError):
        MuteStore().add("prod", named, reason, now() + timedelta(hours=hours), "anna")


def test_findings_are_found_by_the_other_objects_that_they_name(cloud: InventoryMgr) -> None:
    judge(cloud, "prod")

    assert rules_found(cloud, equal={"type": "network", "id": "n1"}) == ["mtu_below_network"]
    assert rules_found(cloud, equal={"type": "network", "id": "n2"}) == []
    assert rules_found(cloud, severity="critical") == []
    assert rules_found(cloud, since=now()) == []


def test_the_command_shows_findings_and_ends_with_the_verdict(
    cloud: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", "-e", "prod", "--run", "-c", "rule", "-c", "sentence"]) == 1
    out, err = capsys.readouterr()

    assert "mtu_below_network" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "1 findings, 1 new, 0 cleared" in err
    assert main(["drift", "-e", "prod", "-f", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "no"
    assert document["findings"][0]["evidence"][0]["line"] == "mtu=1400"
    assert main(["drift", "--rule", "mtu_below_netwrk"]) == 1
    assert "Did you mean mtu_below_network?" in capsys.readouterr().err
    mute = ["mute", "add", "-e", "prod", "--host", "compute-1", "--reason", "CHG-1"]
    assert main(mute) == 0
    assert main(["drift", "-e", "prod"]) == 0
    assert "1 muted" in capsys.readouterr().err


def test_a_run_during_a_scan_is_refused(
    cloud: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.db["scans"].insert_one({"_id": "s", "environment": "prod", "status": "running"})

    assert main(["drift", "-e", "prod", "--run"]) == 1
    assert "is being scanned" in capsys.readouterr().err


def test_the_api_answers_with_the_same_and_metrics_count_it(
    cloud: InventoryMgr, login: Callable[..., Any], environment: Callable[..., str]
) -> None:
    environment("prod")
    judge(cloud, "prod")
    client = login("operator", prod="edit")

    answer = client.get("/api/v1/drift?env_name=prod&rule=mtu_below_network").json
    assert answer["verdict"] == "no"
    assert answer["counts"] == {"major": 1}
    assert answer["findings"][0]["name"] == HOSTILE
    assert client.get("/api/v1/drift?rule=mtu_below_netwrk").status_code == 400
    mute = {"environment": "prod", "rule": "mtu_below_network", "reason": "x"}
    end = (now() + timedelta(hours=1)).isoformat()
    assert client.post("/api/v1/drift/mutes", json=mute | {"until": end}).status_code == 201
    assert client.get("/api/v1/drift").json["verdict"] == "yes"
    metrics = client.get("/metrics").text
    assert 'calipso_drift_findings{severity="major"} 1.0' in metrics


def test_the_facts_of_an_environment_are_only_its_own(cloud: InventoryMgr) -> None:
    cloud.set(OFTEN | {"environment": "other", "type": "network", "id": "n2", "name": "red"})
    facts = read_facts(cloud, "prod", load_drift_rules())

    assert [item["id"] for item in facts.every("network")] == ["n1"]
    assert len(list(findings(facts, load_drift_rules(), {}))) == 1


def test_one_run_is_asked_for_at_a_time_and_one_that_began_makes_room(
    cloud: InventoryMgr,
) -> None:
    store = FindingStore(cloud)
    moment = now()

    assert store.queue_run("prod", moment)
    assert not store.queue_run("prod", moment)
    assert store.queue_run("other", moment)
    assert store.runs_of(["prod"]) == {}, "a run that is only asked for says nothing"
    store.begin_run("prod")
    assert store.queue_run("prod", moment), "what is stored during a run needs another"
    judge(cloud, "prod")
    assert not store.queue_run("prod", moment)
    assert store.queue_run("prod", moment + timedelta(minutes=11)), "a lost one blocks for ever"
    assert store.runs_of(["prod"])["prod"]["found"] == 1
