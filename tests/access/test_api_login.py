"""Logins of each kind against a Keystone that looks at what it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from calipso.errors import ApiAccessError, ErrorKind
from calipso.sources.context import ScanContext

from .scan_context import context

Document = dict[str, Any]


class Keystone:
    """Gives every login a token of the project `ops`, or refuses it; keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[Document] = []
        self.port = 0
        self.refuse = 0
        self.project: Document | None = {"id": "p1", "name": "ops", "domain": {"id": "d"}}

    def answer(self, body: Document) -> tuple[int, Document]:
        self.bodies.append(body)
        if self.refuse:
            return self.refuse, {"error": {"message": "Keystone does not want this login."}}
        token: Document = {
            "methods": body["auth"]["identity"]["methods"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "user": {"id": "u", "name": "calipso", "domain": {"id": "d", "name": "D"}},
            "catalog": [],
        }
        return 201, {"token": token | ({"project": self.project} if self.project else {})}


@pytest.fixture
def keystone() -> Iterator[Keystone]:
    found = Keystone()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, document = found.answer(body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("X-Subject-Token", "t")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    found.port = server.server_address[1]
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened() -> Iterator[list[ScanContext]]:
    contexts: list[ScanContext] = []
    yield contexts
    for one in contexts:
        one.close()


@pytest.fixture
def api(keystone: Keystone, opened: list[ScanContext]) -> Any:
    def make(**section: Any) -> Any:
        opened.append(context(OpenStack={"port": keystone.port, **section}))
        return opened[-1].source("api")

    return make


LOGINS: dict[str, tuple[Document, Document, Document | None]] = {
    "password": (
        {"user": "ann", "pwd": "s", "user_domain": "U", "admin_project": "ops"},
        {"password": {"user": {"name": "ann", "domain": {"name": "U"}, "password": "s"}}},
        {"project": {"name": "ops", "domain": {"name": "Default"}}},
    ),
    "password with ids": (
        {"user_id": "u1", "pwd": "s", "project_id": "p1", "user_domain_id": "x"},
        {"password": {"user": {"id": "u1", "password": "s"}}},
        {"project": {"id": "p1"}},
    ),
    "ids of domains": (
        {"user": "ann", "pwd": "s", "user_domain_id": "x", "project_domain_id": "y"},
        {"password": {"user": {"name": "ann", "domain": {"id": "x"}, "password": "s"}}},
        {"project": {"name": "admin", "domain": {"id": "y"}}},
    ),
    "token": (
        {"auth_type": "v3token", "token": "s", "admin_project": "ops"},
        {"token": {"id": "s"}},
        {"project": {"name": "ops", "domain": {"name": "Default"}}},
    ),
    "application credential": (
        {
            "auth_type": "v3applicationcredential",
            "application_credential_id": "c1",
            "application_credential_secret": "s",
        },
        {"application_credential": {"id": "c1", "secret": "s"}},
        None,
    ),
    "application credential by name": (
        {
            "auth_type": "v3applicationcredential",
            "application_credential_name": "calipso",
            "application_credential_secret": "s",
            "user": "ann",
        },
        {
            "application_credential": {
                "name": "calipso",
                "secret": "s",
                "user": {"name": "ann", "domain": {"name": "Default"}},
            }
        },
        None,
    ),
}


@pytest.mark.parametrize("login", LOGINS)
def test_keystone_is_sent_the_login_and_its_scope(keystone: Keystone, api: Any, login: str) -> None:
    section, identity, scope = LOGINS[login]
    if "user" not in section:
        section = section | {"user": ""}

    api(**section).catalogue()

    sent = keystone.bodies[0]["auth"]
    assert {key: sent["identity"][key] for key in identity} == identity
    assert sent["identity"]["methods"] == [*identity]
    assert sent.get("scope") == scope


def test_the_project_of_an_application_credential_is_the_admin_project(
    keystone: Keystone, api: Any
) -> None:
    access = api(**LOGINS["application credential"][0], user="")

    assert access.is_admin_name("OPS")
    assert not access.is_admin_name("admin")
    assert len(keystone.bodies) == 1


def test_a_login_to_no_project_is_an_error(keystone: Keystone, api: Any) -> None:
    keystone.project = None

    with pytest.raises(ApiAccessError, match="is not for a project"):
        api(**LOGINS["application credential"][0], user="").is_admin_name("ops")


@pytest.mark.parametrize(
    ("login", "hint"), [("token", "expired or been revoked"), ("application credential", "expired")]
)
def test_a_refused_login_says_what_to_do_and_no_secret(
    keystone: Keystone, api: Any, login: str, hint: str
) -> None:
    keystone.refuse = 401
    section = LOGINS[login][0] | {"user": ""}
    secret = "application_credential_secret" if "application_credential_id" in section else "token"
    section[secret] = "S3CRET"

    with pytest.raises(ApiAccessError) as caught:
        api(**section).catalogue()

    assert caught.value.kind is ErrorKind.LOGIN_FAILED
    assert hint in caught.value.hint
    assert "S3CRET" not in f"{caught.value.message}{caught.value.hint}"


def test_a_login_that_keystone_calls_a_bad_request_came_to_keystone(
    keystone: Keystone, api: Any
) -> None:
    keystone.refuse = 400

    with pytest.raises(ApiAccessError) as caught:
        api(**LOGINS["password"][0]).catalogue()

    assert "HTTP 400" in caught.value.message
    assert "Keystone does not want this login." in caught.value.message
    assert "Something else" not in caught.value.hint
    assert caught.value.hint
