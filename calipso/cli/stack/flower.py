"""Flower, the task dashboard of Celery: optional, on loopback, behind a password.

The password is made once and kept in the data directory; Flower reads it from a file that only its
user can read, never from the command line.
"""

from __future__ import annotations

import http.client
import importlib.util
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from calipso.cli.stack.ports import Port
from calipso.cli.stack.programs import LOOPBACK
from calipso.cli.stack.rundir import RunDir, write_secret
from calipso.cli.stack.services import WORKER_GRACE, Store, flower_command
from calipso.errors import CalipsoError, StoreError
from calipso.settings import Settings

NAME = "flower"
USER = "calipso"


def password_file(run: RunDir) -> Path:
    """Where the password is kept."""
    return run.home / "flower.password"


def make_password(run: RunDir) -> str:
    """Make the password on first use. Returns a new password; empty when one existed."""
    if importlib.util.find_spec("flower") is None:
        raise CalipsoError("Flower is not installed", hint='Run `pip install "calipso[flower]"`.')
    path = password_file(run)
    if path.exists():
        return ""
    password = secrets.token_urlsafe(12)
    write_secret(path, password + "\n")
    return password


def flower(settings: Settings, run: RunDir) -> Store:
    """Flower as a child of the supervisor: a server with an address that may change."""
    service = Store(NAME, list, WORKER_GRACE, store=True, ping=ping_flower)

    def command() -> list[str]:
        """Return the arguments, made at each start, because another program may now hold
        the port.
        """
        make_password(run)
        number = port.take()
        service.address = f"http://{LOOPBACK}:{number}"
        password = password_file(run).read_text(encoding="utf-8").strip()
        config = run.run / "flower_config.py"
        options = {"address": LOOPBACK, "port": number, "basic_auth": [f"{USER}:{password}"]}
        write_secret(config, "".join(f"{key} = {value!r}\n" for key, value in options.items()))
        return flower_command(f"--conf={config}")

    port = service.port = Port(run, NAME, settings.flower_port)
    service.command = command
    return service


def ping_flower(address: str, timeout: float) -> str:
    """Ask Flower for its health, which needs no password. Raises StoreError."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=timeout)
    try:
        connection.request("GET", "/healthcheck")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(f"Flower at {address} does not answer: {error}") from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise StoreError(f"Flower at {address} answers {status}", hint="Its log may say why.")
    return ""
