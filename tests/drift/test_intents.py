"""Intents: read, checked, pinned, stored, reported; what is not known is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from calipso.analysis.intents import check, check_stored, worst
from calipso.analysis.junit import junit
from calipso.cli.main import main
from calipso.discover.engine.scan_local import run_local
from calipso.errors import ConfigError
from calipso.model.answer import Answer, Verdict
from calipso.model.intent import Intent, IntentKind, read_intents
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.config.intent_store import IntentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud

ENV = "cloud"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {name: a, kind: redundant}", "needs object"),
        ("- {name: a, kind: reach, from: x}", "needs to"),
        ("- {name: a, kind: mtu, object: n}", "needs least"),
        ("- {name: a, kind: nothing}", "kind"),
        ("- {name: a, kind: redundant, object: x, more: 1}", "more"),
        ("intents: 3", "expected a list"),
        ("- {name: a, kind: redundant, object: x}\n" * 2, "two intents are called a"),
        ("[", "not valid YAML"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_intents(text)


@pytest.mark.parametrize(
    ("verdict", "reach", "not_reach"),
    [("yes", "yes", "no"), ("no", "no", "yes"), ("unknown",) * 3, ("degraded", "degraded", "no")],
)
def test_reach_is_what_the_path_says_and_not_reach_the_contrary(
    inv: InventoryMgr, verdict: str, reach: str, not_reach: str
) -> None:
    intents = read_intents(
        "- {name: a, kind: reach, from: x, to: y}\n- {name: b, kind: not_reach, from: x, to: y}\n"
    )

    def path(_: Any, __: str, start: str, goal: str) -> Answer:
        return Answer(verdict=Verdict(verdict), code="path", sentence=f"{start} and {goal}.")

    found = check(inv, ENV, intents, path)
    assert [one.answer.verdict.value for one in found] == [reach, not_reach]


def test_a_path_that_gets_through_says_nothing_of_a_port(inv: InventoryMgr) -> None:
    intents = read_intents("- {name: a, kind: reach, from: x, to: y, proto: tcp, port: 22}")
    answers = {
        word: Answer(verdict=Verdict(word), code="path", sentence="Said.") for word in ("yes", "no")
    }
    found = [check(inv, ENV, intents, lambda *_, w=word: answers[w]) for word in answers]

    assert [one[0].answer.verdict.value for one in found] == ["unknown", "no"]
    assert "tcp/22" in found[0][0].answer.sentence


def test_an_end_that_is_not_there_is_unknown(inv: InventoryMgr) -> None:
    (found,) = check(inv, ENV, read_intents("- {name: a, kind: reach, from: x, to: y}"))

    assert found.answer.verdict is Verdict.UNKNOWN


def test_an_object_that_is_not_there_is_unknown_and_hides_no_other(inv: InventoryMgr) -> None:
    inv.set({"environment": ENV, "type": "network", "id": "n1", "name": "blue", "mtu": 1500})
    inv.set({"environment": ENV, "type": "vnic", "id": "t", "network": "n1", "mtu": 1500})
    intents = read_intents(
        "- {name: a, kind: redundant, object: nothing}\n"
        "- {name: b, kind: mtu, object: blue, least: 1500}\n"
        "- {name: c, kind: mtu, object: blue, least: 9000}\n"
    )

    found = check(inv, ENV, intents)

    assert [one.answer.verdict.value for one in found] == ["unknown", "yes", "no"]
    assert worst(found) is Verdict.NO


def test_an_mtu_that_was_not_read_is_unknown(inv: InventoryMgr) -> None:
    inv.set({"environment": ENV, "type": "network", "id": "n1", "name": "blue", "mtu": 1500})
    inv.set({"environment": ENV, "type": "vnic", "id": "t", "network": "n1"})
    (found,) = check(inv, ENV, read_intents("- {name: b, kind: mtu, object: blue, least: 1500}"))

    assert found.answer.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("tags", "said"), [((3, 3), "yes"), ((3, 4), "no"), ((), "unknown")])
def test_ports_of_a_network_on_a_host_have_one_tag(
    inv: InventoryMgr, tags: tuple[int, ...], said: str
) -> None:
    inv.set({"environment": ENV, "type": "network", "id": "n1", "name": "blue"})
    inv.set({"environment": ENV, "type": "host", "id": "h", "name": "h"})
    for number, tag in enumerate(tags):
        inv.collection("links").insert_one(
            {"environment": ENV, "link_type": "vnic-vedge", "host": "h", "source_id": str(number)}
            | {"attributes": {"network": "n1", "tag": tag}, "source": number, "target": 0}
        )
    (found,) = check(inv, ENV, read_intents("- {name: b, kind: same_tag, object: blue}"))

    assert found.answer.verdict.value == said


@pytest.fixture
def cloud(inv: InventoryMgr) -> Iterator[RunningCloud]:
    """A cloud, scanned once."""
    with running_cloud(name=ENV, seed=4, hosts=4, instances=10, networks=4) as running:
        EnvironmentStore().add(running.environment)
        run_local(ScanRequest(environment=ENV))
        yield running


@pytest.mark.slow
def test_what_is_pinned_holds_until_the_cloud_changes(
    cloud: RunningCloud, inv: InventoryMgr, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    item = next(i for i in inv.find(ENV, "instance") if i.get("host"))
    network = inv.find(ENV, "network")[0]
    capsys.readouterr()
    assert main(["intent", "pin", item["id"], network["id"], "-e", ENV]) == 0
    file = tmp_path / "intents.yaml"
    file.write_text(capsys.readouterr().out)
    assert read_intents(file.read_text())
    report = tmp_path / "report.xml"
    words = ["intent", "check", ENV, "--file", str(file), "--junit", str(report)]
    assert main(words) == 0, capsys.readouterr().out
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    assert main(["intent", "add", ENV, str(file)]) == 0
    for nic in inv.find(ENV, "host_pnic", host=str(item["host"])):
        cloud.mutate("set_nic", host=nic["host"], device=nic["local_name"], up=False)
    run_local(ScanRequest(environment=ENV))

    assert worst(check_stored(inv, ENV)) is Verdict.NO

    (stored,) = [i for i in IntentStore().of([ENV]) if i["name"].startswith("plumbing")]
    assert stored["result"]["verdict"] == "no"
    capsys.readouterr()
    assert main(["intent", "list", "-e", ENV, "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert main(["intent", "remove", ENV, stored["name"]]) == 0
    assert main(["intent", "remove", ENV, stored["name"]]) == 1


@pytest.mark.slow
def test_an_instance_on_one_nic_is_not_redundant(cloud: RunningCloud, inv: InventoryMgr) -> None:
    item = next(i for i in inv.find(ENV, "instance") if i.get("host"))
    intent = Intent(name="r", kind=IntentKind.REDUNDANT, object=item["id"], type="instance")
    (found,) = check(inv, ENV, [intent])

    assert found.answer.verdict is Verdict.NO
    assert "alone" in found.answer.sentence


def test_the_report_is_valid_xml_whatever_the_names(inv: InventoryMgr) -> None:
    intent = Intent(name='a"<&\x1b\ufffe', kind=IntentKind.REDUNDANT, object="x\x00<y>")
    text = junit("prod", check(inv, "prod", [intent]))

    suite = ElementTree.fromstring(text.encode("utf-8", "replace"))
    assert suite.get("errors") == "1"


def test_the_api_stores_checks_and_hides(
    inv: InventoryMgr, login: Callable[..., Any], environment: Callable[..., str]
) -> None:
    environment("prod")
    inv.set({"environment": "prod", "type": "network", "id": "n1", "name": "blue", "mtu": 1400})
    inv.set({"environment": "prod", "type": "vnic", "id": "t", "network": "n1", "mtu": 1400})
    client = login("operator", prod="edit")
    intent = {"name": "m", "kind": "mtu", "object": "blue", "least": 1500}
    made = client.post("/api/v1/intents", json={"environment": "prod", "intent": intent})
    assert made.status_code == 201
    wrong = {"environment": "prod", "intent": {"name": "m"}}
    assert client.post("/api/v1/intents", json=wrong).status_code == 400
    checked = client.post("/api/v1/intents/checks", json={"environment": "prod"}).json
    assert checked == {"verdict": "no", "counts": {"no": 1}}
    (item,) = client.get("/api/v1/intents?verdict=no").json["items"]
    assert item["result"]["code"] == "intent_mtu_too_small"
    other = login("viewer", other="view")
    assert other.get("/api/v1/intents").json["items"] == []
    assert other.get(f"/api/v1/intents/{item['id']}").status_code == 404
    assert login("viewer", prod="view").delete(f"/api/v1/intents/{item['id']}").status_code == 403
    assert client.delete(f"/api/v1/intents/{item['id']}").status_code == 204
