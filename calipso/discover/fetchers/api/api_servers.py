"""Servers of Nova as inventory objects. Each process lists them once a scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import NOVA, ApiAccess
from calipso.sources.api.api_paging import Item

POWER_STATES = {
    0: "no state",
    1: "running",
    3: "paused",
    4: "shut down",
    6: "crashed",
    7: "suspended",
}

_PATH = "/v2.1/servers/detail"


def instances_of(access: ApiAccess, region: str) -> list[Fetched]:
    """Return every instance of a region, without its network and the address of its host.

    An instance without a host has no field `host`. Callers share the list: copy an object before
    you change it.
    """

    def ask() -> list[Fetched]:
        names = access.project_names()
        return [instance(server, names) for server in _servers(access, region, {})]

    return access.context.shared(f"api:instances:{region}", ask)


def instances_of_host(access: ApiAccess, region: str, host: str) -> list[Fetched]:
    """Instances that Nova has on one host of a region."""
    names = access.project_names()
    return [instance(server, names) for server in _servers(access, region, {"host": host})]


def _servers(access: ApiAccess, region: str, only: Mapping[str, str]) -> Iterator[Item]:
    return access.list(
        "compute",
        _PATH,
        "servers",
        region=region,
        params={"all_tenants": "1", **only},
        microversion=NOVA,
    )


def instance(server: Item, names: Mapping[str, str]) -> Fetched:
    """Return the inventory object of a Nova server, without its network and its host's address."""
    project_id = str(server.get("tenant_id") or "")
    flavor = server.get("flavor") or {}
    power = server.get("OS-EXT-STS:power_state")
    host, fault = server.get("OS-EXT-SRV-ATTR:host"), server.get("fault")
    return {
        "id": str(server["id"]),
        "uuid": str(server["id"]),
        "name": str(server.get("name") or server["id"]),
        **({"host": str(host)} if host else {}),
        "local_name": str(server.get("OS-EXT-SRV-ATTR:instance_name") or ""),
        "project_id": project_id,
        "project": names.get(project_id, ""),
        "projects": [names[project_id]] if project_id in names else [],
        "status": server.get("status"),
        "vm_state": server.get("OS-EXT-STS:vm_state"),
        "power_state": POWER_STATES.get(power, str(power)) if isinstance(power, int) else None,
        "availability_zone": server.get("OS-EXT-AZ:availability_zone"),
        "created": server.get("created"),
        **({"fault": _fault(fault)} if isinstance(fault, Mapping) else {}),
        "flavor": {
            "name": flavor.get("original_name") or flavor.get("id"),
            "vcpus": flavor.get("vcpus"),
            "ram": flavor.get("ram"),
            "disk": flavor.get("disk"),
        },
    }


def _fault(fault: Mapping[str, Any]) -> Item:
    """Return Nova's last fault of the instance, without the trace that only administrators see."""
    return {key: fault[key] for key in ("code", "message", "created") if key in fault}
