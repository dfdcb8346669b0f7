"""Addresses in normal form, so that equal ones are equal text."""

from __future__ import annotations

import ipaddress
from typing import Any


def normal_ip(value: Any) -> str:
    """An IPv4 or IPv6 address; other text stays as it is: one odd port must not hide the rest."""
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        return str(value or "")


def normal_cidr(value: Any) -> str:
    """A network address with prefix length; other text stays as it is."""
    try:
        return str(ipaddress.ip_network(str(value), strict=False))
    except ValueError:
        return str(value or "")
