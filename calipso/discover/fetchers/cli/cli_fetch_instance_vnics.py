"""vNICs of instances: interfaces that libvirt plugged and whose device is on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from calipso.discover.fetchers.cli.ports import PortRef, Ports, ports_of
from calipso.errors import ErrorKind, ParseError
from calipso.hostparse.iplink import Device
from calipso.hostparse.libvirt import Domain, DomainInterface, parse_domains
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import DOMAINS
from calipso.sources.fetcher import Outcome

#: Kinds of interface that have a device on the host. The others (hostdev, vhostuser, ...) hand
#: hardware or a socket to the guest; there is nothing `ip` could show.
_WITH_DEVICE = frozenset({"bridge", "ethernet", "network", "direct", "tap"})


class CliFetchInstanceVnics(CliAccess):
    """Returns the interfaces of an instance's domain; the parent is its `<uuid>-vnics` folder.

    When an interface has no device on the host, the fetcher reports a problem of the instance and
    returns no vNIC. An instance that is not running has no interfaces.
    """

    #: The instances of one host share one answer, so a task has many parents.
    batch_size: ClassVar[int | None] = 100

    def get(self, parent_id: str) -> list[Fetched]:
        folder = self.parent(parent_id)
        uuid, host = str(folder["parent_id"]), self.host_of(parent_id)
        domain = self.parsed(DOMAINS, host, parse_domains).get(uuid.lower())
        if isinstance(domain, ParseError):
            raise ParseError(f"{host}: {domain.message}", sample=domain.sample, hint=domain.hint)
        return self._vnics(uuid, host, domain) if domain is not None else []

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        """Return the vNICs of these parents.

        The fetcher sorts them by host, so that it parses each answer once. An instance without a
        host has no vNIC.
        """
        on_hosts = []
        for parent_id in parent_ids:
            folder = self.context.parent(parent_id)
            if folder is not None and not folder.get("host"):
                yield parent_id, []
            else:
                on_hosts.append(parent_id)
        yield from super().get_many(sorted(on_hosts, key=self._sort_key))

    def _sort_key(self, parent_id: str) -> str:
        folder = self.context.parent(parent_id)
        return str(folder.get("host", "")) if folder else ""

    def _vnics(self, uuid: str, host: str, domain: Domain) -> list[Fetched]:
        devices, ports = self.devices(host), ports_of(self)
        found = []
        for interface in domain.interfaces:
            device = devices.get(interface.device)
            if device is None and interface.kind in _WITH_DEVICE:
                self._missing(uuid, host, domain, interface)
                continue
            found.append(_vnic(uuid, host, domain, interface, device, ports))
        return found

    def _missing(self, uuid: str, host: str, domain: Domain, interface: DomainInterface) -> None:
        name = interface.device or f"with MAC {interface.mac}"
        self.context.problem(
            Problem(
                kind=str(ErrorKind.NOT_FOUND),
                message=f"{host}: instance {uuid} ({domain.name}) has interface {name}, "
                "but the host has no such device",
                hint="The instance is cut off from this network. Compare `virsh domiflist "
                f"{domain.name}` with `ip link` on {host}, and see the log of nova-compute.",
                source="cli",
                host=host,
                parent_id=uuid,
                warning=True,
                code="tap_missing",
                object_type="instance",
                object_id=uuid,
            )
        )


def _vnic(
    uuid: str,
    host: str,
    domain: Domain,
    interface: DomainInterface,
    device: Device | None,
    ports: Ports,
) -> Fetched:
    name = interface.device or interface.mac
    return {
        **interface.element,
        **_device(interface, device),
        "id": f"{host}-{name}",
        "name": name,
        "host": host,
        "vnic_type": "instance_vnic",
        "instance_id": uuid,
        "local_name": domain.name,
        "device": interface.device,
        "mac_address": interface.mac,
        "source_bridge": interface.bridge,
        "model_type": interface.model,
        **_port(ports.by_id(interface.port_id) or ports.of_device(interface.device)),
    }


def _device(interface: DomainInterface, device: Device | None) -> dict[str, Any]:
    """Return state and MTU of the tap, if there is one. The tap's addresses are not the guest's."""
    if device is None:
        size = (interface.element.get("mtu") or {}).get("@size", "")
        mtu = {"mtu": int(size)} if str(size).isdigit() else {}
        return {"state": "unknown", "admin_state": "unknown", **mtu}
    return {
        "state": device.state,
        "admin_state": device.admin_state,
        "mtu": device.mtu,
        "host_mac_address": device.mac,
        **({} if interface.kind == "direct" else {"master": device.master}),
    }


def _port(port: PortRef | None) -> Fetched:
    if port is None:
        return {}
    return {
        "port_id": port.id,
        "network": port.network_id,
        "ip_addresses": list(port.addresses),
    }
