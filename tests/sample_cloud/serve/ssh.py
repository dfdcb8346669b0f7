"""The SSH server: a gateway that forwards to hosts, each an SSH server in the same process.

A connection through the gateway costs two handshakes, as in reality; the inner one runs over the
channel of the outer, without a socket. Each connection is one thread; a running command another.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_OPEN,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_SUCCEEDED,
)

from .keys import private_key
from .shell import Shell
from .stage import Stage

#: Key exchange and cipher that cost least CPU here; measured, see docs/sample-cloud.md.
KEX = ("curve25519-sha256@libssh.org",)
CIPHERS = ("aes128-gcm@openssh.com", "aes128-ctr")
#: Round trips of a login: connect, versions and key exchange (2), service, password.
HANDSHAKE_TRIPS = 5
CHUNK = 1 << 20


class HostTransport(paramiko.Transport):
    """One SSH connection to the gateway or to a host."""

    _active_check_timeout = 1.0  # idle connections need not look around ten times a second

    def __init__(self, sock: Any, server: SshServer, host: str, *, gateway: bool) -> None:
        super().__init__(sock)
        self.ssh = server
        self.host = host
        self.gateway = gateway
        self.destinations: dict[int, str] = {}
        self.open_channels: list[paramiko.Channel] = []
        self.accepted_commands: list[threading.Thread] = []
        options = self.get_security_options()
        options.kex = KEX
        options.ciphers = CIPHERS
        self.add_server_key(server.host_key)
        self.set_log_channel("sample_cloud.ssh")
        handlers: dict[int, Any] = vars(self)["_handler_table"]
        self._open_channel = handlers[MSG_CHANNEL_OPEN]
        handlers[MSG_CHANNEL_OPEN] = self._open_unless_blackhole

    def serve(self) -> None:
        """Begin, without waiting for the handshake."""
        self.start_server(event=threading.Event(), server=HostInterface(self))

    def run(self) -> None:
        with suppress(EOFError, OSError):  # the gateway's connection ended before this one
            super().run()

    def _open_unless_blackhole(self, message: paramiko.Message) -> None:
        look = paramiko.Message(message.get_remainder())
        kind = look.get_text()
        for _ in range(3):  # channel, window, packet size
            look.get_int()
        if kind == "direct-tcpip":
            host = self.ssh.host_at(look.get_text())
            if host and self.ssh.stage.faults.at("blackhole-host", host):
                return
        self._open_channel(message)

    def _send_user_message(self, data: paramiko.Message) -> None:
        """A command starts when its acceptance was sent: a quick one would close before it."""
        send: Callable[[paramiko.Message], None] = super()._send_user_message  # type: ignore[misc] # not in the stubs
        send(data)
        if threading.current_thread() is self:
            while self.accepted_commands:
                self.accepted_commands.pop().start()

    def _queue_incoming_channel(self, channel: paramiko.Channel) -> None:
        """A channel was opened: to a host it becomes that host's connection."""
        # The transport itself keeps only weak references to its channels.
        self.open_channels = [each for each in self.open_channels if not each.closed]
        self.open_channels.append(channel)
        host = self.destinations.pop(channel.get_id(), None)
        if host is not None:
            self.ssh.welcome(channel, host, gateway=False)


class HostInterface(paramiko.ServerInterface):
    """Decides about logins and channels of one connection."""

    def __init__(self, transport: HostTransport) -> None:
        self.transport = transport
        self.stage = transport.ssh.stage

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        account = self.stage.ssh
        right = (username, password) == (account.user, account.password)
        refused = self.stage.faults.at("wrong-password", "ssh", self.transport.host)
        return AUTH_SUCCESSFUL if right and not refused else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = username == self.stage.ssh.user and key.get_base64() in self.stage.ssh_keys
        refused = self.stage.faults.at("wrong-password", "ssh", self.transport.host)
        return AUTH_SUCCESSFUL if known and not refused else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if kind == "session":
            return OPEN_SUCCEEDED
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if not self.transport.gateway:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        host = self.transport.ssh.host_at(destination[0])
        if host is None or self.stage.faults.at("dead-host", host):
            return OPEN_FAILED_CONNECT_FAILED
        self.transport.destinations[chanid] = host
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        text = command.decode("utf-8", "surrogateescape")
        arguments = (channel, Shell(self.stage, self.transport.host), text, self.stage.latency)
        run = threading.Thread(target=answer, args=arguments, daemon=True, name="exec")
        self.transport.accepted_commands.append(run)
        return True


