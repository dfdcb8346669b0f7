"""The clouds a person already uses with the OpenStack client, as sections of an environment.

openstacksdk's loader reads them: `clouds.yaml` in full, `secure.yaml`, vendor profiles, and `OS_*`
variables as a cloud called `envvars`. Here are the checks it lacks (a broken file is an error, and
no error repeats a value) and the translation to the section `OpenStack`.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml
from keystoneauth1.exceptions import ClientException
from openstack.config import OpenStackConfig, loader, vendors
from openstack.exceptions import SDKException
from openstack.warnings import ConfigurationWarning

from calipso.errors import ConfigError
from calipso.sources.api.cloud_section import AUTH_KEYS, openstack_section
from calipso.utils.metadata_parser import nearest

Cloud = dict[str, Any]

#: Name of the cloud that the loader makes up when nothing is configured.
NOTHING = "defaults"


class _Loader(OpenStackConfig):
    """openstacksdk's loader; what `OS_*` says of the login is put into `auth`."""

    def auth_config_hook(self, config: Cloud) -> Cloud:
        """Move the login into `auth`: the loader expands `{...}` in all other values."""
        for key in AUTH_KEYS & config.keys():
            value = config.pop(key)
            if not config["auth"].get(key):
                config["auth"][key] = value
        return config


@dataclass
class Clouds:
    """The clouds that are configured for this user, on this machine."""

    loader: OpenStackConfig
    names: list[str]
    files: list[str]

    def choose(self, name: str | None = None) -> str:
        """The name of the cloud to use: the given one, `OS_CLOUD`, the variables', the only one.

        Raises ConfigError.
        """
        looked = ", ".join(self.files) or "no clouds.yaml found"
        default = self.loader.default_cloud if self.names else os.environ.get("OS_CLOUD")
        chosen = name or default
        if not chosen:
            known = ", ".join(self.names)
            raise ConfigError(
                f"which cloud? {known} are configured" if known else f"no cloud: {looked}",
                hint="Give --os-cloud NAME or set OS_CLOUD."
                if known
                else "Give --file, or the addresses as options.",
            )
        if chosen not in self.names:
            raise ConfigError(
                f"no cloud {chosen} ({looked}){nearest(chosen, self.names)}",
                hint=f"Configured: {', '.join(self.names) or 'none'}.",
            )
        return chosen

    def section(self, name: str, region: str = "") -> Cloud:
        """The section `OpenStack` for a cloud, in one of its regions; the first by default.

        Raises ConfigError that names everything that is missing or not supported.
        """
        raw = self.loader.cloud_config["clouds"][name]
        if not isinstance(raw.get("auth", {}), dict):
            raise ConfigError(
                f"cloud {name}: auth: expected a section with auth_url, username, password, ..."
            )
        with _our_errors(f"cloud {name}"):
            found = self.loader.get_one(name, validate=False, region_name=region)
        return openstack_section(name, found.config)


def load_clouds() -> Clouds:
    """The clouds of files and variables. Raises ConfigError for a file that cannot be read."""
    for files, override, word in (
        (loader.CONFIG_FILES, "OS_CLIENT_CONFIG_FILE", "clouds"),
        (loader.SECURE_FILES, "OS_CLIENT_SECURE_FILE", "clouds"),
        (loader.VENDOR_FILES, "", "public-clouds"),
    ):
        given = os.environ.get(override)
        _check([*([given] if given else []), *files], word)
    with _our_errors("the OpenStack client's configuration"):
        found = _Loader()
    files = [name for name in (found.config_filename, found.secure_config_filename) if name]
    names = found.get_cloud_names()
    if not files and names == [NOTHING]:
        names = []
    return Clouds(found, names, files)


def _check(files: list[str], word: str) -> None:
    """Look at the file that the loader takes. It would skip a broken one, and log its content."""
    for name in files:
        path = Path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # the loader takes the next one
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error.__class__.__name__}") from None
        _check_content(path, text, word)
        return


def _check_content(path: Path, text: str, word: str) -> None:
    try:
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: not valid YAML{where}") from None
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        raise ConfigError(f"{path}: not valid JSON in line {line}") from None
    clouds = content.get(word) if isinstance(content, dict) else None
    if not isinstance(clouds, dict):
        raise ConfigError(f"{path}: no `{word}:` with a section per cloud")
    for name, cloud in clouds.items():
        if not isinstance(cloud, dict):
            raise ConfigError(f"{path}: {word}.{name}: expected a section")


@contextmanager
def _our_errors(what: str) -> Iterator[None]:
    """Errors and warnings of the loader as ConfigError, without the values they repeat."""
    log = logging.getLogger("openstack")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", ConfigurationWarning)
            yield
    except ConfigurationWarning:
        raise ConfigError(
            f"{what}: its vendor profile is not known",
            hint=f"Profiles: {', '.join(sorted(vendors.profiles()))}; or give auth.auth_url.",
        ) from None
    except requests.RequestException as error:
        raise ConfigError(
            f"{what}: its vendor profile cannot be fetched: {error.__class__.__name__}",
            hint="Give auth.auth_url instead of a profile.",
        ) from None
    except ConfigError:
        raise
    except SDKException as error:
        raise ConfigError(f"{what}: {_reason(error)}", hint=_SEE) from None
    except (ClientException, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{what}: openstacksdk cannot read it ({error.__class__.__name__})", hint=_SEE
        ) from None
    finally:
        log.setLevel(level)


_SEE = "`openstack --os-cloud NAME configuration show` reads the same files."

#: How errors of the loader begin that repeat no value but names.
_HARMLESS = ("Both ", "Duplicate network", "Entry in network list", "Region ", "Cloud ")


def _reason(error: SDKException) -> str:
    text = " ".join(str(error).split())
    if "defines a cloud named" in text:
        return f"{text} OS_CLOUD_NAME gives the cloud of the variables another name."
    if "no longer exists" in text:
        return "its vendor profile is of a cloud that no longer exists"
    if "could not be fetched" in text:
        return "its vendor profile could not be fetched"
    if text.startswith("Invalid region entry"):
        return "regions: an entry is not a name, or a section with name and values"
    return text if text.startswith(_HARMLESS) else "openstacksdk refuses it"
