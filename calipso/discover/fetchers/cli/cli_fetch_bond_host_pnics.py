"""Bonds and teams of hosts."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.kept_devices import broken_devices, stored_of_broken
from calipso.errors import ParseError, PartialAnswer
from calipso.hostparse.bonding import Bond, Slave, parse_bonds
from calipso.hostparse.ethtool import Nic, parse_nics
from calipso.hostparse.iplink import Device, Devices
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import BONDS, NICS

#: What stored bonds and teams have, and no other NIC.
_AGGREGATE = {"EtherChannel Master": ""}


class CliFetchBondHostPnics(CliAccess):
    """Bonds of a host with their members, from the kernel's bonding files, and teams (teamd) with
    theirs, from the devices."""

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        bonds, devices = self.parsed(BONDS, host, parse_bonds), self.devices(host)
        teams = [device for device in devices.values() if device.kind == "team"]
        keys = stored_of_broken(self, host, devices, "host_pnic", "local_name", **_AGGREGATE)
        if not bonds and not teams and not keys:
            return []
        nics = self.parsed(NICS, host, parse_nics)
        found = [
            _bond(host, bond, devices[bond.name], nics.get(bond.name))
            for bond in bonds.values()
            if bond.name in devices and bond.attributes
        ]
        found += [_team(host, team, devices) for team in teams]
        self._keep_members(host, found, devices)
        return self._answer(host, bonds, devices, found, keys)

    def _answer(
        self,
        host: str,
        bonds: dict[str, Bond],
        devices: Devices,
        found: list[Fetched],
        keys: list[ObjectId],
    ) -> list[Fetched]:
        """Return what was found. Raises PartialAnswer with it when a bond could not be read."""
        unread = sorted(bond.name for bond in bonds.values() if not bond.attributes)
        broken = any(devices.may_have(name) for name in bonds) or bool(keys)
        errors = [broken_devices(host, devices.broken)] if broken else []
        if unread:
            keys = keys + [self.key("host_pnic", f"{host}-{name}") for name in unread]
            errors.append(_no_answer(host, unread))
        if errors:
            raise PartialAnswer(errors, found, unread=keys, warning=not unread)
        return found

    def _keep_members(self, host: str, found: list[Fetched], devices: Devices) -> None:
        """Add to teams the stored members that are devices that cannot be read this time."""
        if not devices.broken:
            return
        stored = self.inv.find(self.env, "host_pnic", ("id", "members"), host=host)
        known = {item["id"]: item.get("members") or {} for item in stored}
        for team in found:
            before = known.get(team["id"], {})
            lost = {name: member for name, member in before.items() if devices.may_have(name)}
            team["members"] = lost | team["members"]


def _no_answer(host: str, bonds: list[str]) -> ParseError:
    return ParseError(
        f"{host}: the kernel's files of these bonds are empty: {', '.join(bonds)}",
        hint=f"Run `cat /proc/net/bonding/{bonds[0]}` there. The bond stays as it was read before.",
    )


def _bond(host: str, bond: Bond, device: Device, nic: Nic | None) -> Fetched:
    fields: dict[str, Any] = {**(nic.settings if nic else {}), **bond.attributes}
    fields.setdefault("Link detected", "yes" if bond.state == "up" else "no")
    if nic is not None and nic.speed is not None:
        fields["speed"] = nic.speed
    return {
        **fields,
        "id": f"{host}-{bond.name}",
        "name": bond.name,
        "host": host,
        "local_name": bond.name,
        **device_fields(device),
        **({"master": device.master} if device.master else {}),
        "driver": "bonding",
        "EtherChannel": True,
        "EtherChannel Master": "",
        "members": {name: _member(host, bond, slave) for name, slave in bond.slaves.items()},
    }


def _team(host: str, team: Device, devices: dict[str, Device]) -> Fetched:
    """A team. It is working when a member is; which one carries traffic only teamd knows."""
    members = {name: d for name, d in devices.items() if d.master == team.name}
    return {
        "id": f"{host}-{team.name}",
        "name": team.name,
        "host": host,
        "local_name": team.name,
        **device_fields(team),
        "Link detected": "yes" if team.state == "up" else "no",
        **({"master": team.master} if team.master else {}),
        "driver": "team",
        "EtherChannel": True,
        "EtherChannel Master": "",
        "members": {
            name: {
                "id": f"{host}-{name}",
                "name": name,
                "mac_address": d.permanent_mac or d.mac,
                "state": d.state,
                "EtherChannel Master": f"{host}-{team.name}",
            }
            for name, d in members.items()
        },
    }


def _member(host: str, bond: Bond, slave: Slave) -> dict[str, Any]:
    return {
        **slave.attributes,
        "id": f"{host}-{slave.name}",
        "name": slave.name,
        "mac_address": slave.mac,
        "state": slave.state,
        "EtherChannel Master": f"{host}-{bond.name}",
    }
