"""Sections of an environment's `configuration`: how to reach each source of one cloud.

Names and keys are those of the original `environments_config`; what it lacked (TLS, domains,
ports of SSH, per-host accounts) is added with defaults, so documents written for it load.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

#: A host name: labels of 1-63 characters, 253 in all.
HOST = re.compile(r"(?=.{1,253}\Z)(?!.*\.\.)(?!.*[^.]{64})[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")

Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[str, Field(repr=False)]

#: Keys whose values are encrypted at rest and never shown, wherever they stand.
SECRET_KEYS = frozenset(
    {"pwd", "admin_token", "token", "nfv_token", "rabbitmq_pass", "ssh_password", "key_passphrase"}
    | {"application_credential_secret"}
    | {"password", "passwd", "passphrase", "secret"}  # of sections that may have any field
)
_SECRET_WORDS = re.compile(
    r"(?:password|passwd|passphrase|secret|token|credentials?|(?:api|private|access)_?key)$",
    re.IGNORECASE,
)

#: Keys whose values are paths of files on the machines of the workers, with those in `_file`.
_PATH_KEYS = frozenset({"key", "known_hosts"})


def is_secret_key(key: str) -> bool:
    """True when values under this key are encrypted at rest and never shown."""
    return key.lower() in SECRET_KEYS or bool(_SECRET_WORDS.search(key))


def is_path_key(key: str) -> bool:
    """True when values under this key name files that a worker reads or writes."""
    return key in _PATH_KEYS or key.endswith("_file")


def check_host(value: str) -> str:
    """The value, when it is an address or a host name. Raises ValueError."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not HOST.fullmatch(value):
            raise ValueError("expected an IPv4 or IPv6 address or a host name") from None
    return value


class _Strict(BaseModel):
    """Unknown keys are errors; numbers in YAML may stand for words; secrets stay out of text."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What `repr` shows: fields of the original's open sections may be secrets too."""
        return [
            (key, value) for key, value in super().__repr_args__() if not is_secret_key(str(key))
        ]


class Section(_Strict):
    """One entry of `configuration`; `name` says which source it is for."""

    name: str

    @field_validator("host", check_fields=False)
    @classmethod
    def _host(cls, value: str) -> str:
        return check_host(value)


