"""Paths in a cloud where all works: between guests, to the router, to the outside and back."""

from __future__ import annotations

import json

import pytest

from calipso.analysis.path.find_path import find_path, packet_of
from calipso.cli.main import main
from calipso.errors import ConfigError, NotFound
from calipso.model.answer import Answer, Verdict
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.clock import now
from tests.path.breaking import down
from tests.path.cloud import NAME, PathCloud, scan


def ask(inv: InventoryMgr, start: str, goal: str) -> Answer:
    return find_path(inv, NAME, start, goal)


def hosts(answer: Answer, direction: str = "forward") -> list[str]:
    """Hosts that a direction passes, in order."""
    found = [hop["host"] for hop in answer.hops if hop["direction"] == direction and hop["host"]]
    return list(dict.fromkeys(found))


def types(answer: Answer, direction: str = "forward") -> list[str]:
    """Types of the hops of a direction, without what is below."""
    return [h["type"] for h in answer.hops if h["direction"] == direction and not h["underlay"]]


@pytest.fixture
def cloud(inv: InventoryMgr) -> PathCloud:
    """The cloud, scanned."""
    made = PathCloud()
    record = scan(made.site)
    assert [error for error in record["errors"] if not error["warning"]] == []
    return made


def test_a_clean_cloud_is_connected_in_every_way(inv: InventoryMgr, cloud: PathCloud) -> None:
    """One scan, many questions: what they answer is in the assertions."""
    web, app = cloud.port("web"), cloud.port("app")

    same = ask(inv, "web", "db")
    assert same.verdict is Verdict.YES
    assert types(same) == ["instance", "port", "vnic", "vedge", "vnic", "port", "instance"]
    switch = next(hop for hop in same.hops if hop["type"] == "vedge")
    assert (switch["way_in"], switch["way_out"]) == (cloud.tap("web"), cloud.tap("db"))
    assert switch["tag"] == cloud.host("compute-1").switch.tag_of("red")

    tunnel = ask(inv, "web", "app")
    assert tunnel.verdict is Verdict.YES
    assert hosts(tunnel) == ["compute-1", "compute-2"]
    assert hosts(tunnel, "backward") == ["compute-2", "compute-1"]
    endpoint = next(hop for hop in tunnel.hops if hop["type"] == "otep")
    assert endpoint["way_out"] == "vxlan to 10.0.7.3"
    assert endpoint["segment"] == 1001
    below = [hop["name"] for hop in tunnel.hops if hop["underlay"]]
    assert len(below) == 4  # a switch port at each side, in both directions

    vlan = ask(inv, "mail", "both")
    assert vlan.verdict is Verdict.YES
    assert "otep" not in types(vlan)
    assert next(h for h in vlan.hops if h["type"] == "network")["segment"] == 100

    routed = ask(inv, "app", "mail")
    assert routed.verdict is Verdict.YES
    assert hosts(routed) == ["compute-2", "network-1", "compute-1"]
    assert "vservice" in types(routed)

    for start, goal, verdict, code in (
        ("app", "internet", "yes", "connected"),
        ("internet", "app", "no", "no_floating_ip"),
        ("app", "8.8.8.8", "yes", "connected"),
        ("app", "dhcp:app", "yes", "connected"),
        ("app", "metadata:app", "yes", "connected"),
        ("app", "network:blue", "yes", "connected"),
        ("internet", cloud.floating.address, "yes", "connected"),
        ("internet", "web", "yes", "connected"),
        ("both", cloud.floating.address, "yes", "connected"),
        ("app", "router:gate", "yes", "connected"),
        ("network:red", "app", "yes", "connected"),
        ("both", "web", "yes", "connected"),
        (web.fixed[0][1], app.fixed[0][1], "yes", "connected"),
        (f"port:{web.id}", f"vnic:compute-2-{cloud.tap('app')}", "yes", "connected"),
    ):
        answer = ask(inv, start, goal)
        assert (answer.verdict, answer.code) == (verdict, code), answer.sentence

    with pytest.raises(NotFound):
        ask(inv, "nobody", "web")
    with pytest.raises(NotFound, match=r"no port has the address 10\.20\.32\.99"):
        ask(inv, "web", "10.20.32.99")
    with pytest.raises(ConfigError, match="cannot be an end"):
        ask(inv, "web", _without_port(inv))


def _without_port(inv: InventoryMgr) -> str:
    """A vNIC that no port of Neutron explains."""
    inv.set({"environment": NAME, "type": "vnic", "id": "compute-1-x", "name": "x", "host": "c"})
    return "vnic:compute-1-x"


def test_every_hop_says_on_what_it_rests(inv: InventoryMgr, cloud: PathCloud) -> None:
    answer = ask(inv, "web", "app")

    assert answer.as_of is not None
    assert all(hop["read_at"] for hop in answer.hops)
    vnic = next(hop for hop in answer.hops if hop["type"] == "vnic")
    assert vnic["evidence"]["source"] == "cli"
    assert vnic["evidence"]["host"] == "compute-1"
    assert vnic["evidence"]["line"] == "state: up"
    assert vnic["evidence"]["command"] == "`ip -d -j addr` on the host"


@pytest.mark.usefixtures("cloud")
def test_the_command_ends_with_the_verdict_and_draws(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["path", "web", "app"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("YES (connected): web reaches app by compute-1, compute-2.")
    assert "and back:" in shown

    assert main(["path", "internet", "app"]) == 1
    capsys.readouterr()
    assert main(["path", "web", "app", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "yes"
    assert main(["path", "web", "app", "-f", "dot"]) == 0
    assert capsys.readouterr().out.startswith("digraph")
    assert main(["path", "web", "app", "-f", "svg"]) == 0
    assert "<svg" in capsys.readouterr().out


def test_a_past_path_is_answered_as_it_was(
    inv: InventoryMgr, cloud: PathCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    well = now()
    down(cloud.host("compute-1"), cloud.tap("web"))
    scan(cloud.site)

    assert ask(inv, "web", "db").code == "link_down"
    assert main(["path", "web", "db", "--at", well.isoformat()]) == 0
    assert capsys.readouterr().out.startswith("YES (connected)")
    assert main(["why", "web", "--at", well.isoformat()]) == 0
    assert main(["why", "web"]) == 1


def test_a_port_lets_pass_what_a_rule_of_its_groups_names(
    inv: InventoryMgr, cloud: PathCloud
) -> None:
    answer = find_path(inv, NAME, "web", "app", packet_of("icmp", None))
    ports = [hop for hop in answer.hops if hop["type"] == "port" and hop["direction"] == "forward"]

    assert answer.verdict is Verdict.YES
    assert ports[0]["security"]["rule"] == "egress IPv4 any"
    assert ports[-1]["security"]["rule"].startswith("ingress IPv4 ")
    assert ports[-1]["security"]["group"] == "default"
    with pytest.raises(ConfigError, match="a port needs a protocol"):
        packet_of(None, 22)
    for wrong in ("foo", "256", "-1", "tcp "):
        with pytest.raises(ConfigError, match="there is no protocol"):
            packet_of(wrong, None)
    assert [packet_of(name, None).protocol for name in ("TCP", "0", "255")] == ["tcp", "0", "255"]
    assert cloud.port("web").groups is None
