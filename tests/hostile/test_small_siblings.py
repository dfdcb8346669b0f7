"""Nested, endless and wrong values where JSON is read: an error of the source, or of one object."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.fetchers.cli import l2_agents
from calipso.errors import AccessError, AciAccessError, ErrorKind, ParseError
from calipso.hostparse.ovn import rows_of_query
from calipso.limits.calls import Bounds
from calipso.model.sections import AciSection
from calipso.sources.aci.apic import Apic
from calipso.utils.json_text import loads
from monitoring.checks.facts import Facts, NotRead, Said, parse_devices
from monitoring.handlers import icinga2_stream
from monitoring.handlers.icinga2_stream import short_lines
from monitoring.runner import alerts

DEEP = "[" * 100_000 + "]" * 100_000


def test_what_is_nested_too_deep_is_refused_as_no_json() -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        loads(DEEP)
    with pytest.raises(ValueError, match="nested too deep"):
        loads(f'{{"a": {"9" * 6000}, "b": {DEEP}}}')


def test_a_number_of_thousands_of_digits_stays_text() -> None:
    assert loads('{"a": ' + "9" * 6000 + ', "b": 7}') == {"a": "9" * 6000, "b": 7}


def test_configurations_of_an_agent_that_are_nested_too_deep_cost_that_agent_alone() -> None:
    found = l2_agents._configurations({"id": "a", "host": "h", "configurations": DEEP})

    assert isinstance(found, ParseError)


@pytest.mark.parametrize("result", [1, [1], "a", None, {"rows": 5}, {"rows": [5]}, {"error": "no"}])
def test_a_result_of_ovn_of_another_shape_is_an_error_of_ovn(result: Any) -> None:
    with pytest.raises(ParseError, match="Logical_Switch"):
        rows_of_query("OVN_Northbound", ["Logical_Switch"], [result])


def test_cells_that_are_nested_too_deep_are_an_error_of_ovn() -> None:
    cell: Any = 1
    for _ in range(5000):
        cell = ["set", [cell]]

    with pytest.raises(ParseError, match="Logical_Switch"):
        rows_of_query("OVN_Northbound", ["Logical_Switch"], [{"rows": [{"name": cell}]}])


def test_endless_numbers_of_a_device_are_no_answer_of_the_host() -> None:
    said = Said(0, '[{"ifname": "lo", "mtu": 1e400}]', "")

    with pytest.raises(NotRead):
        _ = Facts({"links": said}).devices


def pieces(*parts: bytes) -> Iterator[bytes]:
    yield from parts


def test_lines_of_icinga_come_whole_and_those_that_are_too_long_are_passed_over() -> None:
    long = [b"x" * 150_000] * 5

    found = list(short_lines(pieces(b'{"a"', b": 1}\n\n{}", b"\n", *long, b"\n{}\nrest")))

    assert found == [b'{"a": 1}', b"{}", b"{}"]


def test_a_line_of_icinga_that_does_not_end_ends_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(icinga2_stream, "SILENCE", 0.05)

    def slowly() -> Iterator[bytes]:
        for _ in range(1000):
            time.sleep(0.01)
            yield b"a"

    with pytest.raises(AccessError) as raised:
        list(short_lines(slowly()))
    assert raised.value.kind is ErrorKind.TIMEOUT


@pytest.mark.parametrize("body", [b"[]", b"5", b'{"results": {"a": 1}}', b'{"results": [1, null]}'])
def test_services_of_another_shape_are_none(body: bytes) -> None:
    assert list(icinga2_stream._services(body)) == []


@pytest.mark.parametrize("body", [b"{", DEEP.encode(), b"\xff"])
def test_services_that_are_no_json_are_an_error_of_icinga(body: bytes) -> None:
    with pytest.raises(AccessError):
        list(icinga2_stream._services(body))


def test_devices_are_read_as_before() -> None:
    found = parse_devices(json.dumps([{"ifname": "lo", "flags": ["UP"], "mtu": 65536}]))

    assert found["lo"].mtu == 65536


def test_a_list_of_an_apic_that_begins_again_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    apic = Apic(AciSection(host="127.0.0.1", user="a", pwd="b"), Bounds(), 1.0)
    page = {"totalCount": "999999999", "imdata": [{"a": {"attributes": {"dn": "one"}}}]}
    monkeypatch.setattr(apic, "_ask", lambda *_: page)

    with pytest.raises(AciAccessError, match="does not end"):
        list(apic.each("a"))
    apic.close()


def test_a_webhook_that_fails_is_asked_once_and_others_get_their_alerts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    waiting = ["slow", "slow", "good", "slow", "good"]

    class Store:
        def next_due(self, _: object, but: set[str]) -> dict[str, Any] | None:
            at = next((at for at, name in enumerate(waiting) if name not in but), None)
            return None if at is None else {"_id": at, "webhook": waiting.pop(at), "body": {}}

        def opened(self, name: str) -> dict[str, str]:
            return {"name": name}

        def sent(self, _: object) -> None:
            pass

        def failed(self, *_: object) -> bool:
            return True

    def post(webhook: dict[str, str], *_: object) -> str:
        asked.append(webhook["name"])
        return "late" if webhook["name"] == "slow" else ""

    monkeypatch.setattr(alerts, "post", post)

    found = alerts.deliver(Store())  # type: ignore[arg-type]

    assert asked == ["slow", "good", "good"]
    assert found == {"sent": 2, "failed": 1, "given_up": 0}
