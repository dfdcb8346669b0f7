"""An SSH connection to one host: it runs commands, and opens ways to other hosts."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import paramiko

from calipso.errors import CliAccessError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.limits.memory import MemoryOver, Share

log = logging.getLogger(__name__)

# Everything paramiko logs as an error is also raised to us.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

#: Seconds without a question after which a connection counts as idle.
IDLE_AFTER = 5.0
#: Maximum bytes of the answer to one command line; a host that sends more is cut off.
MOST_BYTES = 64 * 1024 * 1024
_CHUNK = 1 << 16
#: Bytes of memory for each byte of an answer: as it comes, and as text.
_AS_TEXT = 3
#: Seconds after the limit of a command, after which its connection is given up.
GRACE = 5.0


@dataclass(frozen=True)
class Account:
    """Where and as whom to log in."""

    address: str
    port: int
    user: str
    pwd: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"{self.user}@{self.address}:{self.port}"


@dataclass(frozen=True)
class Executed:
    """What a command line said. `status` is None when the channel closed before the end."""

    out: str
    err: str
    status: int | None
    timed_out: bool


class SshConnection:
    """An open connection. Several threads may run commands on it at once."""

    def __init__(
        self,
        client: paramiko.SSHClient,
        host: str,
        account: Account,
        on_close: Callable[[], None] = lambda: None,
        bounds: Bounds | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._client = client
        self._on_close = on_close
        self._running = 0
        self._lock = threading.Lock()
        self.host = host
        self.account = account
        self.touch()

    @property
    def alive(self) -> bool:
        """False once the connection is known to be gone."""
        transport = self._client.get_transport()
        return transport is not None and transport.is_active()

    @property
    def idle(self) -> bool:
        """True when nobody has asked anything for a while, and nothing runs."""
        with self._lock:
            return not self._running and time.monotonic() - self._used > IDLE_AFTER

    def touch(self) -> None:
        """Somebody is about to use it."""
        with self._lock:
            self._used = time.monotonic()

    def tunnel(self, address: str, port: int, timeout: float) -> paramiko.Channel:
        """A channel from here to a port of another host. Raises paramiko's exceptions."""
        transport = self._client.get_transport()
        if transport is None:
            raise paramiko.SSHException("connection is closed")
        return transport.open_channel(
            "direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=timeout
        )

    def execute(self, command_line: str, timeout: float) -> Executed:
        """Run a command line; what it has said so far when the time is up is kept."""
        with self._lock:
            self._running += 1
        try:
            return self._execute(command_line, timeout)
        finally:
            with self._lock:
                self._running -= 1
                self._used = time.monotonic()

    def _execute(self, command_line: str, timeout: float) -> Executed:
        deadline = time.monotonic() + timeout
        transport = self._client.get_transport()
        name = f"SSH {self.host}"
        try:
            if transport is None:
                raise paramiko.SSHException("connection is closed")
            with (
                self._bounds.call(name, timeout + GRACE) as call,
                self._bounds.answer(name, call) as share,
            ):
                # paramiko waits without end for the answer to `exec_command`
                call.watch(partial(_shut, transport))
                with transport.open_session(timeout=timeout) as channel:
                    channel.settimeout(timeout)
                    channel.exec_command(command_line)
                    channel.shutdown_write()
                    return _collect(channel, deadline, share)
        except MemoryOver as error:
            raise CliAccessError(
                f"{self.host}: {error.message}", kind=error.kind, hint=error.hint, host=self.host
            ) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise CliAccessError(
                f"{self.host}: the connection broke before a command could run: {error}",
                kind=ErrorKind.TRUNCATED,
                hint="Look at the host's sshd log; a ForceCommand or MaxSessions may refuse it.",
                host=self.host,
            ) from error

    def put(self, path: str, data: bytes, timeout: float) -> None:
        """Write a new file by SFTP, which only the login may read, within `timeout` seconds.

        Raises CliAccessError.
        """
        transport = self._client.get_transport()
        try:
            with self._bounds.call(f"SFTP {self.host}", timeout) as call:
                if transport is not None:
                    call.watch(partial(_shut, transport))
                with self._client.open_sftp() as sftp, sftp.open(path, "wx") as file:
                    sftp.chmod(path, 0o600)
                    file.set_pipelined(True)
                    file.write(data)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise CliAccessError(
                f"{self.host}: {path} could not be written by SFTP: {error}",
                kind=ErrorKind.UNREACHABLE,
                hint="Does its sshd have the subsystem sftp, and is there room in /tmp?",
                host=self.host,
            ) from error

    def close(self) -> None:
        """Close the connection and end its thread; then the session is gone from the host."""
        transport = self._client.get_transport()
        sock = transport.sock if transport is not None else None
        twin: socket.socket | None = None
        with suppress(OSError):
            # paramiko's thread still reads the socket it closes, so that the host would not hear
            # of the end for up to 0.1 s: long enough for one session too many
            twin = sock.dup() if isinstance(sock, socket.socket) else None
        try:
            self._client.close()
            if twin is not None:
                with twin, suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)
        finally:
            self._on_close()


def _shut(transport: paramiko.Transport) -> None:
    """End a connection from another thread, without waiting for its own."""
    transport.packetizer.close()
    transport.sock.close()


def _collect(channel: paramiko.Channel, deadline: float, share: Share) -> Executed:
    """Read both streams until the channel closes, the time is up, or too much was said."""
    out, err, size, timed_out = bytearray(), bytearray(), 0, False
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while size < MOST_BYTES:
            # one piece of each: a host that sends without end must not keep us here
            if channel.recv_ready():
                out += channel.recv(_CHUNK)
            if channel.recv_stderr_ready():
                err += channel.recv_stderr(_CHUNK)
            grown = len(out) + len(err) - size
            share.grow(grown * _AS_TEXT)
            size += grown
            if _drained(channel):
                break
            left = deadline - time.monotonic()
            if left <= 0:
                timed_out = True
                break
            if not grown:
                selector.select(min(left, 1.0))
        if not timed_out:  # the exit status may come after the end of the streams
            channel.status_event.wait(max(0.0, min(deadline - time.monotonic(), 10.0)))
    known = not timed_out and channel.exit_status_ready() and channel.exit_status >= 0
    return Executed(
        out.decode("utf-8", "replace"),
        err.decode("utf-8", "replace"),
        channel.exit_status if known else None,
        timed_out,
    )


def _drained(channel: paramiko.Channel) -> bool:
    ended = bool(channel.eof_received or channel.closed)
    return ended and not channel.recv_ready() and not channel.recv_stderr_ready()
