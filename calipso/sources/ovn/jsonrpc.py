"""A client for one OVSDB server by TCP or SSL: schemas and transactions (RFC 7047). Read only."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from pathlib import Path
from typing import Any

from calipso.errors import ErrorKind, OvnAccessError
from calipso.limits.calls import Bounds
from calipso.limits.dial import AddressRefused, dial
from calipso.limits.memory import MemoryOver, Share, json_size
from calipso.model.ovn_section import OvnSection, Remote
from calipso.utils.json_text import whole_number

#: Most bytes of one answer: a database of 100,000 ports has a tenth of it.
MOST_BYTES = 1 << 30

#: Messages that a server may send before the answer.
MOST_MESSAGES = 1000


class OvsdbClient:
    """One connection. Every call must end before the deadline of the client."""

    def __init__(self, remote: Remote, section: OvnSection, bounds: Bounds | None = None) -> None:
        """`bounds`: those of the scan or test that asks."""
        self.remote = remote
        self._bounds = bounds or Bounds()
        self._section = section
        self._deadline = time.monotonic() + section.timeout
        self._number = 0
        self._buffer = b""
        self._decoder = json.JSONDecoder(parse_int=whole_number)
        self._socket = self._connect()

    def __enter__(self) -> OvsdbClient:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def columns(self, database: str) -> tuple[str, dict[str, set[str]]]:
        """Return the version of a schema, and its columns by table. Raises OvnAccessError."""
        schema = self._call("get_schema", [database])
        tables = schema.get("tables") if isinstance(schema, dict) else None
        if not isinstance(tables, dict):
            raise self._error(ErrorKind.UNEXPECTED_OUTPUT, f"no schema of {database}")
        columns = {name: _names_of(table) for name, table in tables.items()}
        return str(schema.get("version", "")), columns

    def select(self, database: str, tables: dict[str, list[str]]) -> list[Any]:
        """Return the results of one transaction that reads these columns. Raises OvnAccessError."""
        asked = [
            {"op": "select", "table": name, "where": [], "columns": columns}
            for name, columns in tables.items()
        ]
        found = self._call("transact", [database, *asked])
        return found if isinstance(found, list) else []

    # -- the wire ----------------------------------------------------------------------

    def _connect(self) -> socket.socket:
        remote = self.remote
        try:
            with self._bounds.call(self._name(), self._left()) as call:
                made = dial(remote.host, remote.port, self._left(), call)
                try:
                    return self._secured(made) if remote.kind == "ssl" else made
                except BaseException:
                    made.close()
                    raise
        except AddressRefused as error:
            raise self._error(error.kind, error.message) from error
        except TimeoutError as error:
            raise self._error(ErrorKind.TIMEOUT, "does not answer") from error
        except ssl.SSLError as error:
            raise self._error(ErrorKind.TLS, f"TLS: {error.reason or error}") from error
        except OSError as error:
            what = error.strerror or str(error)
            raise self._error(ErrorKind.UNREACHABLE, what) from error

    def _secured(self, made: socket.socket) -> socket.socket:
        section = self._section
        for path in (section.ca_file, section.cert_file, section.key_file):
            if path and not Path(path).is_file():
                raise self._error(ErrorKind.TLS, f"file {path} is not there")
        context = ssl.create_default_context(cafile=section.ca_file or None)
        context.check_hostname = False  # OVN's certificates name no hosts; the CA is the proof
        if section.insecure:
            context.verify_mode = ssl.CERT_NONE
        if section.cert_file:
            context.load_cert_chain(section.cert_file, section.key_file)
        return context.wrap_socket(made)

    def _call(self, method: str, params: list[Any]) -> Any:
        self._number += 1
        message = {"method": method, "params": params, "id": self._number}
        try:
            with self._bounds.call(self._name(), self._left()) as call:
                call.watch_socket(self._socket)
                answer = self._answer(message)
        except TimeoutError as error:
            raise self._error(ErrorKind.TIMEOUT, "accepts and does not answer") from error
        except ssl.SSLError as error:
            raise self._error(ErrorKind.TLS, f"TLS: {error.reason or error}") from error
        except OSError as error:
            raise self._error(ErrorKind.UNREACHABLE, error.strerror or str(error)) from error
        if answer.get("error") is not None:
            raise self._refused(method, answer["error"])
        return answer.get("result")

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to a message; what the server asks meanwhile is answered."""
        self._socket.settimeout(self._left())
        self._socket.sendall(json.dumps(message).encode())
        for _ in range(MOST_MESSAGES):
            answer = self._message()
            if answer.get("method") == "echo":
                reply = {"result": answer.get("params"), "error": None, "id": answer.get("id")}
                self._socket.settimeout(self._left())
                self._socket.sendall(json.dumps(reply).encode())
            elif answer.get("id") == message["id"] and "method" not in answer:
                return answer
        raise self._error(ErrorKind.UNEXPECTED_OUTPUT, "sends messages and no answer")

    def _name(self) -> str:
        return f"OVSDB {self.remote.host}:{self.remote.port}"

    def _message(self) -> dict[str, Any]:
        """The next message: servers send one JSON value after another, without a separator."""
        try:
            with self._bounds.answer(self._name()) as share:
                found = self._read_message(share)
                self._bounds.keep(share)
                return found
        except MemoryOver as error:
            raise self._error(error.kind, error.message) from error

    def _read_message(self, share: Share) -> dict[str, Any]:
        got = bytearray(self._buffer)
        while True:
            start = bytes(got.lstrip()[:1])
            if start not in (b"", b"{"):
                raise self._error(ErrorKind.UNEXPECTED_OUTPUT, "speaks another protocol")
            if got.rstrip().endswith(b"}"):  # a value may be whole: only then it is worth a try
                share.grow(max(0, json_size(got) - share.size))
                with contextlib.suppress(ValueError):
                    return self._first_of(got)
            if len(got) > MOST_BYTES:
                raise self._error(ErrorKind.UNEXPECTED_OUTPUT, "the answer does not end")
            part = self._received()
            share.grow(len(part))
            got += part

    def _first_of(self, got: bytearray) -> dict[str, Any]:
        """The first value of what has come; the rest is kept. Raises ValueError when it is cut."""
        text = got.decode().lstrip()
        try:
            found, end = self._decoder.raw_decode(text)
        except RecursionError:
            what = "the answer is nested too deep"
            raise self._error(ErrorKind.UNEXPECTED_OUTPUT, what) from None
        self._buffer = text[end:].encode()
        return found if isinstance(found, dict) else {}

    def _received(self) -> bytes:
        self._socket.settimeout(self._left())
        got = self._socket.recv(1 << 20)
        if not got:
            raise self._error(ErrorKind.TRUNCATED, "closed the connection in its answer")
        return got

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _refused(self, method: str, error: Any) -> OvnAccessError:
        said = error if isinstance(error, dict) else {"error": str(error)}
        what = " ".join(str(said[key]) for key in ("error", "details") if said.get(key))
        kind = ErrorKind.NOT_FOUND if "unknown database" in what else ErrorKind.SERVER_ERROR
        if "permission" in what.lower():
            kind = ErrorKind.FORBIDDEN
        return self._error(kind, f"{method}: {what[:300]}")

    def _error(self, kind: ErrorKind, what: str) -> OvnAccessError:
        hints = {
            ErrorKind.TLS: "Compare ca_file, cert_file and key_file of section OVN with the files "
            "that ml2_conf.ini names in [ovn].",
            ErrorKind.UNREACHABLE: "Is the address of section OVN right? The northbound database "
            "has port 6641, the southbound database 6642.",
            ErrorKind.TIMEOUT: "Does the server run, and does a firewall drop the packets? "
            "`timeout` of section OVN allows more.",
        }
        return OvnAccessError(
            f"OVN {self.remote}: {what}",
            kind=kind,
            hint=hints.get(kind, "Look at the log of ovsdb-server there."),
            server=str(self.remote),
        )


def _names_of(table: Any) -> set[str]:
    """The columns of a table of a schema; none of what has another shape."""
    columns = table.get("columns") if isinstance(table, dict) else None
    return set(columns) if isinstance(columns, dict) else set()
