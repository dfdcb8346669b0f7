"""The API as a process: `calipso api`, or `python -m calipso.api.server` with the original's flags.

Flags win over the settings (`CALIPSO_*`); it runs until SIGTERM and then ends what it has begun.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import socket
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from calipso.api.app import create_app
from calipso.api.cors import allow_origins, parse_origins
from calipso.api.gunicorn_server import Server
from calipso.api.responders import metrics
from calipso.errors import CalipsoError, ConfigError
from calipso.model.inventory import check_inventory_name
from calipso.settings import Settings, load_settings, settings
from calipso.stores.migrations.migrator import Migrator
from calipso.stores.mongo.mongo_access import close_clients
from calipso.stores.people.first_admin import ensure_admin
from calipso.utils.log import setup_logging

MONGO_VARIABLES = ("CALIPSO_MONGO_URL", "MONGO_URL", "CALIPSO_MONGO_URL_FILE")
LOOPBACK = ("127.", "[::1]", "localhost")

_BIND = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})")

log = logging.getLogger("calipso.api.server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the API until it is told to stop; returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        use_flags(given)
        config = settings()
        setup_logging(config=config)
        check(config)
        prepare(admin=not given.no_admin)
    except CalipsoError as error:
        for line in error.message.splitlines():
            sys.stderr.write(f"error: {line}\n")
        sys.stderr.write(f"hint: {error.hint}\n" if error.hint else "")
        return 1
    metrics.prepare()
    Server(config, make_app).run()
    return 0


def make_app() -> Flask:
    """The application with what depends on where it is served."""
    config = settings()
    app = create_app()
    allow_origins(app, parse_origins(config.api_cors_origins))
    if config.api_proxies:
        count = config.api_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    return app


def parser() -> argparse.ArgumentParser:
    """The flags: those of the original, then ours."""
    found = argparse.ArgumentParser(prog="python -m calipso.api.server", allow_abbrev=False)
    add = found.add_argument
    add("-m", "--mongo_config", "--mongo-config", type=Path, metavar="FILE")
    add("--ldap_config", "--ldap-config", type=Path, metavar="FILE")
    add("-l", "--loglevel", "--log-level", metavar="LEVEL")
    add("-b", "--bind", metavar="HOST:PORT")
    add("-y", "--inventory", metavar="NAME")
    add("-t", "--token-lifetime", "--token_lifetime", type=int, metavar="SECONDS")
    add("--workers", type=int, metavar="NUMBER")
    add("--threads", type=int, metavar="NUMBER")
    add("--certificate", type=Path, metavar="FILE")
    add("--key", type=Path, metavar="FILE")
    add("--cors-origin", action="append", metavar="ORIGIN")
    add("--no-admin", action="store_true", help="make no first admin")
    return found


def use_flags(given: argparse.Namespace) -> None:
    """Make the flags count as settings, here and in the processes that are forked."""
    found = {
        "LDAP_CONFIG": given.ldap_config,
        "LOG_LEVEL": given.loglevel,
        "API_BIND": given.bind,
        "INVENTORY": given.inventory,
        "TOKEN_LIFETIME": given.token_lifetime,
        "API_WORKERS": given.workers,
        "API_THREADS": given.threads,
        "API_CERTIFICATE": given.certificate,
        "API_KEY": given.key,
        "API_CORS_ORIGINS": ",".join(given.cors_origin) if given.cors_origin else None,
    }
    for name, value in found.items():
        if value is not None:
            os.environ[f"CALIPSO_{name}"] = str(value)
    if given.mongo_config:
        url = load_settings(mongo_config=given.mongo_config).mongo_url
        if url and not any(name in os.environ for name in MONGO_VARIABLES):
            os.environ["CALIPSO_MONGO_URL"] = url
    settings.cache_clear()


def check(config: Settings) -> None:
    """Raises ConfigError for settings with which every process would fail, again and again."""
    check_inventory_name(config.inventory)
    parse_origins(config.api_cors_origins)
    if config.ldap_config and not config.ldap_config.is_file():
        raise ConfigError(f"{config.ldap_config}: no such file", hint="See docs/operate.md.")
    _check_certificate(config)
    _check_address(config.api_bind)
    if not config.api_bind.startswith(LOOPBACK) and not config.api_certificate:
        log.warning(
            "the API listens on %s without TLS: passwords and tokens can be read on the way, "
            "unless a proxy before it speaks HTTPS",
            config.api_bind,
        )


def prepare(*, admin: bool = True) -> None:
    """The schema fits, and somebody can log in. Raises CalipsoError."""
    Migrator().ready()
    if admin:
        ensure_admin(tell_first_admin)
    close_clients()  # sockets do not go through a fork


def tell_first_admin(name: str, password: str) -> None:
    """To the terminal, or into a file: logs are kept and collected."""
    if sys.stderr.isatty():
        sys.stderr.write(f"The first admin is {name}, the password {password}; shown this once.\n")
        return
    path = settings().data_dir() / "admin.password"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{password}\n")
    log.warning(
        "the first admin is made: its name is %s, its password is in %s; delete the file once "
        "you have read it",
        name,
        path,
    )


def _check_certificate(config: Settings) -> None:
    if not config.api_certificate:
        if config.api_key:
            raise ConfigError("a key without a certificate", hint="Give --certificate too.")
        return

    def no_passphrase() -> str:
        raise ConfigError(f"{config.api_key}: the key is encrypted", hint="openssl rsa -in KEY")

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(config.api_certificate, config.api_key, password=no_passphrase)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"certificate {config.api_certificate}: {error.strerror or error}",
            hint="A PEM file with the certificate first, and the key that belongs to it.",
        ) from None


def _check_address(bind: str) -> None:
    """Raises ConfigError when nothing can listen there."""
    match = _BIND.fullmatch(bind)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ConfigError(
            f"{bind}: not an address to listen on", hint="HOST:PORT, such as 127.0.0.1:8000"
        )
    host = match["host"].strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(match["port"])))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {bind}: {error.strerror or error}",
                hint="`ss -ltnp` shows which process listens there; --bind sets another address.",
            ) from None


if __name__ == "__main__":
    sys.exit(main())
