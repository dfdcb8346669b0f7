"""The section `OpenStack` of an environment: the address of Keystone and how to log in."""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from calipso.model.section_base import (
    Port,
    Secret,
    Section,
)


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
        """Return who logs in, for people, without secrets."""
        if self.auth_type == "v3token":
            return "the owner of the token"
        if self.auth_type == "v3applicationcredential":
            credential = self.application_credential_id or self.application_credential_name
            return f"application credential {credential}"
        return self.user or f"user {self.user_id}"

    @property
    def names_project(self) -> bool:
        """True when `admin_project` is the name of the project of this login.

        An application credential belongs to a project, and `project_id` is not a name; Keystone
        returns the name at the login.
        """
        return self.auth_type != "v3applicationcredential" and not self.project_id

    def identity_url(self) -> str:
        """The Keystone v3 URL."""
        if self.auth_url:
            return self.auth_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.use_tls else 'http'}://{host}:{self.port}/v3"
