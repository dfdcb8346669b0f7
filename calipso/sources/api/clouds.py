"""clouds.yaml and OS_*: the clouds a person already uses with the OpenStack client.

Precedence as in openstacksdk: `OS_CLIENT_CONFIG_FILE`, then `clouds.yaml` of the working
directory, of the user and of the system, first readable file wins; `secure.yaml` is merged over
it; `OS_*` variables form a cloud called `envvars` (`OS_CLOUD_NAME` renames it). A cloud is chosen
by argument, `OS_CLOUD`, the variables' cloud, or by being the only one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from calipso.errors import ConfigError
from calipso.utils.metadata_parser import nearest

Cloud = dict[str, Any]

#: Variables that choose a cloud and say nothing about one.
SELECTORS = frozenset(
    {"OS_CLOUD", "OS_REGION_NAME", "OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE"}
    | {"OS_CLOUD_NAME"}
)
IGNORED = ("OS_TEST", "OS_STD", "OS_LOG")
SUFFIXES = (".yaml", ".yml", ".json")

#: Our key -> the words a cloud may use for it, best first.
WORDS = {
    "user": ("username", "user_name"),
    "pwd": ("password",),
    "admin_project": ("project_name", "tenant_name"),
    "user_domain": ("user_domain_name", "domain_name", "default_domain_name"),
    "project_domain": ("project_domain_name", "domain_name", "default_domain_name"),
}
#: Ids we have no use for: the name is needed instead, unless it can be told from the id.
IDS = {
    "user_domain_id": "user_domain",
    "project_domain_id": "project_domain",
    "domain_id": "user_domain",
    "project_id": "admin_project",
    "tenant_id": "admin_project",
}
#: Outside `auth` these win over those inside: they may come from variables.
OUTER_FIRST = ("admin_project", "user_domain", "project_domain")

PASSWORD_LOGINS = ("", "password", "v3password")


@dataclass
class Clouds:
    """Every cloud that is configured here, and which one is meant by default."""

    clouds: dict[str, Cloud] = field(default_factory=dict)
    default: str = ""
    files: list[Path] = field(default_factory=list)

    def choose(self, name: str | None = None) -> tuple[str, Cloud]:
        """Name and content of the cloud to use. Raises ConfigError with the nearest name."""
        looked = ", ".join(str(path) for path in self.files) or "no clouds.yaml found"
        chosen = name or self.default
        if not chosen:
            known = ", ".join(self.clouds)
            raise ConfigError(
                f"which cloud? {known} are configured" if known else f"no cloud: {looked}",
                hint="Give --os-cloud NAME or set OS_CLOUD."
                if known
                else "Give --file, or the addresses as options.",
            )
        if chosen not in self.clouds:
            raise ConfigError(
                f"no cloud {chosen} ({looked}){nearest(chosen, self.clouds)}",
                hint=f"Configured: {', '.join(self.clouds) or 'none'}.",
            )
        return chosen, self.clouds[chosen]


def load_clouds(env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Clouds:
    """Clouds of files and variables. Raises ConfigError for a file that cannot be read."""
    env = os.environ if env is None else env
    places = _places(env, cwd or Path.cwd())
    found = Clouds()
    for kind, override in (
        ("clouds", "OS_CLIENT_CONFIG_FILE"),
        ("secure", "OS_CLIENT_SECURE_FILE"),
    ):
        path, content = _first(kind, env.get(override), places)
        if path is not None:
            found.files.append(path)
            for name, cloud in content.items():
                found.clouds[name] = _merged(found.clouds.get(name, {}), cloud)
    _add_variables(found, env)
    return found


def _places(env: Mapping[str, str], cwd: Path) -> list[Path]:
    home = Path(env.get("SNAP_REAL_HOME") or env.get("HOME") or Path.home())
    user = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "openstack"
    systems = [Path(d) / "openstack" for d in env.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    return [cwd, user, home / ".config" / "openstack", *systems, Path("/etc/openstack")]


def _first(
    kind: str, override: str | None, places: list[Path]
) -> tuple[Path | None, dict[str, Cloud]]:
    candidates = [Path(override)] if override else []
    candidates += [place / (kind + suffix) for place in places for suffix in SUFFIXES]
    for path in candidates:
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # as openstacksdk: the next file may be readable
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error.__class__.__name__}") from None
        return path, _clouds_of(path, text)
    return None, {}


def _clouds_of(path: Path, text: str) -> dict[str, Cloud]:
    try:
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: not valid YAML{where}") from None
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        raise ConfigError(f"{path}: not valid JSON in line {line}") from None
    clouds = (content or {}).get("clouds") if isinstance(content or {}, dict) else None
    if not isinstance(clouds, dict):
        raise ConfigError(f"{path}: no `clouds:` with a section per cloud")
    wrong = [name for name, cloud in clouds.items() if not isinstance(cloud, dict)]
    if wrong:
        raise ConfigError(f"{path}: clouds.{wrong[0]}: expected a section")
    return {str(name): cloud for name, cloud in clouds.items()}


def _merged(old: Cloud, new: Cloud) -> Cloud:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _add_variables(found: Clouds, env: Mapping[str, str]) -> None:
    given = {
        key: value
        for key, value in env.items()
        if key.startswith("OS_") and not key.startswith(IGNORED)
    }
    name = env.get("OS_CLOUD_NAME", "envvars")
    if name in found.clouds:
        raise ConfigError(
            f"{found.files[0]} defines a cloud named {name}, as OS_* variables do",
            hint="Rename it there, or set OS_CLOUD_NAME to another name.",
        )
    found.default = env.get("OS_CLOUD", "")
    if given.keys() - SELECTORS:
        found.clouds[name] = {key[3:].lower(): value for key, value in given.items()}
        found.default = found.default or name
    if not found.default and len(found.clouds) == 1:
        found.default = next(iter(found.clouds))


def openstack_section(name: str, cloud: Cloud, region: str = "") -> dict[str, Any]:
    """The `OpenStack` section for a cloud. Raises ConfigError that names all that is missing."""
    cloud, auth = _words(cloud), _words(cloud.get("auth") or {})
    problems = _unusable(cloud, auth)
    url = str(auth.get("auth_url") or cloud.get("auth_url") or "")
    section: dict[str, Any] = {"name": "OpenStack"}
    for ours, words in WORDS.items():
        order = (cloud, auth) if ours in OUTER_FIRST else (auth, cloud)
        value = next((s[w] for w in words for s in order if s.get(w) not in (None, "")), None)
        if value is not None:
            section[ours] = str(value)
    missing = [] if url else ["auth_url"]
    missing += ["username"] if "user" not in section else []
    problems += [f"auth.{key} is missing" for key in missing]
    if problems:
        raise ConfigError("\n".join(f"cloud {name}: {problem}" for problem in problems))
    return section | _address(url) | _transport(cloud) | _region(name, cloud, region)


def _words(section: Any) -> Cloud:
    """A section with `_` in its keys, as newer files write them."""
    if not isinstance(section, dict):
        raise ConfigError("auth: expected a section with auth_url, username, password, ...")
    return {str(key).replace("-", "_"): value for key, value in section.items()}


def _unusable(cloud: Cloud, auth: Cloud) -> list[str]:
    problems = []
    login = str(cloud.get("auth_type") or cloud.get("auth_plugin") or "")
    if login not in PASSWORD_LOGINS:
        problems.append(f"auth_type {login}: only logins with user and password are supported")
    if str(cloud.get("identity_api_version", "3")).startswith("2"):
        problems.append("identity_api_version 2: Keystone v3 is needed")
    for key, ours in IDS.items():
        value = auth.get(key) or cloud.get(key)
        named = any(place.get(word) for place in (auth, cloud) for word in WORDS[ours])
        # Keystone makes a domain with the id `default` and the name `Default`: our default
        if value and not named and (value != "default" or ours == "admin_project"):
            problems.append(f"{key} without a name: give {WORDS[ours][0]}")
    if (cloud.get("profile") or cloud.get("cloud")) and not auth.get("auth_url"):
        problems.append("vendor profiles are not read: give auth_url")
    return problems


def _address(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError("auth_url: not a URL such as https://cloud.example:5000/v3") from None
    path = parts.path.rstrip("/")
    if path.endswith("/v2.0"):
        path = path.removesuffix("/v2.0")
    if not path.endswith("/v3"):
        path += "/v3"
    tls = parts.scheme == "https"
    return {
        "auth_url": f"{parts.scheme}://{parts.netloc}{path}",
        "host": parts.hostname or "",
        "port": port or (443 if tls else 80),
        "use_tls": tls,
    }


def _transport(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = {}
    interface = str(cloud.get("interface") or cloud.get("endpoint_type") or "")
    if interface:
        found["interface"] = interface.removesuffix("URL")
    if cloud.get("cacert"):
        found["ca_file"] = str(Path(str(cloud["cacert"])).expanduser())
    insecure = str(cloud.get("insecure", "")).lower() in ("true", "1", "yes")
    if insecure or str(cloud.get("verify", "")).lower() in ("false", "0", "no"):
        found["insecure"] = True
    return found


def _region(name: str, cloud: Cloud, wanted: str) -> dict[str, str]:
    given = cloud.get("regions") or cloud.get("region_name") or []
    listed = given if isinstance(given, list) else str(given).split(",")
    regions = [str(r.get("name") if isinstance(r, dict) else r).strip() for r in listed]
    if wanted and regions and wanted not in regions:
        raise ConfigError(
            f"cloud {name}: no region {wanted}{nearest(wanted, regions)}",
            hint=f"Its regions: {', '.join(regions)}.",
        )
    region = wanted or (regions[0] if regions else "")
    return {"region": region} if region else {}
