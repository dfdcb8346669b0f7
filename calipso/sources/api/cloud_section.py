"""The section `OpenStack` of an environment, from a cloud as openstacksdk's loader returns it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from calipso.errors import ConfigError
from calipso.sources.api.catalogue import identity_root

Cloud = dict[str, Any]

#: `auth_type` of a cloud -> ours. The first three let the client choose a version of Keystone.
LOGINS = {
    "": "v3password",
    "password": "v3password",
    "token": "v3token",
    "v3password": "v3password",
    "v3token": "v3token",
    "v3applicationcredential": "v3applicationcredential",
}
#: Fields that each login needs, beside `auth_url`; a password is asked for when it is missing.
NEEDED = {
    "v3password": (("username", "user_id"),),
    "v3token": (("token",),),
    "v3applicationcredential": (("application_credential_id", "application_credential_name"),),
}
#: Our field -> the words of `auth` for it, best first.
WORDS = {
    "user": ("username", "user_name"),
    "user_id": ("user_id",),
    "admin_project": ("project_name",),
    "project_id": ("project_id",),
    "pwd": ("password",),
    "token": ("token",),
    "application_credential_id": ("application_credential_id",),
    "application_credential_name": ("application_credential_name",),
    "application_credential_secret": ("application_credential_secret",),
}
#: Words for a domain of the user or the project, best first; whether the value is an id.
DOMAINS = (
    ("{kind}_domain_id", True),
    ("{kind}_domain_name", False),
    ("domain_id", True),
    ("domain_name", False),
    ("default_domain_id", True),
    ("default_domain", True),
    ("default_domain_name", False),
)
#: Fields that a login does not use, whatever else the cloud says.
UNUSED = {
    "v3password": {"token"} | {key for key in WORDS if key.startswith("application_")},
    "v3token": {"pwd", "user", "user_id", "user_domain", "user_domain_id"}
    | {key for key in WORDS if key.startswith("application_")},
    "v3applicationcredential": {"pwd", "token", "admin_project", "project_id"}
    | {"project_domain", "project_domain_id"},
}
#: What a login may say that we cannot do: a scan needs a token of one project.
NOT_SUPPORTED = ("system_scope", "trust_id", "passcode")

#: Words of a login that may stand outside `auth`.
AUTH_KEYS = (
    {word for words in WORDS.values() for word in words}
    | {word.format(kind=kind) for word, _ in DOMAINS for kind in ("user", "project")}
    | {"auth_url", *NOT_SUPPORTED}
)


def openstack_section(name: str, cloud: Cloud) -> Cloud:
    """The section for a cloud. Raises ConfigError that names all that is missing or wrong."""
    auth = {key: value for key, value in cloud["auth"].items() if value not in (None, "")}
    login = LOGINS.get(str(cloud.get("auth_type") or ""), "")
    problems = [*_unusable(cloud, auth), *_missing(auth, login)]
    if problems:
        raise ConfigError(
            "\n".join(f"cloud {name}: {problem}" for problem in problems),
            hint="" if login else _REMEDY,
        )
    said = {
        ours: str(next(auth[word] for word in words if word in auth))
        for ours, words in WORDS.items()
        if any(word in auth for word in words)
    }
    said |= _domain("user", auth) | _domain("project", auth)
    used = {key: value for key, value in said.items() if key not in UNUSED[login]}
    section = {"name": "OpenStack", "auth_type": login} | used
    return section | _address(name, str(auth["auth_url"])) | _transport(cloud) | _region(cloud)


_REMEDY = (
    "Make an application credential (`openstack application credential create calipso`) and use "
    "it: auth_type v3applicationcredential."
)


def _unusable(cloud: Cloud, auth: Cloud) -> list[str]:
    problems = []
    login = str(cloud.get("auth_type") or "")
    if login.startswith("v2") or str(cloud.get("identity_api_version", "3")).startswith("2"):
        problems.append("Keystone v2 is not supported: v3 is needed")
    elif login not in LOGINS:
        supported = ", ".join(sorted({*LOGINS.values()}))
        problems.append(f"auth_type {login} is not supported; these are: {supported}")
    problems += [
        f"auth.{key} is not supported: a scan needs a login to one project"
        for key in NOT_SUPPORTED
        if key in auth
    ]
    return problems


def _missing(auth: Cloud, login: str) -> list[str]:
    wanted = [("auth_url",), *NEEDED.get(login, ())]
    if login == "v3applicationcredential" and "application_credential_id" not in auth:
        wanted.append(("username", "user_id"))  # names are those of a user
    return [
        f"auth.{' or auth.'.join(words)} is missing"
        for words in wanted
        if not any(word in auth for word in words)
    ]


def _domain(kind: str, auth: Cloud) -> Cloud:
    """The domain of the user, or of the project: by id or by name, not both."""
    for word, is_id in DOMAINS:
        value = auth.get(word.format(kind=kind))
        if value is not None:
            return {f"{kind}_domain_id" if is_id else f"{kind}_domain": str(value)}
    return {}


def _address(name: str, url: str) -> Cloud:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError(
            f"cloud {name}: auth_url: not a URL such as https://cloud.example:5000/v3"
        ) from None
    root = identity_root(f"{parts.scheme}://{parts.netloc}{parts.path}")
    tls = parts.scheme == "https"
    return {
        "auth_url": f"{root}/v3",
        "host": parts.hostname or "",
        "port": port or (443 if tls else 80),
        "use_tls": tls,
    }


def _transport(cloud: Cloud) -> Cloud:
    found: Cloud = {}
    interface = cloud.get("interface")
    if isinstance(interface, list):  # openstacksdk takes the first that the catalogue has
        interface = interface[0] if interface else ""
    if interface:
        found["interface"] = str(interface).removesuffix("URL")
    for ours, word in (("ca_file", "cacert"), ("cert_file", "cert"), ("cert_key_file", "key")):
        if cloud.get(word):
            found[ours] = str(Path(str(cloud[word])).expanduser())
    if _is(cloud.get("insecure"), "true", "1", "yes") or _is(
        cloud.get("verify"), "false", "0", "no"
    ):
        found["insecure"] = True
    return found


def _is(value: Any, *words: str) -> bool:
    return value is not None and str(value).lower() in words


def _region(cloud: Cloud) -> Cloud:
    region = str(cloud.get("region_name") or "")
    return {"region": region} if region else {}