class OpenStackSection(Section):
    """The OpenStack API: `host`/`port` as in the original, or `auth_url` in full."""

    name: Literal["OpenStack"] = "OpenStack"
    auth_url: str = ""
    host: str = Field(default="", validate_default=True)
    port: Port = 5000
    auth_type: Literal["v3password", "v3token", "v3applicationcredential"] = "v3password"
    user_id: str = ""
    user: str = Field(default="", validate_default=True)
    pwd: Secret = ""
    token: Secret = Field(default="", validate_default=True)
    application_credential_id: str = ""
    application_credential_name: str = ""
    application_credential_secret: Secret = Field(default="", validate_default=True)
    admin_token: Secret = ""
    admin_project: str = "admin"
    project_id: str = ""
    user_domain: str = "Default"
    user_domain_id: str = ""
    project_domain: str = "Default"
    project_domain_id: str = ""
    region: str = ""
    interface: Literal["public", "internal", "admin"] = "public"
    use_tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    cert_key_file: str = ""
    insecure: bool = False
    endpoint_host: str = ""  # replaces the host of each catalogue URL (port forwards, jump hosts)

    @field_validator("auth_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", value):
            raise ValueError("expected http(s)://host:port/v3, without user or password in it")
        urlsplit(value).port  # noqa: B018  raises ValueError for an invalid port
        return value

    @field_validator("host", mode="before")
    @classmethod
    def _host_of_url(cls, value: Any, info: ValidationInfo) -> Any:
        if value:
            return value
        url = info.data.get("auth_url", "http://unknown")
        if not url:
            raise ValueError("missing: give host and port, or auth_url")
        return urlsplit(url).hostname or value

    @field_validator("user")
    @classmethod
    def _user(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("auth_type") == "v3password" and not (value or info.data.get("user_id")):
            raise ValueError("missing")
        return value

    @field_validator("token")
    @classmethod
    def _token(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("auth_type") == "v3token" and not value:
            raise ValueError("missing: auth_type v3token needs it")
        return value

    @field_validator("application_credential_secret")
    @classmethod
    def _credential(cls, value: str, info: ValidationInfo) -> str:
        given = info.data
        if given.get("auth_type") != "v3applicationcredential":
            return value
        if not value:
            raise ValueError("missing: auth_type v3applicationcredential needs it")
        named = given.get("application_credential_name")
        if not given.get("application_credential_id") and not (
            named and (given.get("user") or given.get("user_id"))
        ):
            raise ValueError(
                "give application_credential_id too, or application_credential_name and user"
            )
        return value

    @property
    def account(self) -> str:
        """Who logs in, for people; no secret."""
        if self.auth_type == "v3token":
            return "the owner of the token"
        if self.auth_type == "v3applicationcredential":
            credential = self.application_credential_id or self.application_credential_name
            return f"application credential {credential}"
        return self.user or f"user {self.user_id}"

    @property
    def names_project(self) -> bool:
        """True when `admin_project` is the name of the project this login is for.

        An application credential belongs to a project, and `project_id` is not a name: Keystone
        says the name when somebody logs in.
        """
        return self.auth_type != "v3applicationcredential" and not self.project_id

    def identity_url(self) -> str:
        """The Keystone v3 URL."""
        if self.auth_url:
            return self.auth_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.use_tls else 'http'}://{host}:{self.port}/v3"


class MysqlCell(_Strict):
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
    cells: dict[str, MysqlCell] = Field(default_factory=dict)  # by the name of the cell


class CliHost(_Strict):
    """How to reach one host when it differs from the rest (`CLI.hosts`)."""

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
        frozenset({"vhost", "use_tls", "ca_file"}),
    ),
    "Monitoring": (
        frozenset(
            {"type", "server_ip", "server_name", "rabbitmq_port", "rabbitmq_user"}
            | {"rabbitmq_pass", "api_port", "config_folder", "env_type", "provision"}
        ),
        frozenset({"ssh_port", "ssh_user", "ssh_password", "install_monitoring_client"}),
    ),
    "NFV_provider": (frozenset({"host", "port", "user", "pwd", "nfv_token"}), frozenset()),
    "ACI": (frozenset({"host", "user", "pwd"}), frozenset({"port", "insecure", "ca_file"})),
    "Kubernetes": (frozenset({"host", "port", "user", "token"}), frozenset()),
}


class OtherSection(Section):
    """A section for another part of Calipso (AMQP, Monitoring, ACI, ...), kept as given."""

    model_config = ConfigDict(extra="allow")

    name: Literal["AMQP", "Monitoring", "NFV_provider", "ACI", "Kubernetes", "VMware", "Bare-metal"]

    @model_validator(mode="after")
    def _keys(self) -> OtherSection:
        given = dict(self.model_extra or {})
        required, optional = OTHER_KEYS.get(self.name, (frozenset(), frozenset(given)))
        problems = [f"{key} is missing" for key in sorted(required - given.keys())]
        problems += [f"{key} is unknown" for key in sorted(given.keys() - required - optional)]
        wanted = {key: _expected(key, value) for key, value in given.items()}
        if self.name in OTHER_KEYS:  # in the others a field may be anything
            problems += [f"{key}: expected {what}" for key, what in wanted.items() if what]
        if problems:
            raise ValueError(", ".join(problems))
        return self


def _expected(key: str, value: object) -> str:
    """What a field of such a section should have been; empty when it is right."""
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


def _is_text(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_port(value: object) -> bool:
    return str(value).isdecimal() and 1 <= int(str(value)) <= 65535


AnySection = Annotated[
    OpenStackSection | MysqlSection | CliSection | OtherSection, Discriminator("name")
]

SECTIONS: dict[str, type[Section]] = {
    "OpenStack": OpenStackSection,
    "mysql": MysqlSection,
    "CLI": CliSection,
}
SECTIONS.update(dict.fromkeys((*OTHER_KEYS, "VMware", "Bare-metal"), OtherSection))
