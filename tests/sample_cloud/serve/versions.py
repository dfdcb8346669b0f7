"""Version documents, and older microversions of the compute API."""

from __future__ import annotations

from typing import Any

from ..generate.nova import CPU_INFO

MAX_MICROVERSION = (2, 93)

#: Keys of a server that came with a microversion.
SERVER_SINCE = {
    "OS-EXT-SRV-ATTR:reservation_id": 3,
    "OS-EXT-SRV-ATTR:launch_index": 3,
    "OS-EXT-SRV-ATTR:hostname": 3,
    "OS-EXT-SRV-ATTR:kernel_id": 3,
    "OS-EXT-SRV-ATTR:ramdisk_id": 3,
    "OS-EXT-SRV-ATTR:root_device_name": 3,
    "OS-EXT-SRV-ATTR:user_data": 3,
    "locked": 9,
    "host_status": 16,
    "description": 19,
    "tags": 26,
    "trusted_image_certificates": 63,
    "locked_reason": 73,
}
HYPERVISOR_UNTIL_87: dict[str, Any] = {
    "vcpus": 64,
    "memory_mb": 262144,
    "local_gb": 2000,
    "vcpus_used": 0,
    "memory_mb_used": 512,
    "local_gb_used": 0,
    "free_ram_mb": 261632,
    "free_disk_gb": 2000,
    "current_workload": 0,
    "running_vms": 0,
    "disk_available_least": 1500,
    "cpu_info": CPU_INFO,
}


def microversion(headers: Any) -> tuple[int, int] | None:
    """The compute microversion a request asks for; None: one we do not have."""
    text = headers.get("X-OpenStack-Nova-API-Version") or ""
    for part in (headers.get("OpenStack-API-Version") or "").split(","):
        service, _, version = part.strip().partition(" ")
        if service == "compute":
            text = version
    if not text:
        return (2, 1)
    if text == "latest":
        return MAX_MICROVERSION
    major, _, minor = text.partition(".")
    if not (major.isdigit() and minor.isdigit()):
        return None
    wanted = (int(major), int(minor))
    return wanted if (2, 1) <= wanted <= MAX_MICROVERSION else None


def as_of(key: str, item: dict[str, Any], number: int, minor: int) -> dict[str, Any]:
    """An item of a list in the shape of microversion 2.<minor>; `number` is its old id."""
    if key == "servers":
        shown = {name: at for name, at in item.items() if SERVER_SINCE.get(name, 0) <= minor}
        if minor < 47 and "original_name" in item.get("flavor", {}):
            shown["flavor"] = {"id": item["flavor"]["original_name"], "links": []}
        return shown
    if key == "services" and minor < 53:
        shown = item | _old_id(item, number)
        if minor < 11:
            shown.pop("forced_down", None)
        return shown
    if key == "hypervisors":
        shown = item | (_old_id(item, number) if minor < 53 else {})
        if minor < 88 and "hypervisor_type" in item:
            shown = HYPERVISOR_UNTIL_87 | shown
            shown.pop("uptime", None)  # a request of its own until then
            if minor < 53:
                shown["service"] = item["service"] | _old_id(item["service"], number)
        return shown
    if key == "aggregates" and minor < 41:
        return {name: value for name, value in item.items() if name != "uuid"}
    return item


def _old_id(item: dict[str, Any], number: int) -> dict[str, Any]:
    """Services and hypervisors had numbers for ids until 2.52."""
    return {"id": number} if isinstance(item.get("id"), str) else {}


def version_document(path: str, base: str) -> tuple[int, dict[str, Any]] | None:
    """The answer at a root or version address; no login needed."""
    views: dict[str, tuple[int, dict[str, Any]]] = {
        "/": (300, {"versions": {"values": [_keystone(base)]}}),
        "/v3": (200, {"version": _keystone(base)}),
        "/compute": (200, {"versions": [_nova(base, root=True)]}),
        "/compute/v2.1": (200, {"version": _nova(base, root=False)}),
        "/network": (200, {"versions": [_neutron(base)]}),
    }
    return views.get(path.rstrip("/") or "/")


def _keystone(base: str) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
        ],
    }


def _nova(base: str, *, root: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": "v2.1",
        "status": "CURRENT",
        "version": f"{MAX_MICROVERSION[0]}.{MAX_MICROVERSION[1]}",
        "min_version": "2.1",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{base}/compute/v2.1/"}],
    }
    if not root:
        document["media-types"] = [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.compute+json;version=2.1",
            }
        ]
    return document


def _neutron(base: str) -> dict[str, Any]:
    links = [{"rel": "self", "href": f"{base}/network/v2.0/"}]
    return {"id": "v2.0", "status": "CURRENT", "links": links}
