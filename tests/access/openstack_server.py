"""A small OpenStack on loopback: a real HTTP server whose answers a test decides."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    """What was asked."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Answer:
    """What is answered: JSON unless `raw` is given; `length` lies about the size of the body."""

    body: Any = None
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None

    def content(self) -> bytes:
        return json.dumps(self.body).encode() if self.raw is None else self.raw


class Reset(Exception):
    """Raised by a route: the connection is closed without an answer."""


Route = Callable[[Request], Answer]


class OpenStackServer:
    """Keystone at `/v3`, the other services at `/compute` and `/network`, of one server."""

    def __init__(self, certificate: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[Request] = []
        self.logins = 0
        self.password = "right"
        self.tokens: set[str] = set()
        self.regions = ["RegionOne"]
        self.interfaces = ["public", "internal"]
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        if certificate:
            self.server.socket = certificate.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if certificate else "http"
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self) -> OpenStackServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def url(self, path: str = "") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        """Paths asked so far, logins left out."""
        return [request.path for request in self.asked]

    def answer(self, path: str, *answers: Answer) -> None:
        """Give these answers to a path, one after the other; the last one for ever."""
        rest = list(answers)

        def route(_: Request) -> Answer:
            with self.lock:
                return rest.pop(0) if len(rest) > 1 else rest[0]

        self.routes[path] = route

    def catalogue(self) -> list[dict[str, Any]]:
        """Each service in each region, with a host name for each interface."""
        hosts = {"public": "127.0.0.1", "internal": "localhost", "admin": "127.0.0.1"}
        return [
            {
                "type": kind,
                "name": name,
                "endpoints": [
                    {
                        "id": f"{name}-{region}-{interface}",
                        "region": region,
                        "region_id": region,
                        "interface": interface,
                        "url": f"{self.scheme}://{hosts[interface]}:{self.port}/{kind}/{region}"
                        + version,
                    }
                    for region in self.regions
                    for interface in self.interfaces
                ],
            }
            for kind, name, version in (
                ("compute", "nova", "/v2.1/0123abcd"),
                ("network", "neutron", ""),
            )
        ]

    def login(self, document: dict[str, Any]) -> Answer:
        self.logins += 1
        given = document["auth"]["identity"]["password"]["user"]["password"]
        if given != self.password:
            error = {"error": {"code": 401, "message": "The request you have made requires login"}}
            return Answer(error, status=401)
        token = f"token-{self.logins}"
        self.tokens.add(token)
        body = {
            "token": {
                "methods": ["password"],
                "expires_at": "2099-01-01T00:00:00.000000Z",
                "issued_at": "2026-01-01T00:00:00.000000Z",
                "user": {"id": "u", "name": "admin", "domain": {"id": "d", "name": "Default"}},
                "project": {"id": "p", "name": "admin", "domain": {"id": "d", "name": "Default"}},
                "roles": [{"id": "r", "name": "admin"}],
                "catalog": self.catalogue(),
            }
        }
        return Answer(body, status=201, headers={"X-Subject-Token": token})


def _handler(cloud: OpenStackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            document = json.loads(self.rfile.read(length))
            route = cloud.routes.get("/v3/auth/tokens")
            self._send(route(self._request()) if route else cloud.login(document))

        def do_GET(self) -> None:
            request = self._request()
            with cloud.lock:
                cloud.asked.append(request)
            if self.headers.get("X-Auth-Token") not in cloud.tokens:
                self._send(Answer({"error": {"message": "no such token"}}, status=401))
                return
            route = cloud.routes.get(request.path)
            try:
                self._send(route(request) if route else Answer({"error": "?"}, status=404))
            except Reset:
                self.close_connection = True

        def _request(self) -> Request:
            parts = urlsplit(self.path)
            return Request(parts.path, dict(parse_qsl(parts.query)), dict(self.headers))

        def _send(self, answer: Answer) -> None:
            content = answer.content()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            length = len(content) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)
            if answer.length is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
