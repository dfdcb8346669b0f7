"""NICs of a host, from sections `== <device> <kind>` with `ethtool` and `ethtool -i` output.

Sections of the kind `pci` are about functions of cards, see `pci`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from calipso.hostparse.jsontext import sections

Value = str | list[str]

_SPEED = re.compile(r"^(\d+)\s*([KMGT]?)b/s$", re.IGNORECASE)
_FACTOR = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
#: Keys of `ethtool -i`: they describe the driver, not the settings of the NIC.
_DRIVER_KEYS = {"driver", "version", "firmware-version", "bus-info"}
_DRIVER_NOISE = {
    "expansion-rom-version",
    "supports-statistics",
    "supports-test",
    "supports-eeprom-access",
    "supports-register-dump",
    "supports-priv-flags",
}


@dataclass(frozen=True)
class Nic:
    """A device that may be a NIC: `kind` is device (it has hardware below it), bonding or veth."""

    name: str
    kind: str
    settings: dict[str, Value]
    driver: dict[str, str]

    @property
    def speed(self) -> int | None:
        """Speed in bits per second; None when the link is down or the driver does not report it."""
        match = _SPEED.match(str(self.settings.get("Speed", "")))
        return int(match[1]) * _FACTOR[match[2].upper()] if match else None

    @property
    def duplex(self) -> str:
        """Duplex: `full`, `half` or `unknown`."""
        text = str(self.settings.get("Duplex", "")).lower()
        return text if text in ("full", "half") else "unknown"


def parse_nics(text: str) -> dict[str, Nic]:
    """Return devices that may be NICs, by name. Raises ParseError.

    A line that is not of the form `key: value` is left out.
    """
    found = {}
    for head, body in sections(text).items():
        name, _, kind = head.rpartition(" ")
        if name and kind != "pci":
            settings, driver = _attributes(body)
            found[name] = Nic(name, kind, settings, driver)
    return found


def _attributes(body: str) -> tuple[dict[str, Value], dict[str, str]]:
    settings: dict[str, Value] = {}
    driver: dict[str, str] = {}
    key = ""
    for line in body.splitlines():
        name, colon, value = line.strip().partition(":")
        if line.startswith("Settings for ") or not line.strip():
            key = ""
        elif line.startswith("\t") and colon and not line.startswith("\t\t"):
            key = name
            settings[key] = value.strip()
        elif line[0].isspace() and key:
            _continue(settings, key, line.strip())
        elif colon and name in _DRIVER_KEYS:
            driver[name] = value.strip()
        elif name in _DRIVER_NOISE:
            key = ""
    return settings, driver


def _continue(settings: dict[str, Value], key: str, text: str) -> None:
    """Join continued lines: `ethtool` breaks a long value (link modes) over several lines."""
    value = settings[key]
    values = value if isinstance(value, list) else [part for part in [value] if part]
    settings[key] = [*values, text]
