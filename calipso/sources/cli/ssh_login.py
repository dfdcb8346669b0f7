"""Logging in to a host by SSH, and why it failed, with a hint."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable

import paramiko

from calipso.errors import AccessError, CliAccessError, ErrorKind
from calipso.limits.calls import Bounds, Call
from calipso.limits.dial import dial
from calipso.sources.cli.known_hosts import KnownHosts, UnknownHostKey
from calipso.sources.cli.private_keys import private_key
from calipso.sources.cli.ssh import Account, SshConnection
from calipso.sources.cli.ssh_transport import bounded_transport

KEEPALIVE = 15
#: Seconds that the thread of a connection that failed may take to end.
THREAD_ENDS = 1.0
#: A login may take this many times `ssh_connect_timeout`, from the first byte to the last.
LOGIN_FACTOR = 4


class SilentServer(paramiko.SSHException):
    """The server accepted the connection and did not finish the SSH handshake in time."""


def connect(
    host: str,
    account: Account,
    known_hosts: KnownHosts,
    timeout: float,
    via: SshConnection | None = None,
    on_close: Callable[[], None] = lambda: None,
    bounds: Bounds | None = None,
) -> SshConnection:
    """Connect and log in, directly or through another host. Raises CliAccessError.

    `on_close` is called when the connection is closed, not when there is none. `bounds`: those of
    the scan or test that asks.
    """
    client, began, bounds = paramiko.SSHClient(), math.inf, bounds or Bounds()
    name = account.address if account.port == 22 else f"[{account.address}]:{account.port}"
    try:
        known_hosts.prepare(client, name)
        with bounds.call(f"SSH {host}", LOGIN_FACTOR * timeout) as call:
            sock = _opened(account, via, timeout, call)
            began = time.monotonic()
            _log_in(client, host, account, sock, timeout)
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE)
        return SshConnection(client, host, account, on_close, bounds)
    except CliAccessError:
        _give_up(client)
        raise
    except AccessError as error:  # workers may not connect there
        _give_up(client)
        message = f"{host}: SSH to {account!r}: {error.message}"
        raise CliAccessError(message, kind=error.kind, hint=error.hint, host=host) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        _give_up(client)
        # paramiko reports a server that accepts and is then silent like one that hangs up, or as
        # "No existing session": only the time shows which it is
        if type(error) is paramiko.SSHException and time.monotonic() - began >= timeout:
            error = SilentServer("it accepts connections, then says nothing")
        raise _failure(host, account, error, via, str(known_hosts.path)) from error


def _opened(
    account: Account, via: SshConnection | None, timeout: float, call: Call
) -> socket.socket | paramiko.Channel:
    """The way to the sshd of a host; small packets of a login must not wait for more."""
    if via is None:
        return dial(account.address, account.port, timeout, call)
    channel = via.tunnel(account.address, account.port, timeout)
    call.watch(channel.close)
    return channel


def _log_in(
    client: paramiko.SSHClient,
    host: str,
    account: Account,
    sock: socket.socket | paramiko.Channel,
    timeout: float,
) -> None:
    try:
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
            transport_factory=bounded_transport,
        )
    except BaseException:
        sock.close()
        raise


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
