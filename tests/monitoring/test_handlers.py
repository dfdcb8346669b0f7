"""Results of every format on a real store: resolved, filtered, stored, rolled up; and bad input."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.stores.monitoring.result_store import ResultStore
from calipso.stores.monitoring.silence_store import SilenceStore
from calipso.utils.clock import now
from monitoring.handlers.formats import FORMATS, take
from monitoring.handlers.handle import Handler
from tests.api.big import Big

ENV = "prod"
Payload = dict[str, Any]


@pytest.fixture
def cloud(inv: InventoryMgr) -> InventoryMgr:
    """Two environments of the same shape, written without a scan."""
    for name in (ENV, "other"):
        Big(name, hosts=2, instances=3).write(inv)
    return inv


def some(inv: InventoryMgr, kind: str = "vnic", env: str = ENV) -> Payload:
    """The first object of a type."""
    return sorted(inv.find(env, kind), key=lambda item: item["id"])[0]


def result(item: Payload, status: int = 2, **more: Any) -> Payload:
    return {"type": item["type"], "id": item["id"], "status": status, "output": "said"} | more


def send(inv: InventoryMgr, *payloads: Payload, form: str = "own", env: str = ENV) -> list[str]:
    return [one.problem or one.word for one in take(inv, form, payloads, env)]


def status(inv: InventoryMgr, item: Payload) -> Payload:
    found = inv.get_by_id(item["environment"], item["id"], item["type"])
    assert found is not None
    return found.get("monitoring") or {}


def told(inv: InventoryMgr) -> list[str]:
    return [one["message"] for one in inv.db["messages"].find({"origin_type": "monitoring"})]


def test_a_first_error_is_stored_with_a_message_and_a_change_and_rolled_up(
    cloud: InventoryMgr,
) -> None:
    item = some(cloud)

    assert send(cloud, result(item, executed=now().timestamp(), source="probe")) == ["stored"]

    stored = status(cloud, item)
    assert (stored["value"], stored["label"], stored["text"]) == (2, "Error", "said")
    assert (stored["source"], stored["flapping"], stored["last_ok"]) == ("probe", False, None)
    assert len(told(cloud)) == 1
    changes = cloud.find_all("changes", {"id": item["id"], "cause": "monitoring"})
    assert changes[0]["fields"] == {"monitoring": {"new": "Error"}}
    owners = [c for c in cloud.find_all("cliques", {"objects": item["_id"]}) if c.get("monitoring")]
    assert owners
    assert {c["monitoring"]["source"] for c in owners} == {"clique"}


def test_what_is_known_is_not_written_again_and_older_results_change_nothing(
    cloud: InventoryMgr,
) -> None:
    item, at = some(cloud), now()
    send(cloud, result(item, 2, executed=at.timestamp()))
    before = status(cloud, item)

    assert send(cloud, result(item, 2, executed=at.timestamp())) == ["unchanged"]
    assert send(cloud, result(item, 0, executed=at.timestamp() - 60)) == ["older"]
    assert send(cloud, result(item, 2, executed=at.timestamp() + 1)) == ["unchanged"]
    assert status(cloud, item) == before
    assert len(told(cloud)) == 1

    assert send(cloud, result(item, 0, executed=at.timestamp() + 2)) == ["stored"]
    after = status(cloud, item)
    assert after["value"] == 0
    assert after["since"] > before["since"]
    assert len(told(cloud)) == 2


def test_what_cannot_be_resolved_is_counted_and_never_guessed(cloud: InventoryMgr) -> None:
    item = some(cloud)
    foreign = result(item, environment="other")
    nobody = {"name": "vnic_nobody", "status": 2}
    nothing = {"status": 2}

    assert send(cloud, foreign, nobody, nothing) == ["unresolved"] * 3
    assert status(cloud, item) == {}
    other = some(cloud, env="other")
    assert status(cloud, other) == {}
    assert ResultStore(cloud.db).unresolved(ENV)["count"] == 3


def test_a_label_that_fits_two_objects_fits_none(cloud: InventoryMgr) -> None:
    hosts = [host["id"] for host in cloud.find(ENV, "host")]
    for host in hosts:
        key = object_key(ENV, "host_pnic", f"{host}-twin")
        for number in (1, 2):
            cloud.set(
                {
                    "environment": ENV,
                    "type": "host_pnic",
                    "id": f"{host}-twin-{number}",
                    "host": host,
                    "local_name": "twin0",
                    "id_path": f"/{key}",
                }
            )
    alert = {
        "status": "firing",
        "labels": {"alertname": "Down", "instance": f"{hosts[0]}:9100", "device": "twin0"},
    }

    assert send(cloud, {"alerts": [alert]}, form="alertmanager") == ["unresolved"]


def test_times_of_the_future_are_now_and_times_that_are_none_are_refused(
    cloud: InventoryMgr,
) -> None:
    item = some(cloud)

    future = (now() + timedelta(days=365)).timestamp()
    assert send(cloud, result(item, 2, executed=future)) == ["stored"]
    assert status(cloud, item)["at"] < now() + timedelta(seconds=5)

    for wrong in ("yesterday", -1e30, 1e30, "nan", "99999-01-01"):
        (answer,) = send(cloud, result(item, 0, executed=wrong))
        assert "time" in answer, wrong
    assert status(cloud, item)["value"] == 2


@pytest.mark.long
def test_thousands_of_results_out_of_order_with_duplicates_end_right_with_few_commands(
    cloud: InventoryMgr,
) -> None:
    """As 10,000 a minute come: in batches of 1000, twice, in any order."""
    items = cloud.find(ENV, "vnic")
    begin, dice = now() - timedelta(hours=1), random.Random(7)
    payloads, last = [], {}
    for number in range(2500):
        item = dice.choice(items)
        at = begin + timedelta(milliseconds=number)
        value = dice.choice((0, 0, 1, 2))
        payloads.append(result(item, value, executed=at.timestamp(), ttl=86_400))
        last[item["id"]] = value
    payloads += payloads[::2]
    dice.shuffle(payloads)

    answers: Counter[str] = Counter()
    for start in range(0, len(payloads), 1000):
        answers.update(send(cloud, *payloads[start : start + 1000]))

    assert answers["older"] + answers["unchanged"] > 1000
    for item in items:
        if item["id"] in last:
            assert status(cloud, item)["value"] == last[item["id"]], item["id"]


HOSTILE = (
    "\x1b[31m'\"<script>alert(1)</script>$(reboot)`id`|;\n\u202eevil\ud83d\ude00{x}%s" + "A" * 9000
)


def hostile(name: str) -> Payload:
    """A payload of a format with hostile text in each field."""
    text = HOSTILE.encode("utf-16", "surrogatepass").decode("utf-16")
    return {
        "own": {
            "name": text,
            "type": text,
            "id": text,
            "output": text,
            "status": text,
            "host": text,
        },
        "sensu-core": {
            "client": {"name": text, "environment": ENV},
            "check": {"name": text, "output": text, "status": text, "executed": 1_700_000_000},
        },
        "sensu-go": {
            "entity": {"metadata": {"name": text, "labels": {text: text, "calipso_env": ENV}}},
            "check": {"metadata": {"name": text}, "output": text, "status": text},
        },
        "alertmanager": {
            "alerts": [
                {
                    "status": text,
                    "labels": {
                        "alertname": text,
                        "instance": text,
                        "device": text,
                        "severity": text,
                    },
                    "annotations": {"summary": text},
                    "fingerprint": text,
                }
            ],
            "truncatedAlerts": text,
        },
        "icinga2": {
            "type": "CheckResult",
            "service": text,
            "host": text,
            "vars": {"calipso_id": text},
            "check_result": {"exit_status": text, "output": text},
        },
        "nagios": {"service": text, "host": text, "code": text, "output": text, "state": text},
    }[name]


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_is_data_in_every_format(cloud: InventoryMgr, name: str) -> None:
    (answer,) = take(cloud, name, [hostile(name)], ENV)

    assert not answer.problem
    assert {str(word) for word in answer.taken} <= {"unresolved", "noted"}
    for message in told(cloud):
        assert "\x1b" not in message
        assert "\u202e" not in message
        assert len(message) <= 2048


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"check": 1},
        {"alerts": [1]},
        {"alerts": {}},
        {"line": "x"},
        {"client": [], "check": []},
        {"type": "CheckResult", "check_result": "x"},
        {"type": "Event", "spec": "x"},
    ],
    ids=json.dumps,
)
def test_a_payload_of_no_form_is_refused_or_says_nothing(
    cloud: InventoryMgr, name: str, payload: Payload
) -> None:
    (answer,) = take(cloud, name, [payload], ENV)

    assert answer.problem or set(map(str, answer.taken)) <= {"unresolved"}


def test_one_bad_payload_does_not_spoil_the_others(cloud: InventoryMgr) -> None:
    item = some(cloud)

    answers = send(cloud, result(item, executed="never"), result(item, 1))

    assert "time" in answers[0]
    assert answers[1] == "stored"


def alert(item: Payload, name: str, firing: bool = True, severity: str = "critical") -> Payload:
    labels = {"alertname": name, "severity": severity, "calipso_env": ENV}
    labels |= {"calipso_type": item["type"], "calipso_id": item["id"]}
    return {
        "status": "firing" if firing else "resolved",
        "labels": labels,
        "annotations": {"summary": f"{name} happened"},
        "startsAt": "2026-05-04T03:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": name.lower(),
    }


def webhook(*alerts: Payload, cut: int = 0) -> Payload:
    return {"version": "4", "status": "firing", "alerts": list(alerts), "truncatedAlerts": cut}


def test_two_alerts_have_a_slot_each_and_resolving_one_leaves_the_other(
    cloud: InventoryMgr,
) -> None:
    item = some(cloud)
    minor, major = "Slow", "Down"

    send(cloud, webhook(alert(item, minor, severity="warning")), form="alertmanager")
    assert status(cloud, item)["value"] == 1
    send(cloud, webhook(alert(item, major)), form="alertmanager")
    assert status(cloud, item)["value"] == 2
    send(cloud, webhook(alert(item, major, firing=False)), form="alertmanager")
    assert (status(cloud, item)["value"], "Slow" in status(cloud, item)["text"]) == (1, True)
    resolved = webhook(alert(item, minor, firing=False, severity="warning"))
    send(cloud, resolved, form="alertmanager")
    assert status(cloud, item)["value"] == 0
    assert send(cloud, resolved, form="alertmanager") == ["unchanged"]


def test_an_alertmanager_that_cuts_its_list_is_a_warning(cloud: InventoryMgr) -> None:
    item = some(cloud)

    send(cloud, webhook(alert(item, "Down"), cut=17), form="alertmanager")

    assert any("17 alerts are missing" in text for text in told(cloud))


def test_a_resolved_message_that_is_lost_ages_and_silence_is_unknown_never_error(
    cloud: InventoryMgr,
) -> None:
    one, other = cloud.find(ENV, "vnic")[:2]
    send(cloud, webhook(alert(one, "Down")), form="alertmanager")
    send(cloud, result(other, 0, ttl=60))
    handler = Handler(cloud, ENV)

    handler.expire(now() + timedelta(seconds=61 + 300))
    late = status(cloud, other)
    assert (late["value"], late["label"]) == (3, "Unknown")
    assert late["last_known"]["label"] == "OK"
    assert status(cloud, one)["value"] == 2

    handler.expire(now() + timedelta(hours=9))
    assert status(cloud, one)["value"] != 2


def test_formats_of_the_original_and_its_successor(cloud: InventoryMgr) -> None:
    item = some(cloud, "host_pnic")
    stamp = int(now().timestamp())
    from monitoring.handlers.names import check_name

    core = {
        "id": "5d2f",
        "action": "create",
        "timestamp": stamp,
        "occurrences": 1,
        "client": {"name": "prod-x", "address": "192.0.2.1", "environment": ENV},
        "check": {
            "name": check_name(item),
            "status": 1,
            "output": "slow\n",
            "executed": stamp,
            "interval": 60,
            "history": ["0", "1"],
        },
    }
    assert send(cloud, core, form="sensu-core") == ["stored"]
    go = {
        "type": "Event",
        "api_version": "core/v2",
        "spec": {
            "timestamp": stamp,
            "entity": {"entity_class": "agent", "metadata": {"name": "x", "namespace": "default"}},
            "check": {
                "metadata": {
                    "name": "anything",
                    "labels": {"calipso_type": item["type"], "calipso_id": item["id"]},
                },
                "status": 2,
                "output": "gone",
                "executed": stamp + 1,
                "state": "failing",
            },
        },
    }
    assert send(cloud, go, form="sensu-go") == ["stored"]
    line = f"[{stamp}] PROCESS_SERVICE_CHECK_RESULT;x;{check_name(item)};2;gone;too"
    assert send(cloud, {"line": line}, form="nagios") == ["stored"]
    stream = {
        "type": "CheckResult",
        "timestamp": stamp + 0.5,
        "host": "x",
        "service": check_name(item),
        "check_result": {
            "exit_status": 1,
            "state": 1,
            "output": "slow",
            "execution_end": stamp + 0.5,
            "vars_after": {"state_type": 1},
        },
    }
    assert send(cloud, stream, form="icinga2") == ["stored"]
    by = status(cloud, item)["by"]
    assert {name: one["value"] for name, one in by.items()} == {
        "sensu": 1,
        "sensu_go": 2,
        "nagios": 2,
        "icinga2": 1,
    }
    assert status(cloud, item)["value"] == 2


def test_a_soft_state_of_icinga_waits_for_the_next(cloud: InventoryMgr) -> None:
    item, at = some(cloud), now().timestamp()

    def stream(value: int, later: float, soft: bool) -> Payload:
        vars_after = {"state_type": 0 if soft else 1}
        found = {"exit_status": value, "output": "x", "execution_end": at + later}
        keys = {"calipso_type": item["type"], "calipso_id": item["id"]}
        event = {"type": "CheckResult", "host": "h", "service": "s", "vars": keys}
        return event | {"check_result": found | {"vars_after": vars_after}}

    send(cloud, stream(0, 0, soft=False), form="icinga2")
    send(cloud, stream(2, 1, soft=True), form="icinga2")
    assert status(cloud, item)["value"] == 0
    send(cloud, stream(2, 2, soft=False), form="icinga2")
    assert status(cloud, item)["value"] == 2


def test_what_is_silenced_makes_no_message_and_does_not_count(cloud: InventoryMgr) -> None:
    item = some(cloud)
    host = cloud.get_by_id(ENV, item["host"], "host")
    assert host is not None
    store = SilenceStore(cloud)
    made = store.add(host, below=True, until=now() + timedelta(hours=1), who="anna", why="works")

    send(cloud, result(item, 2))

    assert status(cloud, item)["silenced_until"] == made["until"]
    assert told(cloud) == []
    cliques = cloud.find_all("cliques", {"objects": item["_id"]})
    assert {c["monitoring"]["value"] for c in cliques if c.get("monitoring")} <= {0}

    store.remove(made["_id"], {})
    assert status(cloud, item)["silenced_until"] is None


def test_an_acknowledgement_ends_when_the_status_is_ok(cloud: InventoryMgr) -> None:
    item = some(cloud)
    store = SilenceStore(cloud)
    fields = {"who": "anna", "why": "ticket", "at": now(), "until": None}
    assert not store.acknowledge(item, "inventory", fields)
    send(cloud, result(item, 2))
    stored = cloud.get_by_id(ENV, item["id"], item["type"])
    assert stored is not None
    assert store.acknowledge(stored, "inventory", fields)
    assert status(cloud, item)["acknowledged"]["who"] == "anna"

    send(cloud, result(item, 1, executed=now().timestamp() + 1))
    assert status(cloud, item)["acknowledged"]["who"] == "anna"
    send(cloud, result(item, 0, executed=now().timestamp() + 2))
    assert status(cloud, item)["acknowledged"] is None


def test_alerts_are_queued_for_webhooks_that_want_them_and_tried_again(
    cloud: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitoring.runner import alerts

    store = AlertStore(cloud.db)
    hook = {"environment": ENV, "name": "chat", "url_secret": "http://192.0.2.9/S3CRET"}
    store.add(hook | {"secret": "key", "at_least": 2, "types": []})
    item = some(cloud)
    kept = cloud.db["monitoring_webhooks"].find_one({})
    assert "S3CRET" not in str(kept)

    send(cloud, result(item, 1))
    assert cloud.db["monitoring_alerts"].count_documents({}) == 0
    send(cloud, result(item, 2, executed=now().timestamp() + 1))
    (waiting,) = cloud.db["monitoring_alerts"].find({})
    body = waiting["body"]
    assert (body["verdict"], body["code"], body["was"]) == ("no", "status_error", "Warning")
    assert body["object"]["id"] == item["id"]

    said = iter(["answered 500", ""])
    monkeypatch.setattr(alerts, "post", lambda *_: next(said))
    assert alerts.deliver(store)["failed"] == 1
    assert alerts.deliver(store) == {"sent": 0, "failed": 0, "given_up": 0}
    later = {"$set": {"next_at": datetime(2020, 1, 1, tzinfo=UTC)}}
    cloud.db["monitoring_alerts"].update_many({}, later)
    assert alerts.deliver(store)["sent"] == 1
    assert cloud.db["monitoring_alerts"].count_documents({}) == 0
