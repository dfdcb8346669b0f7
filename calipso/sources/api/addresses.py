"""Addresses in normal form, so that equal ones are equal text."""

from __future__ import annotations

import ipaddress
from typing import Any


def normal_ip(value: Any) -> str:
    """An IP address in normal form; other text stays: one bad port must not hide the rest."""
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        return str(value or "")


def normal_cidr(value: Any) -> str:
    """A network address with prefix length in normal form; other text stays."""
    try:
        return str(ipaddress.ip_network(str(value), strict=False))
    except ValueError:
        return str(value or "")
