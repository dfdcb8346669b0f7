"""Impact: what is predicted to be lost is lost when the part is pulled and the cloud is scanned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId

from calipso.analysis.impact import impact, impact_answer
from calipso.analysis.spof import single_points
from calipso.cli.main import main
from calipso.discover.engine.scan_local import run_local
from calipso.model.answer import Verdict
from calipso.model.documents import Document
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.elements import NODE_FIELDS, hops_to_networks
from calipso.topology.impact import Clique, Feeds, singles
from calipso.topology.plumbing import values
from tests.sample_cloud.running import RunningCloud, running_cloud

ENV = "cloud"
SIZE: dict[str, Any] = {"hosts": 6, "instances": 24, "networks": 6, "mechanism": "ovs"}


def key(number: int) -> ObjectId:
    return ObjectId(f"{number:024x}")


def link(kind: str, source: int, target: int, network: Any = None) -> Document:
    return {
        "_id": ObjectId(),
        "link_type": kind,
        "source": key(source),
        "target": key(target),
        "attributes": {} if network is None else {"network": network},
    }


# 1 instance, 2 vNIC, 3 switch of the host, 4 and 5 NICs, 9 network
TWO_NICS = [
    link("instance-vnic", 1, 2, "n"),
    link("vnic-vedge", 2, 3, "n"),
    link("vedge-host_pnic", 3, 4, ["n"]),
    link("vedge-host_pnic", 3, 5, ["n"]),
    link("host_pnic-network", 4, 9, "n"),
    link("host_pnic-network", 5, 9, "n"),
]
# 4 bond of 5 and 6, which are on ports 7 and 8 of switches 10 and 11
BOND = [
    *TWO_NICS[:3],
    link("host_pnic-network", 4, 9, "n"),
    link("host_pnic-host_pnic", 4, 5),
    link("host_pnic-host_pnic", 4, 6),
    link("host_pnic-switch_pnic", 5, 7),
    link("host_pnic-switch_pnic", 6, 8),
]
SWITCHES = [link("switch-switch_pnic", 10, 7), link("switch-switch_pnic", 11, 8)]
ONE_SWITCH = [link("switch-switch_pnic", 10, 7), link("switch-switch_pnic", 10, 8)]


def verdict(links: list[Document], *failed: int, more: tuple[Document, ...] = ()) -> str:
    """What the failure of these means for the instance."""
    clique, feeds = drawn(links)
    feeds.add(more)
    effect = clique.effect(feeds.failing({key(one) for one in failed}))
    return effect.verdict if effect else ""


def drawn(links: list[Document]) -> tuple[Clique, Feeds]:
    ends = {end for one in links for end in (one["source"], one["target"])}
    about = {
        "focal_point": key(1),
        "objects": sorted(ends),
        "links": [one["_id"] for one in links],
        "constraints": {"network": ["n"]},
    }
    feeds = Feeds()
    feeds.add(links)
    return Clique(about, {one["_id"]: one for one in links}, {key(9): "n"}), feeds


@pytest.mark.parametrize(
    ("links", "more", "failed", "said"),
    [
        (TWO_NICS, (), (4,), "degraded"),
        (TWO_NICS, (), (4, 5), "lost"),
        (TWO_NICS, (), (3,), "lost"),
        (TWO_NICS, (), (1,), "lost"),
        (TWO_NICS, (), (99,), ""),
        (BOND, SWITCHES, (5,), "degraded"),
        (BOND, SWITCHES, (5, 6), "lost"),
        (BOND, SWITCHES, (7,), "degraded"),
        (BOND, SWITCHES, (10,), "degraded"),
        (BOND, SWITCHES, (10, 11), "lost"),
        (BOND, ONE_SWITCH, (10,), "lost"),
    ],
)
def test_what_a_failure_means(
    links: list[Document], more: tuple[Document, ...], failed: tuple[int, ...], said: str
) -> None:
    assert verdict(links, *failed, more=tuple(more)) == said


def test_a_second_nic_of_the_guest_keeps_it_degraded() -> None:
    links = [*TWO_NICS[:3], TWO_NICS[4]]
    links += [link("instance-vnic", 1, 12, "m"), link("vnic-host_pnic", 12, 13, "m")]
    links += [link("host_pnic-network", 13, 14, "m")]
    ends = {end for one in links for end in (one["source"], one["target"])}
    about = {"focal_point": key(1), "objects": sorted(ends), "links": [one["_id"] for one in links]}
    both = {key(9): "n", key(14): "m"}
    effect = Clique(about, {one["_id"]: one for one in links}, both).effect({key(4)})

    assert effect is not None
    assert (effect.verdict, effect.lost, effect.kept) == ("degraded", ("n",), ("m",))


def test_single_points_are_what_is_alone() -> None:
    clique, feeds = drawn(TWO_NICS)
    assert singles([clique], feeds).keys() == {key(2), key(3)}
    clique, feeds = drawn(BOND)
    feeds.add(SWITCHES)
    assert singles([clique], feeds).keys() == {key(2), key(3)}
    clique, feeds = drawn(BOND)
    feeds.add(ONE_SWITCH)
    assert singles([clique], feeds).keys() == {key(2), key(3), key(10)}


@pytest.fixture
def cloud(inv: InventoryMgr) -> Iterator[RunningCloud]:
    """A cloud, scanned once."""
    with running_cloud(name=ENV, seed=4, **SIZE) as running:
        EnvironmentStore().add(running.environment)
        run_local(ScanRequest(environment=ENV))
        yield running


def cut_off(inv: InventoryMgr) -> set[tuple[str, str]]:
    """Instances and networks whose way ends before the network, or has something that is down."""
    found = set()
    titles = {item["id"]: item["name"] for item in inv.find(ENV, "network")}
    for clique in inv.find_all("cliques", {"environment": ENV, "focal_point_type": "instance"}):
        objects = inv.find_by_keys(clique["objects"], NODE_FIELDS)
        links = inv.find_all("links", {"_id": {"$in": clique["links"]}})
        reached = set()
        for way in hops_to_networks(clique, objects.values(), links):
            if not any(hop.get("link_state") == "down" for hop in way):
                reached.add(way[-1]["name"])
        name = objects[clique["focal_point"]]["name"]
        found |= {(name, titles[one]) for one in values(clique["constraints"]["network"])}
        found -= {(name, network) for network in reached}
    return found


@pytest.mark.slow
def test_what_is_predicted_lost_is_lost_when_the_nic_is_pulled(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    assert cut_off(inv) == set(), "the cloud is not healthy"
    tried = 0
    carrying = {one["source"] for one in inv.find_all("links", {"link_type": "host_pnic-network"})}
    for nic in inv.find(ENV, "host_pnic"):
        if nic["_id"] not in carrying or nic.get("members"):
            continue
        rows = impact(inv, [nic]).rows
        predicted = {
            (row["name"], name) for row in rows if row["type"] == "instance" for name in row["lost"]
        }
        about = {"host": nic["host"], "device": nic["local_name"]}
        cloud.mutate("set_nic", **about, up=False)
        run_local(ScanRequest(environment=ENV))

        assert cut_off(inv) == predicted, f"{nic['id']} was pulled"
        tried += bool(predicted)
        cloud.mutate("set_nic", **about, up=True)
        if tried == 3:
            break
    assert tried == 3, "too few NICs carry instances"


@pytest.mark.long
@pytest.mark.slow
def test_a_member_of_a_bond_only_degrades_and_both_lose(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    run_local(ScanRequest(environment=ENV))
    bond = next(
        nic
        for nic in inv.find(ENV, "host_pnic")
        if nic.get("members") and impact(inv, [nic]).counts()["lost"].get("instance")
    )
    members = inv.find(ENV, "host_pnic", id=[one["id"] for one in bond["members"].values()])
    one = impact(inv, members[:1])
    both = impact(inv, members)

    assert one.counts()["lost"] == {}
    assert one.counts()["degraded"]["instance"]
    assert impact_answer(one).verdict is Verdict.DEGRADED
    assert both.counts()["lost"] == impact(inv, [bond]).counts()["lost"]
    for number, member in enumerate(members):
        cloud.mutate("set_nic", host=member["host"], device=member["local_name"], up=False)
        run_local(ScanRequest(environment=ENV))
        assert bool(cut_off(inv)) is (number == len(members) - 1)


@pytest.mark.slow
def test_a_host_loses_what_runs_on_it_and_the_command_says_so(
    cloud: RunningCloud, inv: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    on_it: dict[str, set[str]] = {}
    for item in inv.find(ENV, "instance"):
        on_it.setdefault(item["host"], set()).add(item["name"])
    host, names = max(on_it.items(), key=lambda item: len(item[1]))

    assert main(["impact", host, "--type", "host", "-f", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    lost = {
        row["name"]
        for row in document["findings"]
        if row["type"] == "instance" and row["effect"] == "lost"
    }
    assert lost == names
    assert main(["impact", host, "--type", "host", "-f", "csv"]) == 1
    assert capsys.readouterr().out.startswith("effect,type,name,project")
    assert main(["spof", "-e", ENV, "-f", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows == sorted(rows, key=lambda row: (-row["instances"], -row["services"], row["id"]))
    assert any(row["type"] == "vedge" for row in rows)
    for row in [row for row in rows if row["type"] in ("host_pnic", "vedge", "otep")][:6]:
        item = inv.get_by_id(ENV, row["id"], row["type"])
        assert item is not None
        losing = [r for r in impact(inv, [item]).rows if r["type"] == "instance" and r["lost"]]
        assert len(losing) == row["instances"], row["id"]
    assert single_points(inv, ENV, least=10_000) == []


def test_nothing_is_known_without_cliques(inv: InventoryMgr) -> None:
    inv.set({"environment": ENV, "type": "host_pnic", "id": "x", "name": "x", "host": "h"})
    item = inv.get_by_id(ENV, "x")
    assert item is not None

    assert impact_answer(impact(inv, [item])).verdict is Verdict.UNKNOWN