def answer(channel: paramiko.Channel, shell: Shell, command: str, latency: float) -> None:
    """Do the steps of a command on a channel."""
    try:
        if latency:
            time.sleep(latency)
        for step in shell.run(command):
            _send(channel, step.err, stderr=True)
            _send(channel, step.out)
            if step.wait and channel.status_event.wait(step.wait) and channel.closed:
                return
            if step.exit is not None:
                channel.send_exit_status(step.exit)
            if step.close:
                break
        channel.close()
    except (OSError, EOFError, paramiko.SSHException):  # whoever asked has gone
        with suppress(OSError, EOFError, paramiko.SSHException):
            channel.close()


def _send(channel: paramiko.Channel, data: bytes, *, stderr: bool = False) -> None:
    send = channel.sendall_stderr if stderr else channel.sendall
    for at in range(0, len(data), CHUNK):
        send(data[at : at + CHUNK])


class SshServer:
    """Listens for the gateway, and in direct mode for each host at its own address."""

    def __init__(self, stage: Stage, *, direct: bool = False) -> None:
        self.stage = stage
        self.host_key = private_key("host key")
        self.client_key = private_key("client key")
        stage.ssh_keys.add(self.client_key.get_base64())
        self.gateway = next(iter(stage.cloud.hosts))
        self._selector = selectors.DefaultSelector()
        self.port = self._listen("127.0.0.1", 0, self.gateway, gateway=True)
        self.host_port = 22
        if direct:
            self.host_port = self._listen_for_hosts()
        logging.getLogger("sample_cloud.ssh").setLevel(logging.CRITICAL)

    def start(self) -> None:
        threading.Thread(target=self._accept_all, daemon=True, name="ssh").start()

    def host_at(self, address: str) -> str | None:
        """The host with this name or management address."""
        hosts = self.stage.cloud.hosts
        if address in hosts:
            return address
        return next((name for name, at in hosts.items() if at == address), None)

    def welcome(self, sock: Any, host: str, *, gateway: bool) -> None:
        """Begin a connection after the time its round trips would take."""
        delay = self.stage.latency * HANDSHAKE_TRIPS
        if delay:
            later = threading.Timer(delay, self.greet, (sock, host), {"gateway": gateway})
            later.daemon = True
            later.start()
        else:
            self.greet(sock, host, gateway=gateway)

    def greet(self, sock: Any, host: str, *, gateway: bool) -> None:
        """Begin a connection to a host on a socket or channel."""
        self.stage.counts.ssh_session("gateway" if gateway else host)
        if self.stage.faults.at("hanging-host", host) and not gateway:
            threading.Thread(target=_swallow, args=(sock,), daemon=True).start()
            return
        try:
            HostTransport(sock, self, host, gateway=gateway).serve()
        except (OSError, EOFError, paramiko.SSHException):
            sock.close()

    # -- listening -----------------------------------------------------------------------

    def _listen(self, address: str, port: int, host: str, *, gateway: bool) -> int:
        listener = socket.create_server((address, port), backlog=256)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, (host, gateway))
        return int(listener.getsockname()[1])

    def _listen_for_hosts(self) -> int:
        port = 0
        for host, address in self.stage.cloud.hosts.items():
            port = self._listen(address, port, host, gateway=False)
        return port

    def _accept_all(self) -> None:
        while True:
            for key, _ in self._selector.select():
                host, gateway = key.data
                try:
                    sock, _ = key.fileobj.accept()  # type: ignore[union-attr]
                except OSError:
                    continue
                sock.setblocking(True)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._accepted(sock, host, gateway=gateway)

    def _accepted(self, sock: socket.socket, host: str, *, gateway: bool) -> None:
        if not gateway and self.stage.faults.at("dead-host", host):
            sock.close()
            return
        self.welcome(sock, host, gateway=gateway)


def _swallow(sock: Any) -> None:
    """Read until the other side gives up; say nothing."""
    try:
        while sock.recv(4096):
            pass
    except OSError:
        pass
