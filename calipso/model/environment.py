"""An OpenStack deployment and how to reach it: a document of `environments_config`."""

from __future__ import annotations

import difflib
import ipaddress
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from calipso.errors import ConfigError

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")
HOST = re.compile(r"^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$")

Port = Annotated[int, Field(ge=1, le=65535)]


def _check_host(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not HOST.match(value):
            raise ValueError("expected an IPv4 or IPv6 address or a host name") from None
    return value


class Section(BaseModel):
    """One entry of `configuration`; `name` says which source it is for."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str

    @field_validator("host", check_fields=False)
    @classmethod
    def _host(cls, value: str) -> str:
        return _check_host(value)


class OpenStackSection(Section):
    """The OpenStack API: `host`/`port` as in the original, or `auth_url` in full."""

    name: Literal["OpenStack"] = "OpenStack"
    host: str
    port: Port = 5000
    user: str
    pwd: str = Field(default="", json_schema_extra={"secret": True})
    admin_token: str = Field(default="", json_schema_extra={"secret": True})
    admin_project: str = "admin"
    user_domain: str = "Default"
    project_domain: str = "Default"
    auth_url: str = ""
    region: str = ""
    interface: Literal["public", "internal", "admin"] = "public"
    use_tls: bool = False
    ca_file: str = ""
    insecure: bool = False
    endpoint_host: str = ""  # replaces the host of each catalogue URL (port forwards, jump hosts)

    def identity_url(self) -> str:
        """The Keystone v3 URL."""
        if self.auth_url:
            return self.auth_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.use_tls else 'http'}://{host}:{self.port}/v3"


class MysqlSection(Section):
    """The MySQL server of the controllers. Read only."""

    name: Literal["mysql"] = "mysql"
    host: str
    port: Port = 3306
    user: str
    pwd: str = Field(default="", json_schema_extra={"secret": True})
    schema_: str = Field(default="nova", alias="schema")
    connect_timeout: float = Field(default=5.0, gt=0, le=120)
    use_tls: bool = False
    ca_file: str = ""


class CliHost(BaseModel):
    """How to reach one host when it differs from the rest (`CLI.hosts`)."""

    model_config = ConfigDict(extra="forbid")

    host: str = ""
    port: Port | None = None
    user: str = ""
    pwd: str = Field(default="", json_schema_extra={"secret": True})
    key: str = ""


class CliSection(Section):
    """SSH: the gateway (master host) and the account on it and on each host."""

    name: Literal["CLI"] = "CLI"
    host: str
    port: Port = 22
    user: str
    pwd: str = Field(default="", json_schema_extra={"secret": True})
    key: str = ""
    direct: bool = False  # connect to each host at its own address instead of through the gateway
    host_port: Port = 22
    sudo: bool = True  # use `sudo -n` when the user is not root
    known_hosts: str = ""  # file; empty: one in the data directory
    accept_new_hosts: bool = False  # trust the key of a host at first contact
    hosts: dict[str, CliHost] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _some_credential(self) -> CliSection:
        if not self.pwd and not self.key:
            raise ValueError("CLI needs pwd or key")
        return self


class OtherSection(Section):
    """A section no scan of OpenStack reads (AMQP, Monitoring, ACI, ...): kept as given."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    name: Literal["AMQP", "Monitoring", "NFV_provider", "ACI", "Kubernetes", "VMware", "Bare-metal"]
    pwd: str = Field(default="", json_schema_extra={"secret": True})


SECTIONS: dict[str, type[Section]] = {
    "OpenStack": OpenStackSection,
    "mysql": MysqlSection,
    "CLI": CliSection,
} | dict.fromkeys(
    ("AMQP", "Monitoring", "NFV_provider", "ACI", "Kubernetes", "VMware", "Bare-metal"),
    OtherSection,
)

#: Keys whose values are encrypted at rest and never shown.
SECRET_KEYS = frozenset(
    {"pwd", "admin_token", "token", "nfv_token", "rabbitmq_pass", "ssh_password", "key_passphrase"}
)

S = TypeVar("S", bound=Section)


class Environment(BaseModel):
    """One OpenStack deployment, as stored in `environments_config` with secrets decrypted."""

    model_config = ConfigDict(extra="ignore")

    name: str
    environment_type: Literal["OpenStack", "Kubernetes", "VMware", "Bare-metal"] = "OpenStack"
    distribution: str = ""
    distribution_version: str = ""
    mechanism_drivers: list[str] = Field(default_factory=lambda: ["OVS"])
    type_drivers: str = "vxlan"
    configuration: list[Section] = Field(default_factory=list)
    scanned: bool = False
    listen: bool = False
    enable_monitoring: bool = False
    aci_enabled: bool = False
    extra_conditions: dict[str, Any] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError("expected 1-64 letters, digits, spaces, dots, dashes or underscores")
        return value

    @field_validator("mechanism_drivers", mode="before")
    @classmethod
    def _one_driver_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("configuration", mode="before")
    @classmethod
    def _typed_sections(cls, value: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError("expected a list of sections")
        return [_section(position, item) for position, item in enumerate(value)]

    @model_validator(mode="after")
    def _sections_fit(self) -> Environment:
        names = [section.name for section in self.configuration]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"configuration: section {name} is given twice")
        needed = ("OpenStack", "mysql", "CLI") if self.environment_type == "OpenStack" else ()
        missing = [name for name in needed if name not in names]
        if missing:
            raise ValueError(f"configuration: missing section {', '.join(missing)}")
        return self

    def section(self, kind: type[S]) -> S:
        """The configuration section of this kind. Raises ConfigError when there is none."""
        for section in self.configuration:
            if isinstance(section, kind):
                return section
        raise ConfigError(
            f"environment {self.name}: no {kind.__name__.removesuffix('Section')} section",
            hint=f"calipso env show {self.name}",
        )


def _section(position: int, item: Any) -> Section:
    if isinstance(item, Section):
        return item
    name = item.get("name") if isinstance(item, dict) else None
    kind = SECTIONS.get(str(name))
    if kind is None:
        near = difflib.get_close_matches(str(name), SECTIONS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"[{position}].name: {name!r} is not one of {', '.join(SECTIONS)}{hint}")
    try:
        return kind.model_validate(item)
    except ValidationError as error:
        raise ValueError("; ".join(_problems(error, f"{name}.", set(kind.model_fields)))) from None


def _problems(error: ValidationError, prefix: str, known: set[str]) -> list[str]:
    problems = []
    for item in error.errors(include_input=False):
        where = ".".join(str(part) for part in item["loc"])
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(where, known, n=1)
            text = "unknown key" + (f"; did you mean {near[0]}?" if near else "")
        problems.append(f"{prefix}{where}: {text}" if where else f"{prefix.rstrip('.')}: {text}")
    return problems


def parse_environment(document: dict[str, Any]) -> Environment:
    """An Environment from a document; raises ConfigError that names every wrong field."""
    try:
        return Environment.model_validate(document)
    except ValidationError as error:
        name = document.get("name", "?")
        problems = _problems(error, f"environment {name}: ", set(Environment.model_fields))
        raise ConfigError("\n".join(problems), hint="See docs/environments.md.") from None
