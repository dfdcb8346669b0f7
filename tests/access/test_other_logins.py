"""Logins where no scan reads: a real RabbitMQ, and small HTTP servers for APIC and Sensu."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.stack.programs import LOOPBACK, free_port
from calipso.probe.other_logins import TOTAL_FACTOR, other_steps
from calipso.probe.steps import Step
from calipso.settings import settings
from tests.faults.rabbit import Rabbit, installed
from tests.faults.stack import Child
from tests.sample_cloud.serve.certificates import self_signed

from .small_servers import Web, talker

SECRET = "s3cret-Pässword"


def needs_rabbitmq(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that starts a server."""
    reason = "the package rabbitmq-server is not installed (.ci/system-packages)"
    marked: Callable[..., None] = pytest.mark.skipif(not installed(), reason=reason)(test)
    return pytest.mark.slow(marked)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CALIPSO_SSH_CONNECT_TIMEOUT", "2")
    settings.cache_clear()
    yield
    settings.cache_clear()


def tried(target: str, **section: Any) -> list[Step]:
    """The steps; none shows a secret, and each failed one says what to do."""
    steps = [*other_steps(target, section)]
    for step in steps:
        assert step.ok or step.hint, step
        assert SECRET not in repr(step)
    return steps


# -- RabbitMQ --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def rabbit(
    tmp_path_factory: pytest.TempPathFactory, certificate: Path, tls_port: int
) -> Iterator[Rabbit]:
    folder = tmp_path_factory.mktemp("other")
    with Rabbit(folder / "rabbit") as server:
        tls = [f"listeners.ssl.default = {LOOPBACK}:{tls_port}"]
        tls += [f"ssl_options.{file} = {certificate}" for file in ("certfile", "keyfile")]
        with (folder / "rabbit" / "rabbitmq.conf").open("a") as config:
            config.write("\n".join(tls) + "\n")
        child = Child("rabbitmq", server.command, folder / "rabbitmq.log", server.env)
        try:
            server.wait()
            yield server
        finally:
            child.end()


def amqp(port: int, **fields: Any) -> Step:
    section = {"host": LOOPBACK, "port": port, "user": "guest", "pwd": "guest"}
    (step,) = tried("AMQP", **section | fields)
    return step


@needs_rabbitmq
def test_an_account_of_rabbitmq_logs_in(rabbit: Rabbit) -> None:
    step = amqp(rabbit.port)

    assert step.ok, step
    assert "guest logged in" in step.message
    assert "RabbitMQ 3." in step.message or "RabbitMQ 4." in step.message


@needs_rabbitmq
def test_a_wrong_password_of_rabbitmq_is_reported(rabbit: Rabbit) -> None:
    step = amqp(rabbit.port, pwd=SECRET)

    assert not step.ok
    assert "login refused for guest" in step.message


@needs_rabbitmq
def test_a_missing_virtual_host_is_reported(rabbit: Rabbit) -> None:
    step = amqp(rabbit.port, vhost="nova")

    assert not step.ok
    assert "virtual host nova is not open to guest" in step.message


@needs_rabbitmq
def test_rabbitmq_is_asked_over_tls(rabbit: Rabbit, certificate: Path, tls_port: int) -> None:
    unknown = amqp(tls_port, use_tls=True)

    assert amqp(tls_port, ca_file=str(certificate)).ok
    assert not unknown.ok
    assert "certificate verify failed" in unknown.message
    assert "ca_file" in unknown.hint


def test_an_invalid_ca_file_gives_the_same_error_whatever_it_contains(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("not a certificate")

    for path in (other, tmp_path / "missing", tmp_path):
        assert amqp(1, ca_file=str(path)).message == f"ca_file {path} cannot be used"


def test_a_closed_port_is_reported() -> None:
    step = amqp(free_port())

    assert not step.ok
    assert step.message.endswith("Connection refused")


@pytest.mark.parametrize(
    "greeting",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x0a\xce",
        b"\x01\x00\x00\x00\x00\x00\x02xy\x00",
        b"AMQP\x01\x01\x00\x0a" + b"\xff" * 50,
    ],
    ids=["http", "no arguments", "no end", "another version"],
)
def test_a_server_that_is_no_rabbitmq_is_reported_and_its_answer_is_not_shown(
    greeting: bytes,
) -> None:
    with talker(greeting) as port:
        step = amqp(port)

    assert not step.ok
    assert "400" not in step.message.replace(f":{port}", "")


def test_who_sends_a_byte_now_and_then_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALIPSO_SSH_CONNECT_TIMEOUT", "0.3")
    settings.cache_clear()
    began = time.monotonic()

    with talker(b"\x01" * 1000, pause=0.05) as port:
        sections = {
            "AMQP": {"host": LOOPBACK, "port": port, "user": "u", "pwd": SECRET},
            "Monitoring": {"server_ip": LOOPBACK, "api_port": port, "rabbitmq_port": port},
        }
        steps = [tried(target, **section)[0] for target, section in sections.items()]

    assert [step.ok for step in steps] == [False, False]
    assert time.monotonic() - began < 2 * (TOTAL_FACTOR * 0.3 + 2)


# -- APIC and Sensu --------------------------------------------------------------------


@pytest.fixture
def apic(certificate: Path) -> Iterator[Web]:
    with Web(certificate) as web:
        web.said = {"imdata": [{"aaaLogin": {"attributes": {"token": "t"}}}]}
        yield web


def aci(apic: Web, **fields: Any) -> Step:
    (step,) = tried("ACI", host=LOOPBACK, port=apic.port, user="u", pwd=SECRET, **fields)
    return step


def test_an_account_of_aci_logs_in(apic: Web, certificate: Path) -> None:
    step = aci(apic, ca_file=str(certificate))

    assert step.ok, step
    asked = {"aaaUser": {"attributes": {"name": "u", "pwd": SECRET}}}
    assert apic.asked == [("POST /api/aaaLogin.json", asked)]


def test_a_certificate_of_an_apic_is_checked_unless_insecure(apic: Web) -> None:
    refused = aci(apic)

    assert not refused.ok
    assert "certificate verify failed" in refused.message
    assert apic.asked == []
    assert aci(apic, insecure=True).ok


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (401, {"imdata": [{"error": {}}]}, "login refused for u"),
        (403, {}, "login refused for u"),
        (200, {"something": "else"}, "status 200, not the answer of an APIC"),
        (302, {}, "status 302, not the answer of an APIC"),
    ],
)
def test_a_refusal_of_an_apic_is_reported(apic: Web, status: int, said: Any, told: str) -> None:
    apic.status, apic.said = status, said

    step = aci(apic, insecure=True)

    assert not step.ok
    assert told in step.message
    assert "something" not in step.message
    assert len(apic.asked) == 1


def monitoring(port: int, rabbitmq_port: int) -> list[bool]:
    section = {"server_ip": LOOPBACK, "api_port": port, "rabbitmq_port": str(rabbitmq_port)}
    return [step.ok for step in tried("Monitoring", **section)]


def test_sensu_is_asked_for_what_it_is_and_its_rabbitmq_is_reached() -> None:
    with Web() as sensu:
        sensu.said = {"sensu": {"version": "1.9"}, "redis": {"connected": True}}
        closed = free_port()

        assert monitoring(sensu.port, sensu.port) == [True, True]
        assert monitoring(sensu.port, closed) == [True, False]
        assert monitoring(closed, sensu.port) == [False, True]
        sensu.said = {"another": "service"}
        assert monitoring(sensu.port, sensu.port) == [False, True]
        assert {path for path, _ in sensu.asked} == {"GET /info"}
