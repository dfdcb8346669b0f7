"""Names of hosts; kinds: machines, and names in Nova that only represent hypervisors elsewhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

#: Hypervisors that are not machines of their own: one nova-compute represents many, and its host
#: has no SSH, no devices and no namespaces. Start of `hypervisor_type` -> type of the host.
PROXIES: Mapping[str, str] = {"ironic": "Baremetal", "VMware": "VMware"}


def proxy_type(hypervisor_type: str) -> str:
    """Return the type of a host with such a hypervisor; empty for a hypervisor that is a
    machine.
    """
    return next((name for word, name in PROXIES.items() if hypervisor_type.startswith(word)), "")


def runs_instances(host: Mapping[str, Any]) -> bool:
    """True for a host that has instances below it: a compute host, or one that represents
    hypervisors.
    """
    return bool({"Compute", *PROXIES.values()} & set(host.get("host_type") or ()))


def is_proxy(host: Mapping[str, Any]) -> bool:
    """True for a host that only represents hypervisors elsewhere: nobody can log in to it."""
    kinds = set(host.get("host_type") or ())
    return bool(kinds) and kinds <= set(PROXIES.values())


def region_of(host: Mapping[str, Any]) -> str:
    """Return the region of a stored host: its field, otherwise a part of its `id_path`; empty if
    unknown.
    """
    parts = str(host.get("id_path") or "").split("/")  # /env/env-regions/RegionOne/...
    return str(host.get("region") or (parts[3] if len(parts) > 3 else ""))


def short(name: str) -> str:
    """Return the first label of a host name, in lower case."""
    return name.lower().partition(".")[0]


def with_domain(one: str, other: str) -> bool:
    """True when one of the names is the other with a domain."""
    one, other = one.lower(), other.lower()
    return other.startswith(f"{one}.") or one.startswith(f"{other}.")


def same_host(one: str, other: str) -> bool:
    """True for equal names, and for a name that is the other one with a domain."""
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    if one == other:
        return True
    return not (_is_address(one) or _is_address(other)) and with_domain(one, other)


def in_other_domain(one: str, other: str) -> bool:
    """True when two names have the same first label and different domains."""
    named = all("." in name and not _is_address(name) for name in (one, other))
    return named and short(one) == short(other) and not same_host(one, other)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
