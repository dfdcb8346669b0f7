"""A RabbitMQ server of its own: node name, ports, data, cookie and port mapper are the test's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from calipso.cli.stack.process import identify, spawn, stop
from calipso.cli.stack.programs import LOOPBACK, free_port

#: The server itself; the command on PATH changes the user and the folder.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS = 60.0


class Rabbit:
    """Where a RabbitMQ server is to be, and how it is started."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port, epmd, dist = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@{LOOPBACK}:{self.port}//"
        config = folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.default = {LOOPBACK}:{self.port}\n")
        plugins = folder / "plugins"
        plugins.write_text("[].\n")
        self.command = [str(server())]
        self.env = os.environ | {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_NODENAME": f"faults{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +S 1:1",
        }
        self._folder = folder
        self._mapper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Rabbit:
        # started by us, not by Erlang, so that it ends with us
        command = [shutil.which("epmd") or "epmd"]
        self._mapper = spawn(command, self._folder / "epmd.log", environment=self.env)
        return self

    def __exit__(self, *_: object) -> None:
        if self._mapper is not None:
            identity = identify(self._mapper.pid)
            if identity:
                stop(identity, 2.0)
            self._mapper.wait(5)

    def wait(self) -> None:
        """Wait until it greets. Raises TimeoutError."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                with socket.create_connection((LOOPBACK, self.port), 2) as link:
                    link.sendall(b"AMQP\x00\x00\x09\x01")
                    if link.recv(1):
                        return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError(f"RabbitMQ does not start; its log is in {self._folder / 'log'}")


def server() -> Path:
    """The program. Raises FileNotFoundError with what to do."""
    if not SERVER.exists():
        raise FileNotFoundError(f"{SERVER}: install the package rabbitmq-server")
    return SERVER


def installed() -> bool:
    """True when a server can be started."""
    return SERVER.exists()
