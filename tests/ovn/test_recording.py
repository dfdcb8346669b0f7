"""Recordings of a cloud on OVN: its names are replaced, and what is left can still be read."""

from __future__ import annotations

import json

from calipso.discover.fetchers.ovn.facts import OvnFacts
from calipso.hostparse.ovn import parse_databases
from calipso.hostparse.ovnhost import parse_ovn_host
from calipso.recording.anonymise.anonymiser import Anonymiser
from calipso.sources.cli.commands import OVN_CHASSIS
from tests.ovn.answers import text
from tests.sample_cloud.profiles.cloud import ProfileCloud

SECRETS = ("control-1", "our-router", "our-net", "our-record", "10.0.8.1", "fa:16:3e:00:00:01")


def anonymised() -> tuple[Anonymiser, str]:
    made = text().replace('"gate"', '"our-router"').replace('"blue"', '"our-net"')
    table = [[["map", [["our-record", ""]]]]]
    dns = {"caption": "DNS table", "headings": ["records"], "data": table}
    made = made.replace("\n== nb 7.0.0\n", f"\n== nb 7.0.0\n{json.dumps(dns)}\n")
    assert all(word in made for word in SECRETS)
    found = Anonymiser()
    found.learn(made)
    found.addresses.settle()
    return found, found.output("ovn_databases", made)


def test_no_name_and_no_address_of_the_cloud_is_left() -> None:
    _, shown = anonymised()

    assert [word for word in SECRETS if word in shown] == []


def test_an_anonymised_answer_is_read_like_the_cloud() -> None:
    _, shown = anonymised()

    facts, usual = OvnFacts(parse_databases(shown)), OvnFacts(parse_databases(text()))
    assert len(facts.ports) == len(usual.ports)
    assert sorted(facts.keys.values()) == sorted(usual.keys.values())
    gateways = [router.gateway for router in facts.routers.values()]
    candidates = {each.chassis for port in gateways if port for each in port.candidates}
    assert len(candidates) == 2
    assert candidates <= facts.chassis.keys()


def test_a_host_is_called_the_same_in_both_databases_and_on_the_host() -> None:
    anonymiser, shown = anonymised()
    cloud = ProfileCloud("ovn")
    answer = cloud.answer("compute-1", OVN_CHASSIS.text)
    assert answer is not None

    host = parse_ovn_host(anonymiser.output("ovn_chassis", answer.out.decode()))

    chassis = OvnFacts(parse_databases(shown)).chassis[host.system_id]
    assert (host.hostname, host.encap_ips()) == (chassis.hostname, [chassis.encaps[0].ip])


def test_rows_that_came_by_network_are_replaced_alike() -> None:
    anonymiser, shown = anonymised()

    rows = anonymiser.ovn.value(parse_databases(text()).sb)

    hosts = {row["hostname"] for row in rows["Chassis"]}
    assert hosts == {c.hostname for c in OvnFacts(parse_databases(shown)).chassis.values()}
