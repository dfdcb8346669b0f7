"""A real OpenLDAP in a temporary directory, on loopback ports, from the system's package."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.sample_cloud.serve.certificates import self_signed

SUFFIX = "dc=example,dc=org"
PEOPLE = f"ou=People,{SUFFIX}"
STAFF = f"ou=Staff,{SUFFIX}"
GROUPS = f"ou=Groups,{SUFFIX}"
READER = f"cn=reader,{SUFFIX}"
READER_PASSWORD = "reader-pass"

CONF = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
include {schemas}/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
TLSCertificateFile {pem}
TLSCertificateKeyFile {pem}
TLSCACertificateFile {pem}
security simple_bind=128
database mdb
maxsize 10485760
suffix "{suffix}"
rootdn "cn=root,{suffix}"
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""

#: uid -> (where, password)
USERS = {
    "anna": (PEOPLE, "anna-pass"),
    "ben": (PEOPLE, "ben-pass"),
    "cleo": (PEOPLE, "cleo-pass"),
    "o'neill, (ops) +1": (PEOPLE, "oneill-pass"),
    "admin": (PEOPLE, "directory-admin-pass"),
    "dora": (STAFF, "dora-pass"),
    "Edda": (PEOPLE, "edda-pass"),
}


def missing() -> str:
    """What keeps slapd from being started here; empty when nothing does."""
    absent = [name for name in ("slapd", "slapadd") if not program(name)]
    return f"{' and '.join(absent)} not installed (apt install slapd)" if absent else ""


def program(name: str) -> str | None:
    """Where it is; servers are in no user's path."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin")


class Slapd:
    """A directory of a few people, with `ldap://` (no bind without TLS) and `ldaps://`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pem = self_signed(folder / "pem")
        self.port, self.tls_port = _free(), _free()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def start(self) -> None:
        (self.folder / "data").mkdir()
        conf = self.folder / "slapd.conf"
        conf.write_text(
            CONF.format(schemas="/etc/ldap/schema", folder=self.folder, pem=self.pem, suffix=SUFFIX)
        )
        ldif = self.folder / "people.ldif"
        ldif.write_text(_ldif(), encoding="utf-8")
        add = [str(program("slapadd")), "-f", str(conf), "-l", str(ldif)]
        subprocess.run(add, check=True, capture_output=True, timeout=60)
        urls = f"{self.url}/ {self.tls_url}/"
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(program("slapd")), "-f", str(conf), "-h", urls, "-d", "0"],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while not all(map(_listens, (self.port, self.tls_port))):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def dn(name: str) -> str:
    """Where a person is."""
    text = name.replace(",", "\\2c").replace("+", "\\2b")
    return f"uid={text},{USERS[name][0]}"


def _ldif() -> str:
    entries = [
        f"dn: {SUFFIX}\nobjectClass: domain\ndc: example",
        f"dn: {READER}\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: "
        + READER_PASSWORD,
    ]
    for place in (PEOPLE, STAFF, GROUPS):
        name = place.split(",")[0].removeprefix("ou=")
        entries.append(f"dn: {place}\nobjectClass: organizationalUnit\nou: {name}")
    for name, (_, password) in USERS.items():
        entries.append(
            f"dn: {dn(name)}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\n"
            f"sn: {name}\nuserPassword: {password}"
        )
    groups = {"net-admins": ["anna"], "net-operators": ["anna", "ben"], "net-viewers": ["cleo"]}
    for group, names in groups.items():
        members = "\n".join(f"member: {dn(name)}" for name in names)
        entries.append(
            f"dn: cn={group},{GROUPS}\nobjectClass: groupOfNames\ncn: {group}\n{members}"
        )
    entries.append(
        f"dn: cn=posix,{GROUPS}\nobjectClass: posixGroup\ncn: posix\ngidNumber: 100\nmemberUid: ben"
        "\nmemberUid: Edda"
    )
    return "\n\n".join(entries) + "\n"
