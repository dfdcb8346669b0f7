"""Devices inside the namespaces of a host."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.ports import PortRef, ports_of
from calipso.errors import AccessError, CliAccessError, ErrorKind, PartialAnswer
from calipso.hostparse.iplink import Device
from calipso.hostparse.netns import Namespaces, parse_namespaces
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import NAMESPACE_LINKS

#: Where agents answer metadata requests: an address of every DHCP namespace, no subnet's.
_METADATA = {"169.254.169.254", "fe80::a9fe:a9fe"}


class CliFetchVserviceVnics(CliAccess):
    """vNICs of DHCP servers, routers and other namespaces of a host, in one folder per vservice."""

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        found: list[Fetched] = []
        namespaces = self.parsed(NAMESPACE_LINKS, host, parse_namespaces)
        for namespace, devices in namespaces.items():
            if devices is None:
                if namespace not in namespaces.broken and _any_readable(namespaces):
                    self._tell(host, namespace)
                continue
            found += [
                self._vnic(host, namespace, device)
                for device in devices.values()
                if _is_vnic(device)
            ]
        missing = _missing(host, namespaces)
        if missing:
            raise PartialAnswer(missing, found)
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
            **_fields(device),
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
                code="namespace_unreadable",
                object_type="vservice",
                object_id=f"{host}-{namespace}",
            )
        )


def _any_readable(namespaces: Namespaces) -> bool:
    return any(devices is not None for devices in namespaces.values())


def _missing(host: str, namespaces: Namespaces) -> list[AccessError]:
    """What an incomplete answer lacks: vNICs stored before are not gone because of it."""
    if namespaces and not namespaces.broken and not _any_readable(namespaces):
        return [
            CliAccessError(
                f"{host}: none of its {len(namespaces)} namespaces can be entered",
                kind=ErrorKind.COMMAND_FAILED,
                hint="They live in the containers of the agents: choose the distribution of this "
                "environment, so that `ip netns` runs there, or share /run/netns with the host.",
                host=host,
            )
        ]
    return [
        CliAccessError(
            f"{host}: {cause}",
            kind=ErrorKind.UNEXPECTED_OUTPUT,
            hint=f"Run `ip -n {name} -d -j addr show` on {host} and look.",
            host=host,
        )
        for name, cause in namespaces.broken.items()
    ]


def _is_vnic(device: Device) -> bool:
    """Not the loopback, nor the fallback tunnels that some kernels put into each namespace."""
    return device.link_type == "ether" and bool(device.mac)


def _port(port: PortRef | None) -> Fetched:
    return {} if port is None else {"port_id": port.id, "network": port.network_id}


def _fields(device: Device) -> Fetched:
    """Fields of the device; addresses for metadata are listed but stand for nothing else.

    `cidr` is the subnet of the first address, IPv6 only where there is no IPv4.
    """
    own = [a for a in device.addresses if a.ip not in _METADATA]
    fields = device_fields(replace(device, addresses=tuple(own)))
    fields["addresses"] = [address.cidr for address in device.addresses]
    subnets = sorted((a for a in own if a.scope == "global"), key=lambda a: a.version)
    if subnets:
        fields["cidr"] = subnets[0].network
        if subnets[0].version == 4:
            fields["netmask"] = str(ipaddress.ip_interface(subnets[0].cidr).netmask)
    return fields
