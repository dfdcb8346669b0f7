"""Network namespaces on a bridge: each stands for a worker host with an address of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

#: Names carry our pid, so that two runs do not collide and leftovers can be recognised.
TAG = f"c{os.getpid() % 1_000_000}"


def why_not() -> str:
    """Why no worker hosts can be made here; empty when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "no `ip`: install iproute2"
    name = f"{TAG}-try"
    tried = subprocess.run(
        ["ip", "netns", "add", name], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        return f"no network namespace can be made here: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return ""


def ip(*words: str) -> str:
    """Run `ip`; returns what it printed."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@dataclass
class Host:
    """One namespace with one link to the bridge."""

    name: str
    namespace: str
    link: str
    address: str

    def command(self, words: list[str]) -> list[str]:
        """A command that runs there, under a host name of its own."""
        script = f'hostname {self.name} && exec "$@"'
        inside = ["unshare", "--uts", "sh", "-c", script, "sh", *words]
        return ["ip", "netns", "exec", self.namespace, *inside]

    def cut(self) -> None:
        """Take its link down: no packet comes or goes, and nobody gets an error."""
        ip("link", "set", self.link, "down")

    def mend(self) -> None:
        """The link is back."""
        ip("link", "set", self.link, "up")


@dataclass
class Network:
    """A bridge, which is also the address of stores and cloud, and the hosts on it."""

    bridge: str = f"{TAG}br"
    prefix: str = ""
    hosts: list[Host] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the worker hosts reach this machine."""
        return f"{self.prefix}.1"

    def __enter__(self) -> Network:
        self.prefix = _free_prefix()
        try:
            ip("link", "add", self.bridge, "type", "bridge")
            ip("addr", "add", f"{self.address}/24", "dev", self.bridge)
            ip("link", "set", self.bridge, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.hosts:
            _quiet("netns", "del", host.namespace)
            _quiet("link", "del", host.link)
        _quiet("link", "del", self.bridge)

    def add_host(self, name: str) -> Host:
        """A new worker host."""
        number = len(self.hosts)
        address = f"{self.prefix}.{10 + number}"
        host = Host(name, f"{TAG}-{name}", f"{TAG}v{number}", address)
        self.hosts.append(host)
        inside = f"{TAG}p{number}"
        ip("netns", "add", host.namespace)
        ip("link", "add", host.link, "type", "veth", "peer", "name", inside)
        ip("link", "set", host.link, "master", self.bridge, "up")
        ip("link", "set", inside, "netns", host.namespace, "name", "eth0")
        for words in (
            ["link", "set", "lo", "up"],
            ["addr", "add", f"{address}/24", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
        ):
            ip("-n", host.namespace, *words)
        return host


def leftovers() -> list[str]:
    """Interfaces and namespaces with our names that are still there."""
    links = [line.split(":")[1].strip().split("@")[0] for line in ip("-o", "link").splitlines()]
    spaces = [line.split()[0] for line in ip("netns", "list").splitlines() if line]
    return [name for name in (*links, *spaces) if name.startswith(TAG)]


def _free_prefix() -> str:
    taken = Path("/proc/net/fib_trie").read_text(encoding="utf-8")
    for number in range(88, 120):
        if f"10.88.{number - 88}.0" not in taken:
            return f"10.88.{number - 88}"
    raise RuntimeError("10.88.0.0 to 10.88.31.0 are all in use here")


def _quiet(*words: str) -> None:
    subprocess.run(["ip", *words], capture_output=True, check=False)
