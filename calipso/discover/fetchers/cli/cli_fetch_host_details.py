"""Facts of a host that only the host itself knows."""

from __future__ import annotations

from typing import ClassVar

from calipso.hostparse.osrelease import parse_os_release
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import OS_RELEASE

#: stored key -> assignment in /etc/os-release (the last two are added by the command).
_OS = {
    "name": "NAME",
    "version": "VERSION",
    "ID": "ID",
    "ID_LIKE": "ID_LIKE",
    "architecture": "ARCHITECTURE",
    "hostname": "HOSTNAME",
}


class CliFetchHostDetails(CliAccess):
    """Operating system and addresses of a host, added to the host object."""

    #: This is the first request to a host. It runs for many hosts in parallel, so that a host that
    #: does not answer delays no other.
    batch_size: ClassVar[int | None] = 1
    enriches: ClassVar[bool] = True

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        release = self.parsed(OS_RELEASE, host, parse_os_release)
        addresses = [
            {"device": device.name, "address": address.cidr}
            for device in self.devices(host).values()
            for address in device.addresses
            if address.scope == "global"
        ]
        system = {key: release[name] for key, name in _OS.items() if release.get(name)}
        return [{"id": host, "OS": system, "addresses": addresses}]
