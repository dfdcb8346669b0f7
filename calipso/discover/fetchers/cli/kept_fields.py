"""Stored fields of NICs, for what could not be read this time."""

from __future__ import annotations

from calipso.hostparse.ethtool import Nic
from calipso.hostparse.iplink import Devices
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess

#: Fields from `lldpctl`.
LLDP_FIELDS = frozenset({"lldp", "lldp_others"})

#: Fields from `ethtool`, besides those under its own names, which begin with a capital letter.
_ETHTOOL_FIELDS = frozenset({"speed", "duplex", "driver", "firmware_version", "bus_info"})
_OF_MASTER = ("EtherChannel", "EtherChannel Master", "master")
_OF_OTHERS = frozenset({"EtherChannel", "EtherChannel Master", "IP Address", "IPv6 Address"})


def keep_unread(
    fetcher: CliAccess, host: str, found: list[Fetched], nics: dict[str, Nic], *, lldp: bool
) -> None:
    """Add the stored fields that `ethtool` did not report, and those of LLDP unless `lldp`.

    `lldp` is True when the neighbours were read, or when the host has no LLDP.
    """
    silent = {name for name, nic in nics.items() if not (nic.settings and nic.driver)}
    wanted = [item for item in found if not lldp or item["local_name"] in silent]
    if not wanted:
        return
    stored = {item["id"]: item for item in fetcher.inv.find(fetcher.env, "host_pnic", host=host)}
    for item in wanted:
        known = stored.get(item["id"], {})
        for key, value in known.items():
            told = key in item and item[key] != "unknown"
            unread = (item["local_name"] in silent and _is_of_ethtool(key)) or (
                not lldp and key in LLDP_FIELDS
            )
            if unread and not told:
                item[key] = value


def keep_masters(fetcher: CliAccess, host: str, found: list[Fetched], devices: Devices) -> None:
    """Add the stored master of NICs whose master is a device that cannot be read this time.

    Nobody knows then whether it is a bond, a bridge or Open vSwitch.
    """
    masters = {item["local_name"]: devices[item["local_name"]].master for item in found}
    names = {name for name, master in masters.items() if master and devices.may_have(master)}
    if not names:
        return
    stored = {item["id"]: item for item in fetcher.inv.find(fetcher.env, "host_pnic", host=host)}
    for item in found:
        if item["local_name"] in names:
            known = stored.get(item["id"], {})
            item |= {key: known[key] for key in _OF_MASTER if key in known}


def _is_of_ethtool(key: str) -> bool:
    return key in _ETHTOOL_FIELDS or (key[:1].isupper() and key not in _OF_OTHERS)
