"""SSH servers that let everybody in and then do not go on, or do not end."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import paramiko

from tests.hostile.fakes import Say, Sent, endless, trickle

KEY = paramiko.ECDSAKey.generate()


class Anybody(paramiko.ServerInterface):
    """Every password is right; what an `exec` is answered with is up to `answer`."""

    def __init__(self, answer: Callable[[paramiko.Channel], None] | None) -> None:
        self._answer = answer
        self.waits = False

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        if self.waits:
            time.sleep(30)
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self._answer is None:
            time.sleep(30)  # no answer to the request itself
            return False
        threading.Thread(target=self._answer, args=(channel,), daemon=True).start()
        return True


def sshd(answer: Callable[[paramiko.Channel], None] | None, *, waits: bool = False) -> Say:
    """A server of SSH."""

    def say(client: socket.socket) -> Sent:
        interface = Anybody(answer)
        interface.waits = waits
        transport = paramiko.Transport(client)
        transport.add_server_key(KEY)
        with suppress(Exception):
            transport.start_server(server=interface)
        for _ in range(600):
            if not transport.is_active():
                break
            time.sleep(0.1)
        transport.close()
        yield b""

    return say


def _flood(channel: paramiko.Channel) -> None:
    with suppress(Exception):
        while True:
            channel.sendall(b"a" * 32768)


def _flood_errors(channel: paramiko.Channel) -> None:
    with suppress(Exception):
        while True:
            channel.sendall_stderr(b"a" * 32768)


def _drops(channel: paramiko.Channel) -> None:
    with suppress(Exception):
        for _ in itertools.count():
            channel.sendall(b"a")
            time.sleep(0.1)


def login_modes() -> dict[str, Say]:
    """Points before anybody is in."""
    return {
        "version a byte at a time": lambda _client: trickle(b"SSH-2.0-Open" + b"S" * 1000),
        "lines without end before the version": lambda _client: endless(b"hello\r\n"),
        "a line without end": lambda _client: endless(b"a" * 4096),
        "a packet of 2 GB": lambda _client: itertools.chain(
            [b"SSH-2.0-x\r\n", b"\x7f\xff\xff\xf4" + b"\x00" * 4], endless(b"a" * 65536)
        ),
        "no answer to the password": sshd(_drops, waits=True),
    }


def command_modes() -> dict[str, Say]:
    """Points at which a command does not go on, or does not end."""
    return {
        "no answer to the request": sshd(None),
        "output without end": sshd(_flood),
        "errors without end": sshd(_flood_errors),
        "a byte now and then": sshd(_drops),
    }
