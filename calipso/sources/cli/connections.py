"""The SSH connections of one scan in one process, one for each host.

A host is reached through the gateway (a forwarded channel, no shell on the gateway), or directly.
The gateway itself is recognised by any of its names, so that no hop is made from it to itself.
How many sessions a host carries at once is limited over all workers; a connection that is only
kept for later questions closes when another worker waits.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from calipso.errors import CliAccessError, ErrorKind
from calipso.limits import standstill
from calipso.limits.calls import Bounds
from calipso.limits.limits import limits
from calipso.model.environment import CliHost, CliSection, Environment
from calipso.model.hosts import same_host
from calipso.settings import Settings, settings
from calipso.sources.cli.known_hosts import KnownHosts, known_hosts_path
from calipso.sources.cli.problems import no_session
from calipso.sources.cli.ssh import Account, SshConnection
from calipso.sources.cli.ssh_login import connect, is_late

#: Most connections kept open for later questions; beyond that they close after their bundle.
MOST_KEPT = 64
GATEWAY = "gateway"
_NAMES = "uname -n; hostname -I"

Lookup = Callable[[str], Mapping[str, Any]]
#: Name of a limit, how many at once, and who is called when others wait.
Limit = tuple[str, int, Callable[[], None]]


class HostConnections:
    """Opens and keeps connections. Thread safe: one lock per host."""

    def __init__(
        self,
        environment: Environment,
        lookup: Lookup = lambda _host: {},
        count: Callable[[str], None] = lambda _what: None,
        config: Settings | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self.environment = environment
        self.section = environment.section(CliSection)
        self.config = config or settings()
        self._lookup = lookup
        self._count = count
        self._known_hosts = KnownHosts(
            known_hosts_path(environment.name, self.section, self.config),
            accept_new=self.section.accept_new_hosts,
        )
        self._lock = threading.Lock()
        self._host_locks: dict[str, threading.Lock] = {}
        self._open: dict[str, SshConnection] = {}
        self._gateway_lock = threading.Lock()
        self._gateway: SshConnection | None = None
        self._gateway_error: CliAccessError | None = None
        self._gateway_again = 0.0  # when it may be tried again
        self._gateway_names: set[str] = set()
        self._connecting = 0

    def get(self, host: str) -> SshConnection:
        """An open connection to a host. Raises CliAccessError."""
        if not self.section.direct:
            gateway = self.gateway()
            if self.is_gateway(host):
                return gateway
        with self._lock:
            lock = self._host_locks.setdefault(host, threading.Lock())
        with lock:
            kept = self._kept(host)
            if kept is not None:
                return kept
            opened = self._connect(host)
            with self._lock:
                self._open[host] = opened
            return opened

    def release(self, host: str) -> None:
        """Say that a host has been asked what the scan needs; frees it when many are open."""
        with self._lock:
            surplus = self._open.pop(host, None) if len(self._open) > MOST_KEPT else None
        if surplus is not None:
            surplus.close()

    def sudo_for(self, connection: SshConnection) -> bool:
        """True when commands on this connection need sudo."""
        return self.section.sudo and connection.account.user != "root"

    def gateway(self) -> SshConnection:
        """The connection to the gateway; a failed login is not tried again in this scan.

        If all its sessions were in use, the next attempt comes after `slot_wait` more seconds; if
        this process stood still meanwhile, at once.
        """
        with self._gateway_lock:
            if self._gateway is not None:
                if self._gateway.alive:
                    self._gateway.touch()
                    return self._gateway
                self._gateway.close()
                self._gateway = None
            if self._gateway_error is not None and time.monotonic() < self._gateway_again:
                raise self._gateway_error
            section, began = self.section, standstill.begin()
            account = Account(section.host, section.port, section.user, section.pwd, section.key)
            try:
                self._gateway = self._open_gateway(account)
                self._gateway_names = {section.host.lower(), *self._names_of(self._gateway)}
            except CliAccessError as error:
                error.host = GATEWAY
                self._gateway_error = error
                pause = self.config.slot_wait if error.retryable else math.inf
                if standstill.stood_still(began):
                    pause = 0.0
                self._gateway_again = time.monotonic() + pause
                raise
            return self._gateway

    def is_gateway(self, host: str) -> bool:
        """True when the host is the gateway under one of its names or addresses."""
        return any(same_host(host, name) for name in self._gateway_names)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            opened, self._open = list(self._open.values()), {}
        for connection in opened:
            connection.close()
        with self._gateway_lock:
            if self._gateway is not None:
                self._gateway.close()
                self._gateway = None

    def make_way(self, host: str) -> None:
        """Close the connection to a host unless it is in use: another worker waits."""
        with self._lock:
            kept = self._open.get(host)
            if kept is None or not kept.idle:
                return
            del self._open[host]
        kept.close()

    def make_way_on_gateway(self) -> None:
        """Close what is idle, and the gateway's connection when nothing goes through it."""
        with self._lock:
            hosts = list(self._open)
        for host in hosts:
            self.make_way(host)
        if not self._gateway_lock.acquire(blocking=False):
            return  # it is being opened or closed
        try:
            gateway = self._gateway
            with self._lock:
                used = bool(self._open) or self._connecting
            if gateway is not None and not used and gateway.idle:
                self._gateway = None
                gateway.close()
        finally:
            self._gateway_lock.release()

    # -- one host ----------------------------------------------------------------------

    def _kept(self, host: str) -> SshConnection | None:
        """The connection that is open already; one that broke is closed."""
        with self._lock:
            kept = self._open.get(host)
            if kept is not None and kept.alive:
                kept.touch()
                return kept
            self._open.pop(host, None)
        if kept is not None:
            kept.close()
        return None

    def _connect(self, host: str) -> SshConnection:
        """Try the host's name and its address; after a name that leads nowhere, the next one."""
        via = None if self.section.direct else self.gateway()
        failed: CliAccessError | None = None
        for account in self._accounts(host):
            try:
                return self._open_host(host, account, via)
            except CliAccessError as error:
                failed = failed or error
                if error.kind is not ErrorKind.UNREACHABLE or is_late(error.__cause__):
                    break
        if failed is None:
            raise ValueError(f"{host}: no address")
        raise failed

    def _open_host(self, host: str, account: Account, via: SshConnection | None) -> SshConnection:
        limit, wanted = self.config.ssh_host_sessions, partial(self.make_way, host)
        with self._lock:
            self._connecting += 1
        try:
            return self._open_one(host, account, via, (place_of(account, via), limit, wanted))
        finally:
            with self._lock:
                self._connecting -= 1

    def _open_gateway(self, account: Account) -> SshConnection:
        limit, place = self.config.ssh_gateway_sessions, f"gateway {place_of(account, None)}"
        asked = (place, limit, self.make_way_on_gateway)
        return self._open_one(f"{GATEWAY} {account.address}", account, None, asked)

    def _open_one(
        self, host: str, account: Account, via: SshConnection | None, limit: Limit
    ) -> SshConnection:
        place, most, wanted = limit
        try:
            slot = limits(self.config).take(f"ssh {place}", most, self.config.slot_wait, wanted)
        except TimeoutError as error:
            raise no_session(host, str(error), self.config.slot_wait) from error
        self._count("ssh_sessions")
        timeout = self.config.ssh_connect_timeout
        try:
            return connect(
                host, account, self._known_hosts, timeout, via, slot.release, self._bounds
            )
        except BaseException:
            slot.release()
            raise

    def _accounts(self, host: str) -> list[Account]:
        section, own = self.section, self._own(host)
        given = bool(own.pwd or own.key)
        is_master = not own.host and same_host(host, section.host)
        addresses = [own.host] if own.host else self._addresses(host)
        return [
            Account(
                address=address,
                port=own.port or (section.port if is_master else section.host_port),
                user=own.user or section.user,
                pwd=own.pwd if given else section.pwd,
                key=own.key if given else section.key,
            )
            for address in addresses
        ]

    def _own(self, host: str) -> CliHost:
        """The host's entry in CLI.hosts, also under its short or full name."""
        hosts = self.section.hosts
        if host in hosts:
            return hosts[host]
        return next((entry for name, entry in hosts.items() if same_host(name, host)), CliHost())

    def _addresses(self, host: str) -> list[str]:
        """The gateway knows hosts by name; elsewhere the address that Nova gives goes first."""
        if same_host(host, self.section.host):
            return [self.section.host]
        address = str(self._lookup(host).get("ip_address") or "")
        both = [address, host] if self.section.direct else [host, address]
        return [item for item in both if item]

    def _names_of(self, connection: SshConnection) -> set[str]:
        said = connection.execute(_NAMES, self.config.ssh_connect_timeout)
        return {word.lower() for word in said.out.split()}


def place_of(account: Account, via: SshConnection | None) -> str:
    """Name of a host's limit: the same for all who reach it at this address, the same way."""
    through = f" via {via.account.address}:{via.account.port}" if via else ""
    return f"{account.address}:{account.port}{through}"
