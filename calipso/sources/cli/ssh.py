"""SSH to one host: connect, run a command, and turn failures into errors with a hint."""

from __future__ import annotations

import logging
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import paramiko

from calipso.errors import CliAccessError, ErrorKind
from calipso.sources.cli.known_hosts import KnownHosts, UnknownHostKey
from calipso.sources.cli.private_keys import private_key

log = logging.getLogger(__name__)

# Everything paramiko logs as an error is also raised to us.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

#: Seconds without a question after which a connection counts as idle.
IDLE_AFTER = 5.0
#: Maximum bytes of the answer to one command line; a host that sends more is cut off.
MOST_BYTES = 64 * 1024 * 1024
KEEPALIVE = 15
#: Seconds that the thread of a connection that failed may take to end.
THREAD_ENDS = 1.0
_CHUNK = 1 << 16


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


class SilentServer(paramiko.SSHException):
    """The server accepted the connection and did not finish the SSH handshake in time."""


class SshConnection:
    """An open connection. Several threads may run commands on it at once."""

    def __init__(
        self,
        client: paramiko.SSHClient,
        host: str,
        account: Account,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
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
        try:
            if transport is None:
                raise paramiko.SSHException("connection is closed")
            with transport.open_session(timeout=timeout) as channel:
                channel.settimeout(timeout)
                channel.exec_command(command_line)
                channel.shutdown_write()
                return _collect(channel, deadline)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise CliAccessError(
                f"{self.host}: the connection broke before a command could run: {error}",
                kind=ErrorKind.TRUNCATED,
                hint="Look at the host's sshd log; a ForceCommand or MaxSessions may refuse it.",
                host=self.host,
            ) from error

    def put(self, path: str, text: str) -> None:
        """Write a new file by SFTP, which only the login may read. Raises CliAccessError."""
        try:
            with self._client.open_sftp() as sftp, sftp.open(path, "wx") as file:
                sftp.chmod(path, 0o600)
                file.set_pipelined(True)
                file.write(text)
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


def _collect(channel: paramiko.Channel, deadline: float) -> Executed:
    """Read both streams until the channel closes, the time is up, or too much was said."""
    out, err, size, timed_out = bytearray(), bytearray(), 0, False
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while size < MOST_BYTES:
            while channel.recv_ready():
                out += channel.recv(_CHUNK)
            while channel.recv_stderr_ready():
                err += channel.recv_stderr(_CHUNK)
            size = len(out) + len(err)
            if _drained(channel):
                break
            left = deadline - time.monotonic()
            if left <= 0:
                timed_out = True
                break
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


def connect(
    host: str,
    account: Account,
    known_hosts: KnownHosts,
    timeout: float,
    via: SshConnection | None = None,
    on_close: Callable[[], None] = lambda: None,
) -> SshConnection:
    """Connect and log in, directly or through another host. Raises CliAccessError.

    `on_close` is called when the connection is closed, not when there is none.
    """
    client, began = paramiko.SSHClient(), math.inf
    name = account.address if account.port == 22 else f"[{account.address}]:{account.port}"
    try:
        known_hosts.prepare(client, name)
        sock = via.tunnel(account.address, account.port, timeout) if via else None
        began = time.monotonic()
        client.connect(
            account.address,
            port=account.port,
            username=account.user,
            password=account.pwd or None,
            pkey=private_key(host, account.key),
            sock=sock,
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
            channel_timeout=timeout,
            allow_agent=False,
            look_for_keys=False,
        )
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE)
            # small packets of a login to the next host must not wait for more
            if isinstance(transport.sock, socket.socket):
                transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return SshConnection(client, host, account, on_close)
    except CliAccessError:
        _give_up(client)
        raise
    except (paramiko.SSHException, OSError, EOFError) as error:
        _give_up(client)
        # paramiko reports a server that accepts and is then silent like one that hangs up, or as
        # "No existing session": only the time shows which it is
        if type(error) is paramiko.SSHException and time.monotonic() - began >= timeout:
            error = SilentServer("it accepts connections, then says nothing")
        raise _failure(host, account, error, via, str(known_hosts.path)) from error


def _give_up(client: paramiko.SSHClient) -> None:
    """Close a client that could not log in, and let its thread end.

    The thread closes the channel through the gateway, so the gateway must still be there.
    """
    transport = client.get_transport()
    client.close()
    if transport is not None and transport.is_alive():
        transport.join(THREAD_ENDS)


def _failure(
    host: str,
    account: Account,
    error: BaseException,
    via: SshConnection | None,
    known_hosts: str,
) -> CliAccessError:
    """Why a connect failed, with what to do about it."""
    kind, what, hint = _reason(error, account, via, known_hosts)
    through = f" through {via.host}" if via else ""
    return CliAccessError(
        f"{host}: SSH to {account!r}{through}: {what}", kind=kind, hint=hint, host=host
    )


def _reason(
    error: BaseException, account: Account, via: SshConnection | None, known_hosts: str
) -> tuple[ErrorKind, str, str]:
    if isinstance(error, UnknownHostKey):
        what = f"its host key {error.key.get_name()} {error.key.fingerprint} is not known"
        return (
            ErrorKind.HOST_KEY,
            what,
            f"Compare the fingerprint on the host, then add the key to {known_hosts} "
            "(ssh-keyscan prints it), or set CLI.accept_new_hosts.",
        )
    if isinstance(error, paramiko.BadHostKeyException):
        what = f"its host key has changed: it is now {error.key.fingerprint}"
        hint = f"If the host was reinstalled, remove its old line from {known_hosts}."
        return ErrorKind.HOST_KEY, what, hint
    if isinstance(error, paramiko.AuthenticationException):
        if "timeout" in str(error).lower():
            return ErrorKind.TIMEOUT, "no answer to the login", "Is the host overloaded?"
        what = f"login refused for user {account.user}"
        return ErrorKind.LOGIN_FAILED, what, "Check user, and pwd or key, of the CLI section."
    if isinstance(error, socket.gaierror):
        hint = "Give its address in CLI.hosts of the environment."
        return ErrorKind.UNREACHABLE, f"{account.address} cannot be resolved", hint
    if isinstance(error, paramiko.ChannelException):
        hint = f"Can {via.host if via else 'the gateway'} reach it, and does its sshd forward TCP?"
        return ErrorKind.UNREACHABLE, f"gateway says: {error.text or error}", hint
    if isinstance(error, SilentServer):
        hint = "Its sshd hangs, or it is out of memory or processes: look at the host's console."
        return ErrorKind.UNREACHABLE, str(error), hint
    if is_late(error):
        hint = "Is the host up, and does a firewall let SSH through?"
        return ErrorKind.UNREACHABLE, "no answer within the time allowed", hint
    text = str(error) or type(error).__name__
    return ErrorKind.UNREACHABLE, text, "Is the host up, and does sshd run there?"


def is_late(error: BaseException | None) -> bool:
    """True when nothing answered in time (paramiko says so in words only)."""
    words = str(error).lower()
    late = isinstance(error, TimeoutError | SilentServer)
    return late or "timed out" in words or "timeout" in words
