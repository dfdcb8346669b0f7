"""Section `OVN` of an environment: how to reach the databases of OVN. All of it is optional.

Without `nb_connection` and `sb_connection` they are asked by SSH, on a controller, as root: that
needs no port, no certificate and no password.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from calipso.model.section_base import Section, check_host

#: `tcp:10.0.0.1:6641`, `ssl:[2001:db8::1]:6642`: as OVN's own tools and Neutron write it.
_REMOTE = re.compile(r"(tcp|ssl):(?:\[([0-9A-Fa-f:.%]+)\]|([^:\[\]\s]+)):([0-9]{1,5})")

#: Words of a command line that need no quotes; the prefix is run by a shell.
_PREFIX = re.compile(r"[A-Za-z0-9_./:=@ -]*")


class Remote:
    """One server of a database: `kind` is tcp or ssl."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for what is no such address."""
        found = _REMOTE.fullmatch(text)
        if not found or not 1 <= int(found[4]) <= 65535:
            raise ValueError(f"{text[:60]!r}: expected tcp:<host>:<port> or ssl:<host>:<port>")
        self.kind, self.host, self.port = found[1], check_host(found[2] or found[3]), int(found[4])

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}:{host}:{self.port}"


def remotes(text: str) -> list[Remote]:
    """The servers of a list with commas. Raises ValueError."""
    return [Remote(part.strip()) for part in text.split(",") if part.strip()]


class OvnSection(Section):
    """Where the northbound and the southbound database are, and how to ask them."""

    name: Literal["OVN"] = "OVN"
    hosts: list[str] = Field(default_factory=list)  # asked by SSH, in this order
    command_prefix: str = ""  # before each command there, as `docker exec ovn_nb_db`
    nb_socket: str = ""
    sb_socket: str = ""
    nb_connection: str = ""
    sb_connection: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure: bool = False  # do not check the certificate of a server
    timeout: int = Field(default=60, ge=1, le=600)  # seconds for one command or request

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, value: list[str]) -> list[str]:
        return [check_host(host) for host in value]

    @field_validator("command_prefix")
    @classmethod
    def _words(cls, value: str) -> str:
        if not _PREFIX.fullmatch(value):
            raise ValueError("expected a command of plain words, such as docker exec ovn_nb_db")
        return value.strip()

    @field_validator("nb_socket", "sb_socket", "ca_file", "cert_file", "key_file")
    @classmethod
    def _path(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError("expected an absolute path")
        return value

    @field_validator("nb_connection", "sb_connection")
    @classmethod
    def _connection(cls, value: str) -> str:
        remotes(value)
        return value

    @model_validator(mode="after")
    def _both(self) -> OvnSection:
        if bool(self.nb_connection) != bool(self.sb_connection):
            raise ValueError("nb_connection and sb_connection belong together")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together")
        return self

    def by_network(self) -> bool:
        """True where the databases are asked by TCP or SSL, without SSH."""
        return bool(self.nb_connection)
