"""The service catalogue of Keystone: regions, interfaces, and the address of a service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit, urlunsplit

from calipso.model.documents import Document, Record

#: The region of endpoints that name none, as small clouds have them.
NO_REGION = "No-Region"

#: A version at the end of a path, alone or before a project id: we name the version in each path.
_VERSION = re.compile(r"/v\d+(\.\d+)?(/[^/]+)?$")
#: The same of Keystone, whose address people give with more behind it: `/v3/auth/tokens`.
_IDENTITY_VERSION = re.compile(r"/v(3|2\.0)(/.*)?$")


def checked_catalogue(catalogue: object) -> list[Document]:
    """The services of a catalogue, each with endpoints. Raises ValueError for another form."""
    if not isinstance(catalogue, list) or not all(isinstance(item, dict) for item in catalogue):
        raise ValueError("the catalogue is no list of services")
    for service in catalogue:
        endpoints = service.get("endpoints") or []
        if not isinstance(endpoints, list) or not all(isinstance(one, dict) for one in endpoints):
            raise ValueError(f"service {service.get('type')!s:.40} has no list of endpoints")
    return catalogue


def region_of_endpoint(endpoint: Record) -> str:
    """Name of an endpoint's region, `NO_REGION` for one that has none."""
    return str(endpoint.get("region_id") or endpoint.get("region") or NO_REGION)


def interface_of(endpoint: Record) -> str:
    """`public`, `internal` or `admin`; old catalogues write `publicURL`."""
    return str(endpoint.get("interface") or "").removesuffix("URL")


def endpoints_of(catalogue: Iterable[Record], service_type: str) -> Iterator[Record]:
    """The endpoints of a service in all regions."""
    for service in catalogue:
        if service.get("type") == service_type:
            yield from service.get("endpoints") or ()


def without_version(url: str) -> str:
    """Address of a service without version, project id and slashes at its end."""
    return _cut(url, _VERSION)


def identity_root(url: str) -> str:
    """Address of Keystone without version, whatever stands behind it."""
    return _cut(url, _IDENTITY_VERSION)


def _cut(url: str, version: re.Pattern[str]) -> str:
    parts = urlsplit(url)
    path = version.sub("", parts.path.rstrip("/")).rstrip("/")
    return urlunsplit(parts._replace(path=path))
