"""Logging in where no scan reads: RabbitMQ, the APIC of ACI, and Sensu; for connection tests.

Each is asked for the least that proves the account: an AMQP connection to the virtual host, `POST
/api/aaaLogin.json` of the APIC, `GET /info` of the Sensu API. Sensu's RabbitMQ is only reached: its
clients log in with certificates of theirs.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from amqp.exceptions import AccessRefused, AMQPError, NotAllowed

from calipso.errors import AccessError, ErrorKind
from calipso.limits.calls import Bounds, Call
from calipso.limits.dial import dial
from calipso.probe.steps import Step, attempt
from calipso.settings import settings
from calipso.sources.amqp.brokers import broker_of
from calipso.sources.amqp.connection import NONSENSE, connect
from calipso.sources.amqp.wire import WireConnection

Section = Mapping[str, Any]

#: An answer to a login is small; what is longer is not read.
LARGEST_ANSWER = 1_000_000
#: A login may take this many times `ssh_connect_timeout`: a server that sends a byte now and then
#: meets no timeout.
TOTAL_FACTOR = 4


def other_steps(target: str, section: Section) -> Iterator[Step]:
    """The steps of a target that no scan reads; `section` with its secrets in clear."""
    for name, login in LOGINS[target]:
        yield attempt(name, partial(login, section), str).step


# -- RabbitMQ --------------------------------------------------------------------------


def amqp_login(section: Section) -> str:
    """Open a connection to the virtual host and end it. Raises AccessError."""
    user, vhost = str(section["user"]), str(section.get("vhost") or "/")
    where = _authority(section["host"], section["port"])
    _ca_file(section)
    try:
        with connect(broker_of(section)) as connection:
            said = f"{user} logged in at {where}, {_product(connection)}, virtual host {vhost}"
    except AccessRefused as error:
        raise AccessError(
            f"{where}: login refused for {user}",
            kind=ErrorKind.LOGIN_FAILED,
            hint="Check user and pwd of section AMQP.",
        ) from error
    except NotAllowed as error:
        raise AccessError(
            f"{where}: virtual host {vhost} is not open to {user}",
            kind=ErrorKind.FORBIDDEN,
            hint="Check vhost of section AMQP, and what rabbitmqctl list_permissions says of it.",
        ) from error
    except OSError as error:
        raise _not_reached("AMQP", where, error) from error
    except (AMQPError, *NONSENSE) as error:
        raise _another_service("AMQP", where, "RabbitMQ") from error
    return said


def _product(connection: WireConnection) -> str:
    told: Any = getattr(connection, "server_properties", {})
    words = (str(told.get(key) or "") for key in ("product", "version"))
    return " ".join(word for word in words if word)[:100] or "an AMQP server"


# -- HTTP ------------------------------------------------------------------------------


def aci_login(section: Section) -> str:
    """Log in to the APIC and forget the token. Raises AccessError."""
    host, port, user = str(section["host"]), int(section.get("port") or 443), str(section["user"])
    url = f"https://{_authority(host, port)}/api/aaaLogin.json"
    account = {"aaaUser": {"attributes": {"name": user, "pwd": str(section["pwd"])}}}
    timeout = settings().ssh_connect_timeout
    connection = HTTPSConnection(host, port, timeout=timeout, context=_aci_tls(section))
    status, text = _asked("ACI", url, connection, "POST", json.dumps(account))
    if status in (401, 403):
        raise AccessError(
            f"{url}: login refused for {user}",
            kind=ErrorKind.LOGIN_FAILED,
            hint="Check user and pwd of section ACI.",
        )
    if status != 200 or '"aaaLogin"' not in text:
        raise _another_service("ACI", url, "an APIC", status)
    return f"{user} logged in at {url}"


def _aci_tls(section: Section) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=_ca_file(section))
    if section.get("insecure"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def sensu_api(section: Section) -> str:
    """The Sensu API answers. Raises AccessError."""
    host, port = str(section["server_ip"]), int(section["api_port"])
    url = f"http://{_authority(host, port)}/info"
    connection = HTTPConnection(host, port, timeout=settings().ssh_connect_timeout)
    status, text = _asked("Monitoring", url, connection, "GET")
    if status != 200 or '"sensu"' not in text:
        raise _another_service("Monitoring", url, "the Sensu API", status)
    return f"the Sensu API answers at {url}"


def _asked(
    name: str, url: str, connection: HTTPConnection, method: str, body: str | None = None
) -> tuple[int, str]:
    """Status and the beginning of the answer. Redirects are not followed."""
    headers = {"Content-Type": "application/json"} if body else {}
    try:
        with _cut_off(url, lambda: connection.sock) as call:
            # the standard library's own hook for another way to connect
            connection._create_connection = (  # type: ignore[attr-defined]
                lambda place, timeout, *_: dial(place[0], place[1], timeout, call)
            )
            connection.request(method, urlsplit(url).path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(LARGEST_ANSWER).decode(errors="replace")
    except HTTPException as error:
        raise _another_service(name, url, "an HTTP server") from error
    except OSError as error:
        raise _not_reached(name, url, error) from error
    finally:
        connection.close()


# -- Sensu's RabbitMQ ------------------------------------------------------------------


def sensu_rabbitmq(section: Section) -> str:
    """Something listens at the RabbitMQ of Sensu. Raises AccessError."""
    place = (str(section["server_ip"]), int(section["rabbitmq_port"]))
    where = _authority(*place)
    try:
        with dial(*place, settings().ssh_connect_timeout):
            return f"{where} is reached; logging in takes a certificate and was not tried"
    except OSError as error:
        raise _not_reached("Monitoring", where, error) from error


#: Steps of each target, in order.
LOGINS: dict[str, tuple[tuple[str, Callable[[Section], str]], ...]] = {
    "AMQP": (("AMQP login", amqp_login),),
    "ACI": (("ACI login", aci_login),),
    "Monitoring": (("Sensu API", sensu_api), ("Sensu RabbitMQ reached", sensu_rabbitmq)),
}


# -- what all share --------------------------------------------------------------------


@contextmanager
def _cut_off(where: str, find: Callable[[], object]) -> Iterator[Call]:
    """Inside, the socket that `find` finds is shut when the time of a login is over."""

    def cut() -> None:
        sock = find()
        if isinstance(sock, socket.socket):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not TLS's own: it would wait

    with Bounds().call(where, TOTAL_FACTOR * settings().ssh_connect_timeout) as call:
        call.watch(cut)
        yield call


def _ca_file(section: Section) -> str | None:
    name = str(section.get("ca_file") or "")
    if not name:
        return None
    try:
        ssl.create_default_context(cafile=name)
    except (OSError, ValueError) as error:
        raise AccessError(
            f"ca_file {name} cannot be used",
            kind=ErrorKind.TLS,
            hint="It must hold certificates in PEM, on the machine of the worker that makes the "
            "test.",
        ) from error
    return name


def _another_service(name: str, where: str, wanted: str, status: int | None = None) -> AccessError:
    said = f"status {status}, " if status else ""
    return AccessError(
        f"{where}: {said}not the answer of {wanted}",
        kind=ErrorKind.UNEXPECTED_OUTPUT,
        hint=f"Check host and port of section {name}.",
    )


def _not_reached(name: str, where: str, error: OSError) -> AccessError:
    said = error.strerror or "the connection broke"
    if isinstance(error, ssl.SSLError):
        return AccessError(
            f"{where}: TLS: {said}",
            kind=ErrorKind.TLS,
            hint=f"Check port and certificate; ca_file of section {name} names its CA.",
        )
    late = isinstance(error, TimeoutError)
    return AccessError(
        f"{where}: {'no answer in time' if late else said}",
        kind=ErrorKind.TIMEOUT if late else ErrorKind.UNREACHABLE,
        hint=f"Check host and port of section {name}, and the firewalls between.",
    )


def _authority(host: Any, port: Any) -> str:
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
