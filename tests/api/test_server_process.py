"""`calipso.api.server` as a real process: limits, logs, TLS, CORS, its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pymongo import MongoClient

from calipso.cli.stack.programs import free_port
from tests.conftest import Stores

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "https://portal.example.org"
START_SECONDS = 60.0


@dataclass
class Served:
    """A server process, its address, its log."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=30, **options)

    def lines(self, **wanted: Any) -> list[dict[str, Any]]:
        """Lines of the log that have these fields."""
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]
        return [line for line in found if wanted.items() <= line.items()]

    def line(self, **wanted: Any) -> dict[str, Any]:
        """The one such line; it may be a moment late."""
        deadline = time.monotonic() + 10
        while not (found := self.lines(**wanted)) and time.monotonic() < deadline:
            time.sleep(0.02)
        (only,) = found
        return only

    def stop(self, seconds: float = 20) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


Serve = Callable[..., Served]


def serving(stores: Stores, folder: Path) -> Iterator[Serve]:
    """Starts servers on a database of their own; ends them."""
    database = f"t{uuid.uuid4().hex[:12]}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CALIPSO_")}
    started: list[subprocess.Popen[bytes]] = []

    def serve(*flags: str, up: bool = True, verify: Any = True, **settings: str) -> Served:
        port = free_port()
        log = folder / f"api-{port}.log"
        own = {
            "CALIPSO_HOME": str(folder / "home"),
            "CALIPSO_MONGO_URL": stores.mongo_url,
            "CALIPSO_REDIS_URL": stores.redis_url,
            "CALIPSO_MONGO_DATABASE": database,
            "CALIPSO_LOG_JSON": "true",
            "CALIPSO_API_WORKERS": "1",
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.api.served", "-b", f"127.0.0.1:{port}", *flags],
                cwd=ROOT,
                env=kept | own | {f"CALIPSO_{key}": value for key, value in settings.items()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        scheme = "https" if "--certificate" in flags else "http"
        served = Served(process, f"{scheme}://127.0.0.1:{port}", log)
        if up:
            _wait(served, verify)
        return served

    yield serve
    for process in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
    with MongoClient(stores.mongo_url) as client:
        client.drop_database(database)


def _wait(served: Served, verify: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert served.process.poll() is None, served.log.read_text()
        try:
            requests.get(served.url + "/slow/0", timeout=5, verify=verify)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(served.log.read_text())


@pytest.fixture(scope="module")
def serve_all(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    yield from serving(stores, tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def server(serve_all: Serve) -> Served:
    """One server for the tests that only ask."""
    return serve_all("--cors-origin", ORIGIN, "--cors-origin", "http://localhost:3000")


@pytest.fixture
def serve(stores: Stores, tmp_path: Path) -> Iterator[Serve]:
    """Servers of one test."""
    yield from serving(stores, tmp_path)


def raw(server: Served, request: bytes) -> bytes:
    """What a server answers to these bytes."""
    host, port = server.url.rpartition("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


# -- answers -------------------------------------------------------------------------------


def test_no_answer_reveals_software_and_version(server: Served) -> None:
    answers = [server.get("/api/v1/links"), server.get("/nowhere")]

    assert {answer.headers["Server"] for answer in answers} == {"calipso"}
    text = str([answer.headers for answer in answers]) + answers[1].text
    assert not any(word in text.lower() for word in ("gunicorn", "werkzeug", "python"))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 60 + b"\r\n", 431),
        (b"\x16\x03\x01 hello\r\n\r\n", 400),
    ],
)
def test_what_is_no_acceptable_request_gets_the_shape_of_all_errors(
    server: Served, request_: bytes, status: int
) -> None:
    head, _, body = raw(server, request_).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["error"]["message"]
    assert set(json.loads(body)["error"]) == {"code", "message", "hint", "details", "request_id"}


# -- the line of a request -----------------------------------------------------------------


def test_each_request_is_one_line_with_its_details(server: Served) -> None:
    asked = f"r{uuid.uuid4().hex[:8]}"
    query = {"env_name": "prod", "token": "very-secret"}

    server.get("/api/v1/links", params=query, headers={"X-Request-ID": asked})

    line = server.line(logger="calipso.api.access", request_id=asked)
    assert line["method"], line["path"] == ("GET", "/api/v1/links")
    assert line["query"] == "env_name=prod&token=********"
    assert line["status"] == 401
    assert line["address"] == "127.0.0.1"
    assert 0 < line["ms"] < 10_000
    assert line["bytes"] > 10
    assert line["level"] == "info"


def test_the_line_names_who_asked(server: Served, serve_all: Serve) -> None:
    password = (server.log.parent / "home" / "admin.password").read_text().strip()
    body = {
        "auth": {
            "methods": ["credentials"],
            "credentials": {"username": "admin", "password": password},
        }
    }
    answer = requests.post(server.url + "/api/v1/auth/tokens", json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    asked = f"r{uuid.uuid4().hex[:8]}"

    server.get("/api/v1/links", headers={"X-Auth-Token": token, "X-Request-ID": asked})

    assert server.line(request_id=asked)["user"] == "admin"
    assert password not in server.log.read_text()
    assert token not in server.log.read_text()


def test_a_forged_path_makes_no_line_of_its_own(serve: Serve) -> None:
    server = serve(LOG_JSON="false")

    server.get("/a%0a2026-01-01T00:00:00.000Z%20INFO%20forged")

    text = server.log.read_text()
    assert "forged" in text
    assert not any(line.startswith("2026-01-01T") for line in text.splitlines())


# -- the first admin -----------------------------------------------------------------------


def test_the_password_of_the_first_admin_is_in_a_file_for_its_owner_only(server: Served) -> None:
    path = server.log.parent / "home" / "admin.password"

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().strip() not in server.log.read_text()
    assert str(path) in server.log.read_text()


# -- CORS ----------------------------------------------------------------------------------


def preflight(server: Served, origin: str) -> requests.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    return requests.options(server.url + "/api/v1/links", headers=asked, timeout=30)


def test_pages_of_named_origins_may_call(server: Served) -> None:
    before = preflight(server, ORIGIN)
    answer = server.get("/api/v1/links", headers={"Origin": ORIGIN})

    assert before.status_code == 204
    assert "X-Auth-Token" in before.headers["Access-Control-Allow-Headers"]
    assert "Last-Event-ID" in before.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example"])
def test_pages_of_others_may_not(server: Served, origin: str) -> None:
    for answer in (preflight(server, origin), server.get("/nowhere", headers={"Origin": origin})):
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_without_named_origins_there_is_no_cors_and_no_address_of_a_proxy(serve: Serve) -> None:
    server = serve()
    headers = {"Origin": ORIGIN, "X-Forwarded-For": "203.0.113.9", "X-Request-ID": "plain"}

    answer = server.get("/api/v1/links", headers=headers)

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert server.line(request_id="plain")["address"] == "127.0.0.1"


def test_behind_a_proxy_the_line_has_the_address_of_the_client(serve: Serve) -> None:
    server = serve(API_PROXIES="1")
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Request-ID": "proxied"}

    server.get("/api/v1/links", headers=headers)

    assert server.line(request_id="proxied")["address"] == "203.0.113.9"


# -- TLS -----------------------------------------------------------------------------------


def certificate(folder: Path, *, password: bytes | None = None) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calipso test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "api.pem", folder / "api.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    hidden = serialization.BestAvailableEncryption(password) if password else None
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            hidden or serialization.NoEncryption(),
        )
    )
    return pem, private


def test_with_a_certificate_it_speaks_https_and_nothing_else(serve: Serve, tmp_path: Path) -> None:
    pem, key = certificate(tmp_path)
    server = serve("--certificate", str(pem), "--key", str(key), verify=str(pem))

    assert server.get("/nowhere", verify=str(pem)).status_code == 404
    with pytest.raises(requests.exceptions.SSLError):
        server.get("/nowhere")  # not signed by anybody this machine trusts
    with pytest.raises(requests.RequestException):
        requests.get(server.url.replace("https", "http"), timeout=10).raise_for_status()
    old = ["openssl", "s_client", "-tls1_1", "-connect", server.url.rpartition("/")[2]]
    refused = subprocess.run(old, input=b"", capture_output=True, timeout=20, check=False)
    assert refused.returncode != 0


# -- what stops a start --------------------------------------------------------------------


def ended(served: Served) -> str:
    """The log of a server that must not start."""
    assert served.process.wait(60) == 1
    return served.log.read_text()


def test_an_encrypted_key_is_refused_without_asking(serve: Serve, tmp_path: Path) -> None:
    pem, key = certificate(tmp_path, password=b"secret")

    text = ended(serve("--certificate", str(pem), "--key", str(key), up=False))

    assert "the key is encrypted" in text


def test_a_key_of_another_certificate_is_refused(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    pem, _ = certificate(tmp_path)
    _, key = certificate(tmp_path / "other")

    text = ended(serve("--certificate", str(pem), "--key", str(key), up=False))

    assert f"certificate {pem}" in text


def test_a_taken_port_is_reported_with_the_remedy(serve: Serve) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        text = ended(serve("-b", f"127.0.0.1:{holder.getsockname()[1]}", up=False))

    assert "cannot listen on 127.0.0.1" in text
    assert "hint: " in text


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["-b", "somewhere"], "not an address to listen on"),
        (["-y", "links"], "belongs to the collection"),
        (["--cors-origin", "portal.example.org/path"], "not an origin"),
        (["--ldap_config", "/nonexistent/ldap.conf"], "no such file"),
        (["-m", "/nonexistent/mongo.conf"], "no such file"),
        (["-t", "5"], "token_lifetime"),
        (["--key", "/some/key.pem"], "a key without a certificate"),
    ],
)
def test_a_wrong_flag_is_reported(
    flags: list[str],
    words: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from calipso.api import server

    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(server, "Server", None)  # it must not come to that

    assert server.main(["-b", f"127.0.0.1:{free_port()}", *flags]) == 1

    assert words in capsys.readouterr().err


def test_the_flags_of_the_original_become_settings(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from calipso.api.server import parser, use_flags
    from calipso.settings import settings

    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.delitem(os.environ, "CALIPSO_MONGO_URL")
    conf = tmp_path / "mongo.conf"
    conf.write_text("server db1\nuser me\npwd secret\n")
    words = f"-m {conf} --ldap_config {conf} -l DEBUG -b 127.0.0.1:8001 -y RDO -t 600"

    use_flags(parser().parse_args(words.split()))

    found = settings()
    assert found.mongo_url == "mongodb://me:secret@db1:27017/?authSource=calipso"
    assert found.ldap_config == conf
    assert (found.log_level, found.api_bind) == ("DEBUG", "127.0.0.1:8001")
    assert (found.inventory, found.token_lifetime) == ("RDO", 600)


@pytest.mark.parametrize(("version", "words"), [(99, "newer calipso"), (0, "calipso db upgrade")])
def test_a_database_of_another_schema_is_refused(
    version: int,
    words: str,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from calipso.api import server
    from calipso.stores.migrations.migrator import COLLECTION, KEY
    from calipso.stores.mongo.mongo_access import MongoAccess

    monkeypatch.setattr(server, "Server", None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    db = MongoAccess().db
    db["environments_config"].insert_one({"name": "prod"})
    db[COLLECTION].insert_one({"_id": KEY, "version": version, "lock": None})

    assert server.main(["-b", f"127.0.0.1:{free_port()}"]) == 1

    assert words in capsys.readouterr().err


# -- its end -------------------------------------------------------------------------------


def test_a_request_under_way_is_answered_when_it_is_told_to_stop(serve: Serve) -> None:
    server = serve()
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(server.get("/slow/1500")))
    asking.start()
    time.sleep(0.5)

    code = server.stop()
    asking.join(10)

    assert code == 0
    assert [answer.text for answer in answers] == ["done"]
    with pytest.raises(requests.ConnectionError):
        server.get("/nowhere")


@pytest.mark.long
def test_a_request_that_takes_longer_than_the_grace_is_cut_off(serve: Serve) -> None:
    server = serve(API_GRACE="1")

    def ask() -> None:
        with pytest.raises(requests.ConnectionError):
            server.get("/slow/20000")

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.5)
    began = time.monotonic()

    server.stop()
    asking.join(10)

    assert time.monotonic() - began < 10
    assert not asking.is_alive()


@pytest.mark.long
def test_an_event_stream_does_not_hold_the_end_up(serve: Serve) -> None:
    server = serve()
    stream = server.get("/endless", stream=True)
    assert next(stream.iter_lines()).startswith(b"retry")
    began = time.monotonic()

    code = server.stop()

    assert code == 0
    assert time.monotonic() - began < 8
    stream.close()
