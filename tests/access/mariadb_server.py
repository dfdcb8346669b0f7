"""A real MariaDB in a temporary directory, on a loopback port, from the system's package."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymysql

ROOT = "root-pass"


def missing() -> str:
    """What keeps a MariaDB from being started here; empty when nothing does."""
    names = ("mariadbd", "mariadb-install-db")
    absent = [name for name in names if not program(name)]
    return f"{' and '.join(absent)} not installed (apt install mariadb-server)" if absent else ""


def program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin")


class MariaDb:
    """A server that can be stopped and started; `root` runs statements as its administrator."""

    def __init__(self, directory: Path, tls: Path | None = None) -> None:
        self.data = directory / "data"
        self.socket = directory / "s"
        self.log = directory / "log"
        self.tls = tls
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0  # 0 until the first start, which takes a free one; later starts keep it
        self._as = ["--user=root"] if os.geteuid() == 0 else []

    def install(self) -> None:
        install = program("mariadb-install-db")
        assert install
        subprocess.run(
            [
                install,
                "--no-defaults",
                *self._as,
                f"--datadir={self.data}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ],
            check=True,
            capture_output=True,
            timeout=300,  # takes two seconds, and much longer while other tests use the disk
        )

    def start(self) -> None:
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = int(free.getsockname()[1])
        tls = [f"--ssl-cert={self.tls}", f"--ssl-key={self.tls}"] if self.tls else ["--skip-ssl"]
        server = program("mariadbd")
        assert server
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    server,
                    "--no-defaults",
                    *self._as,
                    f"--datadir={self.data}",
                    f"--socket={self.socket}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    f"--pid-file={self.socket}.pid",
                    "--innodb-buffer-pool-size=8M",
                    "--innodb-log-file-size=4M",
                    *tls,
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 180  # it takes less than a second on an idle machine
        while not self._listens():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def _listens(self) -> bool:
        """On both: the server opens its port before its socket."""
        with socket.socket() as probe, socket.socket(socket.AF_UNIX) as local:
            return (
                probe.connect_ex(("127.0.0.1", self.port)) == 0
                and local.connect_ex(str(self.socket)) == 0
            )

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def root(self, *statements: str) -> Sequence[Any]:
        """Rows of the last statement."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def connect(self) -> pymysql.Connection[Any]:
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", autocommit=True, ssl_disabled=True
        )
