"""Sections of an environment's `configuration`: how to reach each source of one cloud.

Names and keys are those of the original `environments_config`. Additions (TLS, domains, ports of
SSH, accounts per host) have defaults, so documents of the original load.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from calipso.model.openstack_section import OpenStackSection
from calipso.model.ovn_section import OvnSection
from calipso.model.section_base import (
    Port,
    Secret,
    Section,
    Strict,
    check_host,
    is_path_key,
    is_secret_key,
)


class MysqlCell(Strict):
    """How to reach the database of one cell of Nova when it differs (`mysql.cells`)."""

    host: str = ""
    port: Port | None = None
    user: str = ""
    pwd: Secret = ""
    schema_: str = Field(default="", alias="schema")

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        return check_host(value) if value else value


class MysqlSection(Section):
    """The MySQL server of the controllers. Read only."""

    name: Literal["mysql"] = "mysql"
    host: str
    port: Port = 3306
    user: str
    pwd: Secret = ""
    schema_: str = Field(default="nova", alias="schema")
    connect_timeout: float = Field(default=5.0, gt=0, le=120)
    use_tls: bool = False
    ca_file: str = ""
    cells: dict[str, MysqlCell] = Field(default_factory=dict)  # key: name of the cell


class AciSection(Section):
    """The APIC of a Cisco ACI fabric, over HTTPS. Read only; used when `aci_enabled` is true."""

    name: Literal["ACI"] = "ACI"
    host: str
    port: Port = 443
    user: str
    pwd: Secret
    ca_file: str = ""
    insecure: bool = False  # do not check its certificate


class CliHost(Strict):
    """How to reach one host that differs from the other hosts (`CLI.hosts`)."""

    name: str = ""  # the original repeats the section's name here
    host: str = ""
    port: Port | None = None
    user: str = ""
    pwd: Secret = ""
    key: str = ""

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        return check_host(value) if value else value


class CliSection(Section):
    """SSH: the gateway (master host) and the account on it and on each host."""

    name: Literal["CLI"] = "CLI"
    host: str
    port: Port = 22
    user: str
    pwd: Secret = ""
    key: str = Field(default="", validate_default=True)
    direct: bool = False  # connect to each host at its own address instead of through the gateway
    host_port: Port = 22
    sudo: bool = True  # use `sudo -n` when the user is not root
    known_hosts: str = ""  # file; empty: one in the data directory
    accept_new_hosts: bool = False  # trust the key of a host at first contact
    hosts: dict[str, CliHost] = Field(default_factory=dict)

    @field_validator("key")
    @classmethod
    def _some_credential(cls, value: str, info: ValidationInfo) -> str:
        if not value and not info.data.get("pwd", "?"):
            raise ValueError("CLI needs pwd or key")
        if value and not value.startswith(("/", "~")):
            raise ValueError("expected the absolute path of a private key file")
        return value


#: Sections of sources that no scan of OpenStack reads: required and optional keys.
OTHER_KEYS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "AMQP": (
        frozenset({"host", "port", "user", "pwd"}),
        frozenset({"vhost", "use_tls", "ca_file", "failover", "exchanges", "topics"})
        | {"heartbeat", "more"},
    ),
    "Monitoring": (
        frozenset(
            {"type", "server_ip", "server_name", "rabbitmq_port", "rabbitmq_user"}
            | {"rabbitmq_pass", "api_port", "config_folder", "env_type", "provision"}
        ),
        frozenset({"ssh_port", "ssh_user", "ssh_password", "install_monitoring_client"}),
    ),
    "NFV_provider": (frozenset({"host", "port", "user", "pwd", "nfv_token"}), frozenset()),
    "Kubernetes": (frozenset({"host", "port", "user", "token"}), frozenset()),
}


class OtherSection(Section):
    """A section for another part of Calipso (AMQP, Monitoring, ...), kept as given."""

    model_config = ConfigDict(extra="allow")

    name: Literal["AMQP", "Monitoring", "NFV_provider", "Kubernetes", "VMware", "Bare-metal"]

    @model_validator(mode="after")
    def _keys(self) -> OtherSection:
        given = dict(self.model_extra or {})
        required, optional = OTHER_KEYS.get(self.name, (frozenset(), frozenset(given)))
        problems = [f"{key} is missing" for key in sorted(required - given.keys())]
        problems += [f"{key} is unknown" for key in sorted(given.keys() - required - optional)]
        wanted = {key: _expected(key, value) for key, value in given.items()}
        if self.name in OTHER_KEYS:  # other sections may have any field
            problems += [f"{key}: expected {what}" for key, what in wanted.items() if what]
        if problems:
            raise ValueError(", ".join(problems))
        return self


#: Fields of AMQP that are lists of text.
_LISTS = ("failover", "exchanges", "topics")
#: Fields that each broker in `more` of AMQP may have for itself.
_BROKER = frozenset({"host", "port", "user", "pwd", "vhost", "use_tls", "ca_file"}) | {*_LISTS}


def _expected(key: str, value: object) -> str:
    """Return what a field of such a section should be; empty if it is valid."""
    if key == "more":
        return _expected_of_brokers(value)
    if key in _LISTS and not (isinstance(value, list) and all(map(_is_text, value))):
        return "a list of text"
    if key == "heartbeat" and not (isinstance(value, int) and 1 <= value <= 3600):
        return "seconds, 1-3600"
    if key.endswith("port") and not _is_port(value):
        return "a port, 1-65535"
    if key in ("use_tls", "insecure") and not isinstance(value, bool):
        return "true or false"
    if (is_secret_key(key) or is_path_key(key) or key == "vhost") and not _is_text(value):
        return "text"
    if key in ("host", "server_ip"):
        try:
            check_host(str(value))
        except ValueError as error:
            return str(error).removeprefix("expected ")
    return ""


def _expected_of_brokers(value: object) -> str:
    """Return what `more` of AMQP should be: other brokers by name, with what differs in each."""
    if not isinstance(value, dict):
        return "an object: name of a broker -> its fields"
    for name, broker in value.items():
        if not isinstance(broker, dict):
            return f"an object for {name}"
        for key, field in broker.items():
            wanted = _expected(key, field) if key in _BROKER else "no such field"
            if wanted:
                return f"for {name}.{key} {wanted}"
    return ""


def _is_text(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_port(value: object) -> bool:
    return str(value).isdecimal() and 1 <= int(str(value)) <= 65535


AnySection = Annotated[
    OpenStackSection | MysqlSection | CliSection | OvnSection | AciSection | OtherSection,
    Discriminator("name"),
]

SECTIONS: dict[str, type[Section]] = {
    "OpenStack": OpenStackSection,
    "mysql": MysqlSection,
    "CLI": CliSection,
    "ACI": AciSection,
    "OVN": OvnSection,
}
SECTIONS.update(dict.fromkeys((*OTHER_KEYS, "VMware", "Bare-metal"), OtherSection))
