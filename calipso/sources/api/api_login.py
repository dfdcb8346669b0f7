"""The login of an OpenStack section, for keystoneauth1."""

from __future__ import annotations

from typing import Any

from keystoneauth1.identity import v3

from calipso.errors import ApiAccessError, ErrorKind
from calipso.model.environment import OpenStackSection


def login_of(section: OpenStackSection, url: str) -> v3.Auth:
    """The login plugin for a section, at this Keystone v3 URL."""
    if section.auth_type == "v3applicationcredential":
        return v3.ApplicationCredential(
            auth_url=url,
            application_credential_id=section.application_credential_id or None,
            application_credential_name=section.application_credential_name or None,
            application_credential_secret=section.application_credential_secret,
            **(_user(section) if section.user or section.user_id else {}),
        )
    scope = _project(section)
    if section.auth_type == "v3token":
        return v3.Token(auth_url=url, token=section.token, **scope)
    return v3.Password(auth_url=url, password=section.pwd, **_user(section), **scope)


def _user(section: OpenStackSection) -> dict[str, Any]:
    """The user; an id needs no domain, and Keystone takes the id of a domain before its name."""
    if section.user_id:
        return {"user_id": section.user_id}
    return {"username": section.user} | _domain("user", section.user_domain_id, section.user_domain)


def _project(section: OpenStackSection) -> dict[str, Any]:
    if section.project_id:
        return {"project_id": section.project_id}
    return {"project_name": section.admin_project} | _domain(
        "project", section.project_domain_id, section.project_domain
    )


def _domain(kind: str, domain_id: str, name: str) -> dict[str, Any]:
    return {f"{kind}_domain_id": domain_id} if domain_id else {f"{kind}_domain_name": name}


def certificate(section: OpenStackSection) -> Any:
    """The client certificate, as requests takes it; None without one."""
    if section.cert_file and section.cert_key_file:
        return section.cert_file, section.cert_key_file
    return section.cert_file or None


#: What to do when Keystone refuses a login, for those without a password.
_HINTS = {
    "v3token": "The token may have expired or been revoked: give a new one, or an application "
    "credential, which lasts.",
    "v3applicationcredential": "Check id and secret. The credential may have expired or been "
    "deleted, or its user or project is disabled: `openstack application credential list`.",
}


def login_problem(section: OpenStackSection, found: ApiAccessError) -> ApiAccessError:
    """The error of a login, with the hint for its type when Keystone refused it."""
    hint = _HINTS.get(section.auth_type)
    if hint and found.kind in (ErrorKind.LOGIN_FAILED, ErrorKind.NOT_FOUND):
        found.kind, found.hint = ErrorKind.LOGIN_FAILED, hint
    return found
