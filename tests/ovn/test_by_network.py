"""Both databases by TCP and SSL, from a small server that speaks OVSDB."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.fetchers.ovn.facts import OvnFacts
from calipso.errors import OvnAccessError
from calipso.hostparse.ovn import Databases, parse_databases
from calipso.model.ovn_section import OvnSection
from calipso.sources.ovn.by_network import read_by_network
from tests.ovn.answers import text

Reply = Callable[[socket.socket, dict[str, Any]], None]


class Server:
    """One OVSDB server; `gone` are columns that its schema lacks."""

    def __init__(self, database: str, tables: dict[str, list[dict[str, Any]]]) -> None:
        self.database, self.tables = database, tables
        self.connected: bool | None = True
        self.asked: list[dict[str, Any]] = []

    def reply(self, sock: socket.socket, message: dict[str, Any]) -> None:
        """Answer one request; first comes an echo, as servers send it on idle connections."""
        self.asked.append(message)
        echo = {"method": "echo", "params": ["are you there?"], "id": "echo"}
        result, error = self._result(message), None
        if result is None:
            result, error = None, {"error": "unknown database", "details": "no such database"}
        answer = {"result": result, "error": error, "id": message["id"]}
        sock.sendall((json.dumps(echo) + json.dumps(answer)).encode())

    def _result(self, message: dict[str, Any]) -> Any:
        database = message["params"][0]
        if message["method"] == "get_schema":
            if database != self.database:
                return None
            columns = {
                name: {"columns": dict.fromkeys({c for row in rows for c in row} - {"_uuid"})}
                for name, rows in self.tables.items()
            }
            return {"name": database, "version": "9.9.9", "tables": columns}
        if database == "_Server":
            return self._server()
        return [
            {"rows": [{c: row[c] for c in asked["columns"] if c in row} for row in rows]}
            for asked in message["params"][1:]
            if (rows := self.tables[asked["table"]]) is not None
        ]

    def _server(self) -> Any:
        if self.connected is None:
            return None
        row = {"name": self.database, "model": "clustered", "leader": False}
        return [{"rows": [row | {"connected": self.connected}]}]


@contextmanager
def serving(reply: Reply, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port where each message is answered by `reply`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, reply, context), daemon=True).start()
        yield listening.getsockname()[1]


def _accept(listening: socket.socket, reply: Reply, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            made, _ = listening.accept()
            sock = context.wrap_socket(made, server_side=True) if context else made
        except (OSError, ssl.SSLError):
            if listening.fileno() < 0:
                return
            continue
        threading.Thread(target=_talk, args=(sock, reply), daemon=True).start()


def _talk(sock: socket.socket, reply: Reply) -> None:
    decoder, got = json.JSONDecoder(), ""
    try:
        while data := sock.recv(1 << 16):
            got += data.decode()
            while got:
                try:
                    message, end = decoder.raw_decode(got)
                except ValueError:
                    break
                got = got[end:]
                if message.get("id") != "echo":
                    reply(sock, message)
    except OSError:
        return


def notation(value: Any) -> Any:
    """A value of Python in the notation of OVSDB."""
    if isinstance(value, dict):
        return ["map", [[key, notation(item)] for key, item in value.items()]]
    if isinstance(value, list):
        return ["set", [notation(item) for item in value]]
    return value


@pytest.fixture
def servers() -> tuple[Server, Server]:
    """The two servers of the sample cloud."""
    found = parse_databases(text())
    made = []
    for database, tables in (("OVN_Northbound", found.nb), ("OVN_Southbound", found.sb)):
        rows = {
            name: [{key: notation(cell) for key, cell in row.items()} for row in table]
            for name, table in tables.items()
        }
        made.append(Server(database, rows))
    return made[0], made[1]


def read(nb: str, sb: str, **section: Any) -> Databases:
    given = OvnSection(nb_connection=nb, sb_connection=sb, **{"timeout": 2} | section)
    return read_by_network(given, lambda _: None)


def test_both_databases_are_as_by_ssh(servers: tuple[Server, Server]) -> None:
    with serving(servers[0].reply) as nb, serving(servers[1].reply) as sb:
        found = read(f"tcp:127.0.0.1:{nb}", f"tcp:127.0.0.1:{sb}")

    facts, usual = OvnFacts(found), OvnFacts(parse_databases(text()))
    assert facts.chassis == usual.chassis
    assert facts.routers == usual.routers
    assert facts.bindings == usual.bindings
    assert (found.nb_server.role, found.nb_server.version) == ("follower", "9.9.9")


def test_only_columns_of_the_schema_are_asked_for(servers: tuple[Server, Server]) -> None:
    for row in servers[1].tables["Port_Binding"]:
        del row["additional_chassis"]
    with serving(servers[0].reply) as nb, serving(servers[1].reply) as sb:
        read(f"tcp:127.0.0.1:{nb}", f"tcp:127.0.0.1:{sb}")

    sent = [m for m in servers[1].asked if m["method"] == "transact"]
    asked = [part for message in sent for part in message["params"][1:]]
    of_ports = next(part for part in asked if part["table"] == "Port_Binding")
    assert "additional_chassis" not in of_ports["columns"]
    assert "chassis" in of_ports["columns"]
    assert "Logical_Flow" not in {part["table"] for part in asked}


def test_a_member_without_its_cluster_is_left_for_the_next(
    servers: tuple[Server, Server],
) -> None:
    lost = Server("OVN_Northbound", servers[0].tables)
    lost.connected = False
    with (
        serving(lost.reply) as first,
        serving(servers[0].reply) as second,
        serving(servers[1].reply) as sb,
    ):
        found = read(f"tcp:127.0.0.1:{first},tcp:127.0.0.1:{second}", f"tcp:127.0.0.1:{sb}")
        with pytest.raises(OvnAccessError, match="no contact to its cluster"):
            read(f"tcp:127.0.0.1:{first}", f"tcp:127.0.0.1:{sb}")

    assert found.nb_server.remote.endswith(str(second))


def test_an_old_server_that_says_nothing_of_itself_is_read(servers: tuple[Server, Server]) -> None:
    servers[0].connected = None
    with serving(servers[0].reply) as nb, serving(servers[1].reply) as sb:
        found = read(f"tcp:127.0.0.1:{nb}", f"tcp:127.0.0.1:{sb}")

    assert found.nb_server.role == "unknown"


def silent(_sock: socket.socket, _message: dict[str, Any]) -> None:
    """Accepts and says nothing."""


def web(sock: socket.socket, _message: dict[str, Any]) -> None:
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def half(sock: socket.socket, _message: dict[str, Any]) -> None:
    sock.sendall(b'{"id": 1, "result": {"tables": {')
    sock.shutdown(socket.SHUT_RDWR)


def forbidden(sock: socket.socket, message: dict[str, Any]) -> None:
    error = {"error": "permission error", "details": "RBAC rules"}
    sock.sendall(json.dumps({"id": message["id"], "result": None, "error": error}).encode())


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (silent, "timeout", "accepts and does not answer"),
        (web, "unexpected_output", "another protocol"),
        (half, "truncated", "closed the connection"),
        (forbidden, "forbidden", "permission error"),
    ],
)
def test_a_bad_server_has_a_kind_and_a_remedy(reply: Reply, kind: str, words: str) -> None:
    with serving(reply) as port, pytest.raises(OvnAccessError) as error:
        read(f"tcp:127.0.0.1:{port}", "tcp:127.0.0.1:1", timeout=1)

    assert error.value.kind == kind
    assert words in error.value.message
    assert f"tcp:127.0.0.1:{port}" in error.value.message
    assert error.value.hint


def test_nobody_listens() -> None:
    with pytest.raises(OvnAccessError, match="refused") as error:
        read("tcp:127.0.0.1:1", "tcp:127.0.0.1:1")

    assert error.value.kind == "unreachable"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """A certificate of a server, and its key."""
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=ovn", "-keyout", key, "-out", cert]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def test_ssl_with_the_right_ca_and_without(
    servers: tuple[Server, Server], certificate: tuple[str, str], tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(servers[0].reply, context) as nb, serving(servers[1].reply, context) as sb:
        where = (f"ssl:127.0.0.1:{nb}", f"ssl:127.0.0.1:{sb}")
        assert read(*where, ca_file=certificate[0]).nb
        assert read(*where, insecure=True).nb
        with pytest.raises(OvnAccessError, match="TLS") as error:
            read(*where)
        with pytest.raises(OvnAccessError, match="is not there") as missing:
            read(*where, ca_file=str(tmp_path / "none.pem"))

    assert error.value.kind == missing.value.kind == "tls"
    assert "ca_file" in error.value.hint
