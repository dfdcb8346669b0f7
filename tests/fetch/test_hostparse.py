"""Parsers of host answers: whatever a host says, they answer or raise ParseError."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso.discover.fetchers.db.ovs_vedge import port_fields
from calipso.errors import ParseError
from calipso.hostparse.bonding import parse_bonds
from calipso.hostparse.ethtool import parse_nics
from calipso.hostparse.fdb import parse_fdb
from calipso.hostparse.iplink import parse_devices
from calipso.hostparse.libvirt import parse_domains
from calipso.hostparse.lldp import parse_lldp
from calipso.hostparse.netns import parse_namespaces
from calipso.hostparse.osrelease import parse_os_release
from calipso.hostparse.ovsdb import bridge_of_patch, parse_ovs

SHARED = Path(__file__).parent / "shared"
BONDS = Path(__file__).parent / "cli_fetch_bond_host_pnics/lacp_with_a_dead_member/bonds.out"

#: parser -> a real answer for it
REAL: dict[Callable[[str], Any], Path] = {
    parse_bonds: BONDS,
    parse_nics: SHARED / "compute-1/nics.out",
    parse_fdb: SHARED / "compute-3/fdb.out",
    parse_devices: SHARED / "compute-1/links.out",
    parse_domains: SHARED / "compute-1/domains.out",
    parse_lldp: SHARED / "compute-1/lldp.out",
    parse_namespaces: SHARED / "network-1/namespace_links.out",
    parse_os_release: SHARED / "compute-1/os_release.out",
    parse_ovs: SHARED / "compute-1/ovs.out",
}
PARSERS = pytest.mark.parametrize("parser", REAL, ids=lambda parser: parser.__name__)


def survives(parser: Callable[[str], Any], text: str) -> None:
    """Parse; a ParseError is as good as an answer."""
    with contextlib.suppress(ParseError):
        parser(text)


@PARSERS
def test_real_answer_is_understood(parser: Callable[[str], Any]) -> None:
    assert parser(REAL[parser].read_text())


@PARSERS
def test_answer_cut_off_anywhere_raises_nothing_else(parser: Callable[[str], Any]) -> None:
    text = REAL[parser].read_text()
    for at in range(0, len(text), max(1, len(text) // 150)):
        survives(parser, text[:at])


@PARSERS
def test_damaged_answer_raises_nothing_else(parser: Callable[[str], Any]) -> None:
    text, dice = REAL[parser].read_text(), random.Random(7)
    for _ in range(150):
        start = dice.randrange(len(text))
        junk = dice.choice(["", "null", '"', "[", "{}", "-1", "\n", "\x00", "]]", "== x y\n", "<"])
        survives(parser, text[:start] + junk + text[start + dice.randrange(12) :])


@PARSERS
@given(text=st.text(max_size=200))
def test_any_text_raises_nothing_else(parser: Callable[[str], Any], text: str) -> None:
    survives(parser, text)


@PARSERS
@pytest.mark.parametrize(
    "value",
    [
        "[1]",
        "[[]]",
        "{}",
        "null",
        '[{"ifname": 1}]',
        '{"lldp": [1]}',
        '{"lldp": [{"interface": [[]]}]}',
        '{"data": [[1]], "headings": [[]]}\n' * 3,
        '{"data": [[["set", 1]]], "headings": ["name"]}\n' * 3,
        "[" * 5000,
    ],
)
def test_json_of_another_shape_raises_nothing_else(
    parser: Callable[[str], Any], value: str
) -> None:
    survives(parser, value)
    survives(parser, f"== x device\n{value}")
    survives(parser, f"netns: x\n{value}\nexit: 0\n")


def test_entities_in_xml_are_not_expanded() -> None:
    uuid = "11111111-1111-4111-8111-111111111111"
    bomb = (
        f"{uuid}\n<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>"
        f"<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
        f"<domain><uuid>{uuid}</uuid><name>&b;&f;</name></domain>"
    )

    assert isinstance(parse_domains(bomb)[uuid], ParseError)


def test_open_vswitch_of_a_compute_host() -> None:
    bridges = parse_ovs((SHARED / "compute-1/ovs.out").read_text())

    tunnels = [i for _, i in bridges["br-tun"].interfaces() if i.tunnel]
    taps = [(port, i) for port, i in bridges["br-int"].interfaces() if i.port_id]
    assert set(bridges) == {"br-ex", "br-int", "br-phy", "br-tun"}
    external = [i.name for _, i in bridges["br-ex"].interfaces()]
    assert [name for name in external if name in ("eth0", "eth1", "eth2")] == ["eth2"]
    peers = {i.name: i.peer for _, i in bridges["br-int"].interfaces() if i.peer}
    assert peers == {"int-br-ex": "phy-br-ex", "patch-tun": "patch-int"}
    assert bridge_of_patch(bridges, "patch-int") == "br-tun"
    assert {i.options["local_ip"] for i in tunnels} == {"198.51.100.31"}
    assert len({i.options["remote_ip"] for i in tunnels}) == 3
    assert all(i.name == f"qvo{i.port_id[:11]}" and port.tag for port, i in taps)
    assert all(i.attached_mac.startswith("fa:16:3e:") for _, i in taps)


def ovs_tables(port: dict[str, object]) -> str:
    """An answer with one bridge and one port."""
    bridge = {"_uuid": ["uuid", "b"], "name": "br-int", "ports": ["uuid", "p"]}
    bridge |= {"datapath_type": "system", "fail_mode": "secure"}
    interface = {"_uuid": ["uuid", "i"], "name": "tap1", "type": "", "mac_in_use": "", "ofport": 5}
    interface |= {"link_state": "up", "admin_state": "up", "error": ["set", []], "mtu": 1450}
    interface |= {"options": ["map", []], "external_ids": ["map", [["iface-id", "p1"]]]}
    rows = (bridge, {"_uuid": ["uuid", "p"], "interfaces": ["uuid", "i"]} | port, interface)
    tables = [json.dumps({"headings": list(row), "data": [list(row.values())]}) for row in rows]
    return "\n".join(tables)


def test_what_the_agent_noted_of_a_port_is_kept_with_it():
    port = {"name": "tap1", "tag": 999, "trunks": ["set", []], "bond_mode": ["set", []]}
    noted = [["net_uuid", "n-1"], ["segmentation_id", "30"], ["tag", "3"]]

    new = parse_ovs(ovs_tables(port | {"other_config": ["map", noted]}))["br-int"]
    old = parse_ovs(ovs_tables(port))["br-int"]  # recorded before the column was asked for

    assert new.ports["tap1"].other_config == {
        "net_uuid": "n-1",
        "segmentation_id": "30",
        "tag": "3",
    }
    assert old.ports["tap1"].other_config == {}
    (found,) = [port_fields(new, *pair) for pair in new.interfaces()]
    assert (found["tag"], found["other_config"]["tag"]) == (999, "3")


@pytest.mark.parametrize("rest", ["<devices>\n<interf\n", "<devices>\n</domai\n", ""])
def test_a_domain_that_breaks_off_costs_no_other(rest: str) -> None:
    uuids = [f"4b1d0000-0000-4000-8000-00000000000{number}" for number in range(3)]
    whole = "<domain type='kvm' id='3'>\n  <name>i</name>\n  <uuid>{}</uuid>\n</domain>\n\n"
    broken = f"<domain type='kvm'>\n  <name>i</name><uuid>{uuids[1]}</uuid>\n{rest}"
    listed = "\n".join(uuids)

    found = parse_domains(f"{listed}\n{whole.format(uuids[0])}{broken}{whole.format(uuids[2])}")

    assert [isinstance(found[uuid], ParseError) for uuid in uuids] == [False, True, False]
