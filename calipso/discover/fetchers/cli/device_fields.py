"""Fields that every object made from a network device has."""

from __future__ import annotations

from typing import Any

from calipso.hostparse.iplink import Device


def device_fields(device: Device) -> dict[str, Any]:
    """Return MAC, MTU, the states as read, and addresses: the first of each family, and all."""
    fields: dict[str, Any] = {
        "mac_address": device.mac,
        "mtu": device.mtu,
        "state": device.state,
        "admin_state": device.admin_state,
        "addresses": [address.cidr for address in device.addresses],
    }
    first, first6 = device.first(4), device.first(6)
    if first is not None:
        fields["IP Address"] = first.ip
    if first6 is not None:
        fields["IPv6 Address"] = first6.ip
    return fields
