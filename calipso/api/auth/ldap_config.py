"""The file of `--ldap_config`: `key value` lines, the original's keys and a few of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from calipso.errors import ConfigError
from calipso.model.user import Grant
from calipso.settings import settings
from calipso.stores.people.user_store import parse_grants
from calipso.validation_words import said

DEFAULT = Path("/etc/calipso/ldap.conf")

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class LdapConfig(BaseModel):
    """Where the directory is, who its users are, and what they may do here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = "ldap://localhost:389"
    user_id_attribute: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    user_tree_dn: str = Field(min_length=1)
    user_pass_attribute: str = "userPassword"  # noqa: S105 - kept; the directory compares
    user_objectclass: str = Field(default="inetOrgPerson", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    query_scope: Literal["one", "sub"] = "one"
    start_tls: bool = True
    tls_req_cert: Literal["demand", "allow", "never"] = "demand"
    tls_cacertfile: Path | None = None
    user: str = ""
    password: SecretStr = SecretStr("")
    group_member_attribute: str = Field(default="member", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    admin_groups: tuple[str, ...] = ()
    operator_groups: tuple[str, ...] = ()
    viewer_groups: tuple[str, ...] = ()
    grants: dict[str, Grant] = Field(default_factory=dict)

    @field_validator("admin_groups", "operator_groups", "viewer_groups", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        words = value.split(";") if isinstance(value, str) else value
        return tuple(word.strip() for word in words if word.strip())

    @field_validator("grants", mode="before")
    @classmethod
    def _grants(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return parse_grants(word.strip() for word in value.split(",") if word.strip())
        except ConfigError as error:
            raise ValueError(f"{error.message}: {error.hint}") from None

    @field_validator("tls_cacertfile")
    @classmethod
    def _there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"{value}: no such file")
        return value

    @model_validator(mode="after")
    def _passwords_stay_private(self) -> LdapConfig:
        _ = self.port  # ValueError when it is not a number
        if self.scheme not in ("ldap", "ldaps") or not self.host:
            raise ValueError("url: expected ldap://host:389 or ldaps://host:636")
        if not (self.tls or self.host in LOOPBACK):
            raise ValueError(
                "start_tls no is only for a directory on this machine: others could read passwords"
            )
        if self.query_scope == "sub" and not (self.user and self.password.get_secret_value()):
            raise ValueError("query_scope sub: needs user and password, to look for people")
        return self

    @property
    def scheme(self) -> str:
        """`ldap` or `ldaps`."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """Host of the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port of the URL, or the usual one."""
        return urlsplit(self.url).port or (636 if self.scheme == "ldaps" else 389)

    @property
    def tls(self) -> bool:
        """True when what is sent is encrypted."""
        return self.scheme == "ldaps" or self.start_tls

    @property
    def maps_groups(self) -> bool:
        """True when groups of the directory decide on roles."""
        return bool(self.admin_groups or self.operator_groups or self.viewer_groups)


def ldap_config() -> LdapConfig | None:
    """The file the settings name; None without one. Raises ConfigError naming each wrong key."""
    path = settings().ldap_config or (DEFAULT if DEFAULT.is_file() else None)
    return read_ldap_config(path) if path else None


def read_ldap_config(path: Path) -> LdapConfig:
    """The file as a model. Raises ConfigError naming each wrong key."""
    hint = "See docs/users.md and config/ldap.conf.example."
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise ConfigError(f"{path}: {reason}", hint=hint) from None
    values: dict[str, str] = {}
    problems = []
    for line in lines:
        key, _, value = line.strip().partition(" ")
        if not key or key.startswith("#"):
            continue
        if key in values:
            problems.append(f"{key}: is given twice")
        if value.strip():
            values[key] = value.strip()
    try:
        found = LdapConfig.model_validate(values)
    except ValidationError as error:
        problems += [_sentence(item) for item in error.errors(include_url=False)]
    if problems:
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in problems), hint=hint)
    return found


def _sentence(item: Any) -> str:
    where = ".".join(map(str, item["loc"][:1]))
    text = said(item)
    if item["type"] == "extra_forbidden":
        text = "is not known"
    if item["type"] == "missing":
        text = "must be given"
    return f"{where}: {text}" if where else text
