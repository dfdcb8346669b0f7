"""A real sshd on loopback with accounts of its own, in private namespaces.

Nothing of the machine changes: the accounts are bind-mounted over /etc/passwd and /etc/shadow in
the server's own mount namespace, its host name is set in its own UTS namespace.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
PASSWORD = "a;b $(c) ä"  # must survive as it is
#: Accounts: both may log in; `scan` may use sudo, `nosudo` may not.
USERS = ("scan", "nosudo")

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication yes
AuthorizedKeysFile {folder}/authorized_keys
Banner {folder}/banner
SetEnv PATH={folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=de_DE.UTF-8
MaxStartups 100
{more}
"""

_START = """\
mount --bind {folder}/passwd /etc/passwd && mount --bind {folder}/shadow /etc/shadow || exit
mount -t tmpfs none /run && mkdir -p /run/sshd && hostname {name} || exit
exec {sshd} -D -e -f {folder}/config
"""

_SUDO = """\
#!/bin/sh
if [ "$(id -un)" = nosudo ]; then echo "sudo: a password is required" >&2; exit 1; fi
shift 2
SUDO_USED=yes exec "$@"
"""

_BASHRC = """\
echo "Willkommen! Unauthorised use is prohibited."
echo "motd on stderr" >&2
export LC_MESSAGES=de_DE.UTF-8
"""


def why_not() -> str:
    """Why no sshd can be started here; empty when it can."""
    if SSHD is None:
        return "no sshd: install openssh-server"
    if os.geteuid() != 0:
        return "starting an sshd with accounts of its own needs root"
    if shutil.which("openssl") is None:
        return "no openssl: it makes the password hashes"
    tried = subprocess.run(["unshare", "-m", "-u", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine allows no namespaces"


@dataclass
class Sshd:
    """A running server."""

    folder: Path
    port: int
    name: str
    process: subprocess.Popen[bytes]

    @property
    def key(self) -> str:
        """Path of a private key that every account accepts."""
        return str(self.folder / "client_key")

    @property
    def known_hosts_line(self) -> str:
        """The server's line in a known hosts file."""
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"

    def log(self) -> str:
        """What the server wrote."""
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def sshd(folder: Path, name: str = "node-1.example.org", more: str = "") -> Iterator[Sshd]:
    """Start a server, end it afterwards."""
    folder.mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    _write(folder, port, more)
    script = _START.format(folder=folder, name=name, sshd=SSHD)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "-m", "-u", "--propagation", "private", "sh", "-c", script],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    server = Sshd(folder, port, name, process)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _write(folder: Path, port: int, more: str) -> None:
    for name in ("host_key", "client_key"):
        if not (folder / name).exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
                check=True,
            )
    shutil.copy(folder / "client_key.pub", folder / "authorized_keys")
    (folder / "banner").write_text("*** Banner before login ***\n")
    (folder / "config").write_text(_CONFIG.format(folder=folder, port=port, more=more))
    _accounts(folder)
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin").chmod(0o755)
    (folder / "bin" / "sudo").write_text(_SUDO)
    (folder / "bin" / "sudo").chmod(0o755)
    for path in (folder, *folder.parents):  # the accounts must get at their homes
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)


def _accounts(folder: Path) -> None:
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=PASSWORD.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    passwd = Path("/etc/passwd").read_text()
    shadow = [f"{line.split(':')[0]}:*:19000:0:99999:7:::" for line in passwd.splitlines()]
    for number, user in enumerate(USERS):
        home = folder / "home" / user
        home.mkdir(parents=True, exist_ok=True)
        (home / ".bashrc").write_text(_BASHRC)
        for path, mode in ((home.parent, 0o755), (home, 0o755), (home / ".bashrc", 0o644)):
            path.chmod(mode)  # whatever the umask is: commands of Calipso set it
        passwd += f"{user}:x:{23001 + number}:65534::{home}:/bin/bash\n"
        shadow.append(f"{user}:{hashed.strip()}:19000:0:99999:7:::")
    (folder / "passwd").write_text(passwd)
    (folder / "passwd").chmod(0o644)
    (folder / "shadow").write_text("\n".join(shadow) + "\n")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(server: Sshd) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=1) as sock:
                sock.settimeout(5)
                if sock.recv(4) == b"SSH-":
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"sshd did not start:\n{server.log()}")


def fingerprint(server: Sshd) -> str:
    """Fingerprint of the server's host key."""
    key = paramiko.PKey.from_path(server.folder / "host_key")
    return str(key.fingerprint)
