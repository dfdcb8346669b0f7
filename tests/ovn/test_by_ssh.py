"""Both databases by SSH: the first host that has them, and what each failure is called."""

from __future__ import annotations

import pytest

from calipso.discover.fetchers.ovn.facts import OvnFacts
from calipso.errors import ErrorKind, OvnAccessError, ParseError
from calipso.hostparse.ovn import parse_databases
from calipso.model.ovn_section import OvnSection
from calipso.sources.ovn.ovn_access import candidates
from calipso.sources.ovn.script import databases
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.ovn.answers import Hosts, access, said, text


def test_the_first_host_that_has_the_databases_is_enough(inv: InventoryMgr) -> None:
    hosts = Hosts(c2=said(text()), c3=said(text()))

    found = access(inv).read(hosts.ask, ["c1", "c2", "c3"])

    assert hosts.asked == ["c1", "c2"]
    assert found.nb_server.role == "leader"
    assert found.sb_server.version == "20.27.0"


def test_the_section_names_the_hosts_and_their_order(inv: InventoryMgr) -> None:
    hosts = Hosts(net_1=said(text()))

    access(inv, hosts=["net-1"]).read(hosts.ask, ["c1"])

    assert hosts.asked == ["net-1"]


def test_controllers_come_first_then_network_nodes_and_no_others() -> None:
    hosts = {
        "a-compute": {"host_type": ["Compute"]},
        "b-net": {"host_type": ["Compute", "Network"]},
        "z-controller": {"host_type": ["Controller"]},
    }

    assert candidates(hosts) == ["z-controller", "b-net"]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (said(err="no socket ovnnb_db.sock in /run/ovn\n", status=1), "not_found", "no socket"),
        (said(err="ovsdb-client: not found\n", status=127), "command_not_found", "not found"),
        (said(status=124), "timeout", "did not answer in the time"),
        (said(status=None), "timeout", "did not answer in the time"),
        (
            said(err="ovsdb-client: unix:/run/ovn/x: Permission denied\n", status=1),
            "forbidden",
            "Permission denied",
        ),
        (said(out="Welcome\n"), "unexpected_output", "no OVN_Northbound and no OVN_Southbound"),
        (said(out=text()[: len(text()) // 2]), "unexpected_output", ""),
        (said(out=text().replace('"tunnel_key"', '"tunnel_key"]')), "unexpected_output", ""),
        (
            said(out=text().replace("[true,12,true,", "[false,12,false,")),
            "unreachable",
            "no contact to its cluster",
        ),
    ],
    ids=["socket", "tool", "late", "cut", "rights", "banner", "half", "garbage", "no quorum"],
)
def test_each_failure_has_its_kind_and_the_next_host_is_asked(
    inv: InventoryMgr, answer: object, kind: str, words: str
) -> None:
    with pytest.raises(OvnAccessError) as alone:
        access(inv).read(Hosts(c1=answer).ask, ["c1"])

    assert alone.value.kind == kind
    assert words in alone.value.message
    assert "c1" in alone.value.message
    assert alone.value.hint
    assert access(inv).read(Hosts(c1=answer, c2=said(text())).ask, ["c1", "c2"]).nb


def test_a_follower_answers_as_well_as_the_leader(inv: InventoryMgr) -> None:
    follower = text().replace("[true,12,true,", "[true,12,false,")

    found = access(inv).read(Hosts(c1=said(follower)).ask, ["c1"])

    assert found.nb_server.role == "follower"


def test_a_server_without_a_word_of_itself_is_of_unknown_role(inv: InventoryMgr) -> None:
    lines = [line for line in text().splitlines() if '"Database table"' not in line]

    found = access(inv).read(Hosts(c1=said("\n".join(lines))).ask, ["c1"])

    assert found.sb_server.role == "unknown"
    assert found.sb


def test_without_hosts_the_error_says_where_to_name_them(inv: InventoryMgr) -> None:
    with pytest.raises(OvnAccessError, match="no host is known") as error:
        access(inv).read(Hosts().ask, [])

    assert error.value.kind is ErrorKind.NOT_FOUND
    assert "Section OVN" in error.value.hint


@pytest.mark.parametrize("release", ["22.03", "23.03", "24.03"])
def test_releases_say_the_same_with_other_columns(release: str) -> None:
    facts, usual = OvnFacts(parse_databases(text(release))), OvnFacts(parse_databases(text()))

    assert facts.chassis == usual.chassis
    assert facts.bindings == usual.bindings
    assert facts.routers == usual.routers
    assert facts.keys == usual.keys


def test_a_chassis_that_is_gone_leaves_ports_unclaimed_and_no_error() -> None:
    found = parse_databases(text())
    lost = found.sb["Chassis"].pop()

    facts = OvnFacts(found)

    assert lost["name"] not in facts.chassis
    assert {binding.chassis for binding in facts.bindings.values()} <= {"", *facts.chassis}


def test_what_is_not_neutrons_is_left_out() -> None:
    found = parse_databases(text())
    found.nb["Logical_Switch"].append({"_uuid": "x", "name": "ts-1", "ports": []})
    found.nb["Logical_Router"].append({"_uuid": "y", "name": "other", "ports": []})
    remote = dict(found.sb["Chassis"][0]) | {"_uuid": "z", "name": "far"}
    remote["other_config"] = {"is-remote": "true"}
    found.sb["Chassis"].append(remote)

    facts, usual = OvnFacts(found), OvnFacts(parse_databases(text()))

    assert facts.switches.keys() == usual.switches.keys()
    assert facts.routers.keys() == usual.routers.keys()
    assert "far" not in facts.chassis


def test_every_column_may_be_missing() -> None:
    found = parse_databases(text())
    for tables in (found.nb, found.sb):
        for rows in tables.values():
            for row in rows:
                for column in row.keys() - {"_uuid", "name"}:
                    del row[column]

    facts = OvnFacts(found)

    assert len(facts.chassis) == 3
    assert facts.ports == {}
    assert all(facts.alive(chassis) is None for chassis in facts.chassis.values())
    assert [router.gateway for router in facts.routers.values()] == [None, None]


def test_a_table_with_an_error_in_place_of_rows_is_named() -> None:
    broken = text().replace('{"rows":[]}', '{"error":"unknown column","details":"no such column"}')

    with pytest.raises(ParseError, match="no such column"):
        parse_databases(broken)


def test_names_with_every_character_are_only_text() -> None:
    odd = "a'b\\\"c; $(reboot) \\u0000\\n== nb 1"
    found = parse_databases(text().replace('"gate"', f'"{odd}"'))

    assert next(iter(OvnFacts(found).routers.values())).name.startswith("a'b")


def test_sockets_and_a_prefix_of_the_section_are_in_the_script() -> None:
    given = OvnSection(
        command_prefix="docker exec ovn_nb_db", nb_socket="/x y/nb.sock", sb_socket="/z/sb.sock"
    )

    script, tool = databases(given)

    assert tool == ""
    assert "c='docker exec ovn_nb_db ovsdb-client --timeout=60'" in script
    assert "n='/x y/nb.sock'" in script
    assert "Logical_Flow" not in script


@pytest.mark.parametrize(
    "section",
    [
        {"nb_connection": "tcp:h:6641"},
        {"nb_connection": "h:6641", "sb_connection": "tcp:h:6642"},
        {"nb_connection": "tcp:h:99999", "sb_connection": "tcp:h:6642"},
        {"command_prefix": "sh -c 'x'; rm"},
        {"nb_socket": "run/ovn.sock"},
        {"cert_file": "/c.pem"},
        {"hosts": ["a b"]},
    ],
    ids=lambda section: next(iter(section)),
)
def test_a_wrong_section_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"expected|belong together"):
        OvnSection.model_validate(section)
