"""`calipso env test` against a sample cloud over real HTTP, MySQL and SSH, well and unwell."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from calipso.model.environment import parse_environment
from calipso.probe import environment_test
from calipso.probe.steps import Step
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud

from .conftest import SECRET, Run

Document = dict[str, Any]


@pytest.fixture(scope="module")
def served() -> Iterator[RunningCloud]:
    with running_cloud(hosts=5, instances=6, networks=3, mechanism="mixed", ssh_user="ops") as it:
        yield it


@pytest.fixture
def cloud(served: RunningCloud, home: Path, monkeypatch: pytest.MonkeyPatch) -> RunningCloud:
    """The sample cloud without faults, and timeouts a test can wait for."""
    served.clear()
    for name in ("SSH_CONNECT_TIMEOUT", "COMMAND_TIMEOUT", "HOST_TIMEOUT", "API_TIMEOUT"):
        monkeypatch.setenv(f"CALIPSO_{name}", "3")
    settings.cache_clear()
    return served


def tried(document: Document) -> dict[str, Step]:
    steps = list(environment_test.test_environment(parse_environment(document)))
    names = [step.name for step in steps]
    assert len(names) == len(set(names))
    for step in steps:
        assert step.ok or step.hint, step
        assert SECRET not in repr(step)
        assert "sample-secret" not in repr(step)
    return {step.name: step for step in steps}


def changed(cloud: RunningCloud, section: str, **fields: Any) -> Document:
    document = deepcopy(cloud.environment)
    next(s for s in document["configuration"] if s["name"] == section).update(fields)
    return document


def bad(steps: dict[str, Step]) -> set[str]:
    return {name for name, step in steps.items() if not step.ok}


def hosts_of(steps: dict[str, Step]) -> set[str]:
    return {name.partition(":")[0] for name in steps if name.endswith(": SSH")}


@contextmanager
def listener(certificate: Path | None = None) -> Iterator[int]:
    """A port that speaks TLS with a certificate nobody knows, or is just never answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            threading.Thread(target=_shake, args=(server, context), daemon=True).start()
        yield server.getsockname()[1]


