"""The HTTP server: identity, compute and network API at one address, and the control address."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from tests.sample_cloud.serve.control import Control
from tests.sample_cloud.serve.faults import seconds
from tests.sample_cloud.serve.keystone import UNAUTHORIZED, Keystone
from tests.sample_cloud.serve.pages import Pages
from tests.sample_cloud.serve.stage import Stage
from tests.sample_cloud.serve.versions import microversion, version_document

PREFIXES = {"/v3/": "identity", "/compute/v2.1/": "compute", "/network/v2.0/": "network"}
NEUTRON_404 = {
    "NeutronError": {
        "type": "HTTPNotFound",
        "message": "The resource could not be found.",
        "detail": "",
    }
}


class ApiServer(ThreadingHTTPServer):
    """Listens on loopback; one thread a connection, kept alive."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, stage: Stage, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.stage = stage
        self.keystone = Keystone(stage)
        others = {name: replace(stage, cloud=other) for name, other in stage.cloud.others.items()}
        #: region -> its lists; the first has no path of its own
        self.pages = {"": Pages(stage)} | {name: Pages(each) for name, each in others.items()}
        self.control = Control(stage)
        super().__init__(address, Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True, name="api").start()

    def region_of(self, path: str) -> tuple[str, str]:
        """The region whose services a path belongs to, and the path below it."""
        first, _, rest = path.removeprefix("/").partition("/")
        return (first, f"/{rest}") if first and first in self.pages else ("", path)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are nothing to talk about."""


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server: ApiServer
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300
    server_version = "sample-cloud"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are counted, not logged."""

    def _answer(self, method: str) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length) if length else b""
        if path.startswith("/_control"):
            self._reply(*self.server.control.handle(method, path, sent))
            return
        stage = self.server.stage
        stage.counts.api_call(path)
        if stage.latency:
            time.sleep(stage.latency)
        if not self._fault_before(path):
            self._reply(*self._route(method, path, query, sent))

    def _route(
        self, method: str, path: str, query: str, sent: bytes
    ) -> tuple[int, bytes | dict[str, Any], dict[str, str]]:
        server = self.server
        if path == "/v3/auth/tokens" and method == "POST":
            return server.keystone.login(_json(sent), server.base)
        region, path = server.region_of(path)
        base = f"{server.base}/{region}".rstrip("/")
        document = version_document(path, base)
        if document:
            return document[0], document[1], {}
        token = self.headers.get("X-Auth-Token")
        if token is None or not server.keystone.knows(token):
            return UNAUTHORIZED
        own = server.keystone.get(path, token, server.base)
        if own:
            return own
        return self._resource(path, query, server.pages[region], base)

    def _resource(
        self, path: str, query: str, pages: Pages, base: str
    ) -> tuple[int, bytes | dict[str, Any], dict[str, str]]:
        prefix = next((each for each in PREFIXES if path.startswith(each)), "")
        service = PREFIXES.get(prefix, "")
        resource = path[len(prefix) :].rstrip("/").removesuffix(".json")
        headers: dict[str, str] = {}
        minor = 1
        if service == "compute":
            version = microversion(self.headers)
            if version is None:
                return 406, _fault("computeFault", 406, "Version is not supported"), {}
            minor = version[1]
            headers = {
                "OpenStack-API-Version": f"compute 2.{minor}",
                "X-OpenStack-Nova-API-Version": f"2.{minor}",
            }
        if service == "identity" and resource == "auth/projects":
            resource = "projects"
        body = pages.page(service, resource, query, base, minor) if service else None
        if body is None:
            error = NEUTRON_404 if service == "network" else _fault("itemNotFound", 404, "Not here")
            return 404, error, headers
        return 200, body, headers

    # -- writing -------------------------------------------------------------------------

    def _reply(self, status: int, body: bytes | dict[str, Any], headers: dict[str, str]) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        faults = self.server.stage.faults
        path = self.path.partition("?")[0]
        ours = path.startswith("/_control")
        if not ours and status == 200 and faults.at_path("http-twice", path):
            content = _twice(content)
        if not ours and faults.at_path("http-garbage", path):
            content = content[: len(content) // 2]
        truncated = not ours and faults.at_path("http-truncate", path) is not None
        length = len(content)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.send_header("x-openstack-request-id", f"req-{uuid4()}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: length // 2] if truncated else content)
        self.wfile.flush()
        if truncated:
            self._hang_up()

    def _fault_before(self, path: str) -> bool:
        """Do what a fault says; True when that was the whole answer."""
        faults = self.server.stage.faults
        slow = faults.at_path("http-slow", path)
        if slow:
            time.sleep(seconds(slow))
        if faults.at_path("http-drop", path):
            self._hang_up()
            return True
        for status in (500, 503, 401):
            if faults.at_path(f"http-{status}", path):
                body = _fault("computeFault", status, "Unexpected API Error (sample cloud fault).")
                self._reply(status, body, {})
                return True
        if faults.at_path("http-hang", path):
            self._wait_for_the_client()
            return True
        return False

    def _wait_for_the_client(self) -> None:
        """Say nothing until the other side gives up."""
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass
        self.close_connection = True

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _json(sent: bytes) -> Any:
    try:
        return json.loads(sent or b"null")
    except ValueError:
        return None


def _twice(content: bytes) -> bytes:
    """A list with each of its items twice; what is no list stays as it is."""
    body = _json(content)
    if not isinstance(body, dict):
        return content
    for key, value in body.items():
        if isinstance(value, list) and not key.endswith("links"):
            body[key] = [item for item in value for _ in range(2)]
    return json.dumps(body).encode()


def _fault(name: str, code: int, message: str) -> dict[str, Any]:
    return {name: {"code": code, "message": message}}
