"""Passwords of the embedded stores: made once, in files that only their owner can read.

On a machine that several people use, each of them reaches the ports of the loopback. Without a
password, they could write files through Redis and become admin through MongoDB.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from calipso.cli.stack.process import identify, spawn, stop
from calipso.cli.stack.programs import LOOPBACK, Program, free_port
from calipso.cli.stack.rundir import write_secret
from calipso.errors import StoreError
from calipso.stores.mongo.embedded import give_user

USER = "calipso"
#: In the data of MongoDB: which password its user has.
STAMP = "calipso.user"

START_SECONDS = 60.0
STOP_SECONDS = 30.0


def password_of(home: Path, name: str) -> str:
    """The password of a store, from `<name>.password` in the data directory; made if missing."""
    path = home / f"{name}.password"
    if not path.is_file():
        write_secret(path, secrets.token_urlsafe(24))
    found = path.read_text(encoding="ascii").strip()
    if not found:
        raise StoreError(f"{path} is empty", hint="Delete it: the next start makes a new password.")
    return found


def mongo_command(program: Program, home: Path, port: int) -> list[str]:
    """How MongoDB is started so that it asks for its password. Raises StoreError."""
    ensure_mongo_user(program, home, home / "log" / "mongo.log")
    return [*program.command(home / "mongo", port), "--auth"]


def redis_command(program: Program, home: Path, port: int) -> list[str]:
    """How Redis is started so that it asks for its password, which no list of processes shows."""
    path = home / "redis.conf"
    write_secret(path, f"requirepass {password_of(home, 'redis')}\n")
    name, *arguments = program.command(home / "redis", port)
    return [name, str(path), *arguments]


def redis_login(home: Path, port: int) -> str:
    """The URL of the embedded Redis, with its password."""
    return f"redis://:{quote(password_of(home, 'redis'), safe='')}@{LOOPBACK}:{port}/0"


def mongo_login(home: Path, port: int) -> str:
    """The URL of the embedded MongoDB, with user and password."""
    login = f"{USER}:{quote(password_of(home, 'mongo'), safe='')}"
    options = "directConnection=true&authSource=admin&authMechanism=SCRAM-SHA-256"
    return f"mongodb://{login}@{LOOPBACK}:{port}/?{options}"


def ensure_mongo_user(program: Program, home: Path, log: Path) -> None:
    """Give MongoDB its user, so that it can be started with `--auth`.

    Only a server that asks nobody for a password can get its first user. So it runs for a moment,
    on another port, when the data are new, or have another password than the file says. Raises
    StoreError.
    """
    data, password = home / "mongo", password_of(home, "mongo")
    stamp, wanted = data / STAMP, hashlib.sha256(password.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    port = free_port()
    child = spawn(program.command(data, port), log, environment=program.environment(os.environ))
    try:
        _make_user(child, port, password)
    finally:
        if identity := identify(child.pid):
            stop(identity, STOP_SECONDS)
        child.wait()
    write_secret(stamp, wanted)


def _make_user(child: subprocess.Popen[bytes], port: int, password: str) -> None:
    url = f"mongodb://{LOOPBACK}:{port}/?directConnection=true"
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            give_user(url, USER, password)
        except StoreError:
            if child.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
