"""Kinds of hosts: machines, and names of Nova that only stand for hypervisors elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Hypervisors that are no machine of their own: one nova-compute stands for many, and the host it
#: names has no SSH, no devices, no namespaces. Beginning of `hypervisor_type` -> type of the host.
PROXIES: Mapping[str, str] = {"ironic": "Baremetal", "VMware": "VMware"}


def proxy_type(hypervisor_type: str) -> str:
    """Type of a host with such a hypervisor; empty for a hypervisor that is a machine."""
    return next((name for word, name in PROXIES.items() if hypervisor_type.startswith(word)), "")


def runs_instances(host: Mapping[str, Any]) -> bool:
    """True for a host below which instances stand: a compute host, or what stands for some."""
    return bool({"Compute", *PROXIES.values()} & set(host.get("host_type") or ()))


def is_proxy(host: Mapping[str, Any]) -> bool:
    """True for a host that only stands for hypervisors elsewhere: it cannot be logged in to."""
    kinds = set(host.get("host_type") or ())
    return bool(kinds) and kinds <= set(PROXIES.values())


def region_of(host: Mapping[str, Any]) -> str:
    """Region of a stored host: its field, else the place in its `id_path`; empty if unknown."""
    parts = str(host.get("id_path") or "").split("/")  # /env/env-regions/RegionOne/...
    return str(host.get("region") or (parts[3] if len(parts) > 3 else ""))
