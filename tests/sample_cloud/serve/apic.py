"""An APIC on loopback: HTTPS, login with a cookie, class queries with pages and filters.

Its answers have the shape that Cisco documents for the REST API of the APIC. It is a simulation:
nobody has compared it with the real thing here.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Mapping, Sequence
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

USER, PASSWORD = "calipso", "fabric-secret"
Objects = Mapping[str, Sequence[Mapping[str, str]]]

_EQ = re.compile(r'eq\((\w+)\.(\w+),"([^"]*)"\)')


class ApicServer:
    """Serves objects by class. `logins` counts logins, `asked` keeps the classes asked for."""

    def __init__(self, tls: Path, objects: Objects) -> None:
        """`tls`: certificate and key in one file, read now."""
        self.objects = dict(objects)
        self.logins = 0
        self.asked: list[str] = []
        #: tokens that still hold; a test may forget them
        self.tokens: set[str] = set()
        #: class -> status and reason of an error
        self.errors: dict[str, tuple[int, str]] = {}
        #: class -> how many objects it promises beyond those it has
        self.promised: dict[str, int] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True, name="apic"
        )

    def start(self) -> None:
        self._thread.start()

    def __enter__(self) -> ApicServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def section(self, **changes: Any) -> dict[str, Any]:
        """The section ACI for this server."""
        account = {"host": "127.0.0.1", "port": self.port, "user": USER, "pwd": PASSWORD}
        return {"name": "ACI", **account, **changes}

    def added_to(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """An environment that has this fabric as well."""
        configuration = [*environment["configuration"], self.section(insecure=True)]
        return {**environment, "configuration": configuration, "aci_enabled": True}

    # -- answers -----------------------------------------------------------------------

    def login(self, body: Any) -> tuple[int, Any]:
        self.logins += 1
        if body["aaaUser"]["attributes"] != {"name": USER, "pwd": PASSWORD}:
            return 401, _error("401", "Username or password is incorrect - FAILED local auth")
        token = f"token-{self.logins}"
        self.tokens.add(token)
        attributes = {"token": token, "refreshTimeoutSeconds": "600", "version": "5.2(7f)"}
        return 200, {"totalCount": "1", "imdata": [{"aaaLogin": {"attributes": attributes}}]}

    def class_query(self, name: str, query: Mapping[str, str]) -> tuple[int, Any]:
        self.asked.append(name)
        if name in self.errors:
            status, text = self.errors[name]
            return status, _error(str(status), text)
        found = list(self.objects.get(name, ()))
        if where := query.get("query-target-filter"):
            wanted = _EQ.findall(where)
            found = [
                o
                for o in found
                if any(o.get(key, "").upper() == value.upper() for _, key, value in wanted)
            ]
        found.sort(key=lambda item: item.get("dn", ""))
        size, page = int(query["page-size"]), int(query["page"])
        part = found[size * page : size * (page + 1)]
        total = len(found) + self.promised.get(name, 0)
        return 200, {"totalCount": str(total), "imdata": [{name: {"attributes": o}} for o in part]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        apic = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.answer(*apic.login(json.loads(self.rfile.read(length))))

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                cookie = SimpleCookie(self.headers.get("Cookie", "")).get("APIC-cookie")
                if cookie is None or cookie.value not in apic.tokens:
                    said = "Token was invalid (Error: Token timeout)"
                    return self.answer(403, _error("403", said))
                name = url.path.removeprefix("/api/node/class/").removesuffix(".json")
                return self.answer(*apic.class_query(name, dict(parse_qsl(url.query))))

            def answer(self, status: int, body: Any) -> None:
                said = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        return Handler


def _error(code: str, text: str) -> Any:
    return {"totalCount": "1", "imdata": [{"error": {"attributes": {"code": code, "text": text}}}]}
