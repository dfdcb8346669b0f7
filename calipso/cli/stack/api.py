"""The REST API as a child of the supervisor: on the wanted port, or on the next free one."""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import urlsplit

from calipso.cli.stack.ports import Port
from calipso.cli.stack.programs import python
from calipso.cli.stack.rundir import RunDir
from calipso.cli.stack.services import Store
from calipso.errors import ConfigError, StoreError
from calipso.settings import Settings

NAME = "api"
MODULE = "calipso.api.server"

#: Number of ports to try after the wanted one, before any free port.
NEXT_PORTS = 10

#: Seconds for the end of its processes, besides the grace for requests.
MORE_GRACE = 5.0

#: Address for clients on this machine if the server listens on all addresses.
REACHED = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - compared, not bound


def api(settings: Settings, run: RunDir) -> Store:
    """The API; its first admin is made by `calipso up`, which can show the password.

    Raises ConfigError for an address without a port.
    """
    host, _, wanted = settings.api_bind.rpartition(":")
    if not wanted.isdigit():
        raise ConfigError(f"api_bind {settings.api_bind}: no port", hint="Such as 127.0.0.1:8000.")
    service = Store(NAME, list, settings.api_grace + MORE_GRACE, store=True, ping=ping_api)
    scheme = "https" if settings.api_certificate else "http"

    def command() -> list[str]:
        """Return the arguments, made at each start, because another program may hold the port."""
        number = port.take()
        service.address = f"{scheme}://{REACHED.get(host, host)}:{number}"
        return python(MODULE, "--bind", f"{host}:{number}", "--no-admin")

    first = int(wanted)
    port = service.port = Port(run, NAME, first, range(first + 1, first + NEXT_PORTS))
    service.command = command
    return service


def ping_api(address: str, timeout: float = 2.0) -> str:
    """Check that the API answers. Raises StoreError when it does not.

    The certificate is not checked: the request has no secret, and the certificate names another
    host than the loopback of this machine.
    """
    where = urlsplit(address)
    connection = _connection(where.scheme, str(where.hostname), where.port or 0, timeout)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(
            f"the API at {address} does not answer: {error}", hint="Its log may say why."
        ) from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise StoreError(f"the API at {address} answers {status}", hint="Its log may say why.")
    return ""


def _connection(scheme: str, host: str, port: int, timeout: float) -> http.client.HTTPConnection:
    if scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
