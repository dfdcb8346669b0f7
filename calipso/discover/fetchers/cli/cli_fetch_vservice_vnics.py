"""Devices inside the namespaces of a host."""

from __future__ import annotations

import ipaddress

from calipso.discover.fetchers.cli.cli_access import CliAccess
from calipso.discover.fetchers.cli.commands import NAMESPACE_LINKS
from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.ports import PortRef, ports_of
from calipso.errors import ErrorKind
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.utils.hostparse.iplink import Device
from calipso.utils.hostparse.netns import parse_namespaces

#: Where agents answer metadata requests: an address of every DHCP namespace, no subnet's.
_METADATA = {"169.254.169.254", "fe80::a9fe:a9fe"}


class CliFetchVserviceVnics(CliAccess):
    """vNICs of DHCP servers, routers and other namespaces of a host, in one folder per vservice."""

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        found: list[Fetched] = []
        for namespace, devices in self.parsed(NAMESPACE_LINKS, host, parse_namespaces).items():
            if devices is None:
                self._tell(host, namespace)
                continue
            found += [
                self._vnic(host, namespace, device)
                for device in devices.values()
                if _is_vnic(device)
            ]
        return found

    def _vnic(self, host: str, namespace: str, device: Device) -> Fetched:
        port = ports_of(self).of_device(device.name)
        return {
            "id": f"{host}-{namespace}-{device.name}",
            "name": device.name,
            "host": host,
            "vnic_type": "vservice_vnic",
            "vservice_id": f"{host}-{namespace}",
            "device": device.name,
            "kind": device.kind,
            **device_fields(device),
            **_subnet(device),
            **_port(port),
            "master_parent_type": "vservice",
            "master_parent_id": f"{host}-{namespace}",
            "parent_type": "vnics_folder",
            "parent_id": f"{host}-{namespace}-vnics",
            "parent_text": "vNICs",
        }

    def _tell(self, host: str, namespace: str) -> None:
        self.context.problem(
            Problem(
                kind=str(ErrorKind.COMMAND_FAILED),
                message=f"{host}: namespace {namespace} cannot be entered",
                hint=f"If it stays, it is left over: `ip netns delete {namespace}` on {host}.",
                source="cli",
                host=host,
                warning=True,
            )
        )


def _is_vnic(device: Device) -> bool:
    """Not the loopback, nor the fallback tunnels that some kernels put into each namespace."""
    return device.link_type == "ether" and bool(device.mac)


def _port(port: PortRef | None) -> Fetched:
    return {} if port is None else {"port_id": port.id, "network": port.network_id}


def _subnet(device: Device) -> Fetched:
    """The address of a subnet goes before the one for metadata; IPv6 only where it is all."""
    own = [a for a in device.addresses if a.ip not in _METADATA and a.scope == "global"]
    fields: Fetched = {}
    for version, key in ((4, "IP Address"), (6, "IPv6 Address")):
        address = next((a for a in own if a.version == version), None)
        if address is not None:
            fields[key] = address.ip
    if own:
        first = min(own, key=lambda address: address.version)
        fields["cidr"] = first.network
        if first.version == 4:
            fields["netmask"] = str(ipaddress.ip_interface(first.cidr).netmask)
    return fields