def _shake(server: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            with context.wrap_socket(server.accept()[0], server_side=True):
                pass
        except ssl.SSLError:
            continue
        except OSError:
            return


def self_signed(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    private = key.private_bytes(*form, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_cloud_that_is_well_passes_every_step(cloud: RunningCloud) -> None:
    steps = tried(cloud.environment)

    assert bad(steps) == set()
    assert {"API login", "API catalogue", "API identity", "API compute", "API network"} <= set(
        steps
    )
    assert {"DB login", "DB nova", "DB nova_api", "DB neutron", "DB keystone"} <= set(steps)
    assert len(hosts_of(steps)) == 5
    for host in hosts_of(steps):
        assert {f"{host}: SSH", f"{host}: sudo", f"{host}: tools"} <= set(steps)
    tools = " ".join(step.message for name, step in steps.items() if name.endswith(": tools"))
    assert {"virsh", "ovs-vsctl", "bridge"} <= set(tools.replace(",", "").split())


def test_steps_arrive_while_others_are_still_tried(cloud: RunningCloud) -> None:
    steps = environment_test.test_environment(parse_environment(cloud.environment))

    assert next(steps).name == "API login"
    steps.close()


def test_a_wrong_api_password_stops_the_api_only(cloud: RunningCloud) -> None:
    cloud.control(reset_counts=True)
    steps = tried(changed(cloud, "OpenStack", pwd=SECRET))

    assert bad(steps) == {"API login", "hosts"}
    assert "Check user, pwd" in steps["API login"].hint
    assert steps["DB neutron"].ok
    assert steps[next(name for name in steps if name.startswith("SSH gateway"))].ok


def test_a_wrong_database_password_is_one_step(cloud: RunningCloud) -> None:
    steps = tried(changed(cloud, "mysql", pwd=SECRET))

    assert bad(steps) == {"DB login"}
    assert "Access denied" in steps["DB login"].message
    assert "Check user and pwd of the mysql section" in steps["DB login"].hint


def test_a_wrong_ssh_password_is_reported_at_the_gateway(cloud: RunningCloud) -> None:
    steps = tried(changed(cloud, "CLI", pwd=SECRET))

    gateway = next(step for name, step in steps.items() if name.startswith("SSH gateway"))
    assert bad(steps) == {gateway.name}
    assert "login refused for user ops" in gateway.message
    assert hosts_of(steps) == set()


def test_an_unknown_host_key_is_reported_with_the_file_for_it(cloud: RunningCloud) -> None:
    steps = tried(changed(cloud, "CLI", accept_new_hosts=False))

    gateway = next(step for name, step in steps.items() if name.startswith("SSH gateway"))
    assert bad(steps) == {gateway.name}
    assert "host key" in gateway.message
    assert "known_hosts" in gateway.hint


def test_nobody_listening_is_unreachable_everywhere(cloud: RunningCloud) -> None:
    port = free_port()
    document = deepcopy(cloud.environment)
    for section in document["configuration"]:
        section["port"] = port

    steps = tried(document)

    assert bad(steps) == {"API login", "DB login", "hosts", "SSH gateway 127.0.0.1"}
    for name in ("API login", "DB login", "SSH gateway 127.0.0.1"):
        assert str(port) in steps[name].message


def test_tls_with_an_unknown_certificate_names_the_ca_file(
    cloud: RunningCloud, tmp_path: Path
) -> None:
    with listener(self_signed(tmp_path / "cert.pem")) as port:
        steps = tried(changed(cloud, "OpenStack", port=port, use_tls=True))

    assert "SSL" in steps["API login"].message
    assert "ca_file" in steps["API login"].hint


def test_tls_against_a_server_without_it_is_reported(cloud: RunningCloud) -> None:
    steps = tried(changed(cloud, "mysql", use_tls=True))

    assert bad(steps) == {"DB login"}
    assert "use_tls" in steps["DB login"].hint


def test_a_port_that_accepts_and_says_nothing_ends_in_time(cloud: RunningCloud) -> None:
    with listener() as port:
        steps = tried(changed(cloud, "CLI", port=port))

    assert bad(steps) == {"SSH gateway 127.0.0.1"}
    assert steps["SSH gateway 127.0.0.1"].seconds < 15


def test_agents_without_their_mechanism_driver_are_reported(cloud: RunningCloud) -> None:
    steps = tried(cloud.environment | {"mechanism_drivers": ["OVS"]})

    assert bad(steps) == {"mechanism drivers"}
    assert "mechanism_drivers=OVS,LXB" in steps["mechanism drivers"].hint


def test_a_wrong_region_and_interface_name_what_there_is(cloud: RunningCloud) -> None:
    steps = tried(changed(cloud, "OpenStack", region="Nowhere"))

    assert "API catalogue" in bad(steps)
    assert "no public endpoint of compute in Nowhere" in steps["API catalogue"].message
    assert cloud.section("OpenStack")["region"] in steps["API catalogue"].hint


def test_a_service_that_fails_does_not_stop_the_others(cloud: RunningCloud) -> None:
    cloud.fault("http-500:/network")

    steps = tried(cloud.environment)

    assert bad(steps) == {"API network"}
    assert hosts_of(steps)  # those Nova names


def test_a_dead_host_does_not_stop_the_others(cloud: RunningCloud) -> None:
    host = sorted(hosts_of(tried(cloud.environment)))[-1]
    cloud.fault(f"dead-host:{host}")

    steps = tried(cloud.environment)

    assert bad(steps) == {f"{host}: SSH"}
    assert len(hosts_of(steps)) == 5


def test_sudo_that_asks_for_a_password_is_reported_with_its_remedy(cloud: RunningCloud) -> None:
    host = sorted(hosts_of(tried(cloud.environment)))[-1]
    cloud.fault(f"sudo-password:{host}")

    steps = tried(cloud.environment)

    assert bad(steps) == {f"{host}: sudo"}
    assert "Let ops run `sudo -n sh` there without a password" in steps[f"{host}: sudo"].hint


def test_a_missing_tool_is_reported_only_for_hosts_that_need_it(cloud: RunningCloud) -> None:
    cloud.fault("missing-tool:ovs-vsctl")
    cloud.fault("missing-tool:lldpctl")

    steps = tried(cloud.environment)

    failed = bad(steps)
    assert failed
    assert all(name.endswith(": tools") for name in failed)
    assert all("ovs-vsctl exited with 127" in steps[name].message for name in failed)
    well = [s for name, s in steps.items() if name.endswith(": tools") and s.ok]
    assert well
    assert all("no lldpctl: switch ports stay unknown" in step.message for step in well)


def test_a_schema_that_cannot_be_read_is_named(cloud: RunningCloud) -> None:
    steps = tried(changed(cloud, "mysql", schema="other_nova"))

    assert bad(steps) == {"DB login"}
    assert "there is no Nova schema other_nova" in steps["DB login"].message


def test_the_command_streams_steps_and_its_exit_code_says_whether_one_failed(
    run: Run, cloud: RunningCloud
) -> None:
    EnvironmentStore().add(cloud.environment)
    name = cloud.environment["name"]

    well = run("test", name)
    assert (well.code, well.out.count("FAIL")) == (0, 0)
    assert "API login: admin in project admin" in well.out

    cloud.fault("http-500:/compute")
    unwell = run("test", name)
    assert unwell.code == 1
    assert "FAIL" in unwell.out
    assert "Look for the request id" in unwell.out


def test_the_command_gives_json(run: Run, cloud: RunningCloud) -> None:
    EnvironmentStore().add(cloud.environment)

    ended = run("test", cloud.environment["name"], "-f", "json")

    rows = json.loads(ended.out)
    assert ended.code == 0
    assert rows[0].keys() == {"step", "ok", "seconds", "message", "hint"}
    assert all(row["ok"] for row in rows)


def test_adding_tests_at_once_and_keeps_what_was_added(
    run: Run, cloud: RunningCloud, tmp_path: Path
) -> None:
    path = tmp_path / "env.json"
    path.write_text(json.dumps(cloud.environment))
    assert run("add", "--file", str(path)).code == 0

    path.write_text(json.dumps(changed(cloud, "mysql", pwd=SECRET)))
    ended = run("add", "--file", str(path), "--replace")

    assert ended.code == 3
    assert "calipso env test" in ended.err
    assert SECRET not in ended.out + ended.err
    assert EnvironmentStore().names() == [cloud.environment["name"]]


@pytest.mark.parametrize("password", ["sample-secret", SECRET], ids=["right", "wrong"])
def test_not_even_the_most_talkative_log_reveals_a_password(
    inv: InventoryMgr, cloud: RunningCloud, password: str
) -> None:
    document = deepcopy(cloud.environment)
    for section in document["configuration"]:
        section["pwd"] = password
    EnvironmentStore().add(document)

    command = [sys.executable, "-m", "calipso", "-vv", "--debug", "env", "test", document["name"]]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    said = ended.stdout + ended.stderr
    assert ended.returncode == (0 if password == "sample-secret" else 1)
    assert "DEBUG" in said
    assert password not in said
    assert json.dumps(password)[1:-1] not in said


def test_a_cloud_of_another_type_is_not_tried(run: Run) -> None:
    EnvironmentStore().add({"name": "vm", "environment_type": "VMware"})

    ended = run("test", "vm")

    assert ended.code == 1
    assert "VMware cannot be tested" in ended.err
