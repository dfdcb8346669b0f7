"""vNICs of instances: interfaces that libvirt plugged and whose device is on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from calipso.discover.fetchers.cli.guest_carriers import carrier_fields
from calipso.discover.fetchers.cli.guest_ports import GuestPorts, guest_ports, lower_devices
from calipso.discover.fetchers.cli.kept_devices import keep_broken
from calipso.discover.fetchers.cli.ports import PortRef, ports_of
from calipso.discover.fetchers.cli.unexplained import tell_of_devices
from calipso.discover.fetchers.db.agents import ids_by_other_name
from calipso.errors import ParseError
from calipso.hostparse.iplink import Device
from calipso.hostparse.libvirt import Domain, DomainInterface, parse_domains
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import DOMAINS
from calipso.sources.fetcher import Outcome
from calipso.topology.wiring.guests import Guest

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
        devices, joined = self.devices(host), self._joined(host)
        found = []
        for node, port in joined.of_domain.get(domain.uuid, ()):
            guest: Guest = node.facts
            interface = guest.interface
            device = devices.get(interface.device) if interface else None
            if interface is not None and device is None and interface.kind in _WITH_DEVICE:
                if not devices.may_have(interface.device):
                    self._missing(uuid, host, domain, interface)
                continue
            if interface is None and port is None:
                continue  # a graphics card, say: nothing tells that it is for a network
            vnic = _vnic(uuid, host, guest, device, port)
            vnic |= carrier_fields(self, host, guest, port)
            if interface is not None and interface.kind == "direct":
                vnic["lower_devices"] = lower_devices(devices, device)
            found.append(vnic | self._sub_ports(port))
        for port in joined.left.get(domain.uuid, ()):
            if ids_by_other_name(self)[port.host] == host:
                self._unplugged(uuid, host, domain, port)
        for ports in joined.alike.get(domain.uuid, ()):
            self._alike(uuid, host, domain, ports)
        if not joined.alike.get(domain.uuid):
            tell_of_devices(self, host, found)
        return keep_broken(self, host, "vnic", "device", found, instance_id=uuid)

    def _sub_ports(self, port: PortRef | None) -> Fetched:
        """Ports of the trunk a port is the parent of: a VLAN of the guest each."""
        known = ports_of(self)
        found = [
            {"port_id": ref.id, "network": ref.network_id, "mac_address": ref.mac_address}
            | {"vlan": vlan, "ip_addresses": list(ref.addresses)}
            for port_id, vlan in (port.sub_ports if port else ())
            if (ref := known.by_id(port_id)) is not None
        ]
        return {"sub_ports": found} if found else {}

    def _joined(self, host: str) -> GuestPorts:
        """Interfaces of all guests of a host with their ports, made once while the host is
        worked on.
        """

        def make() -> GuestPorts:
            domains = self.parsed(DOMAINS, host, parse_domains)
            running = {uuid: d for uuid, d in domains.items() if isinstance(d, Domain)}
            return guest_ports(running, self.devices(host), ports_of(self), self._vlans())

        return self._answers().parsed(host, "guest_ports", GuestPorts, make)

    def _vlans(self) -> dict[str, int]:
        """VLAN of each VLAN network by its id, read once a scan and process."""
        segment, kind = "provider:segmentation_id", "provider:network_type"

        def read() -> dict[str, int]:
            networks = self.inv.find(self.env, "network", ("id", segment, kind))
            return {
                str(network["id"]): int(network[segment])
                for network in networks
                if network.get(kind) == "vlan" and network.get(segment)
            }

        return self.context.shared("cli:network_vlans", read)

    def _unplugged(self, uuid: str, host: str, domain: Domain, port: PortRef) -> None:
        self.problem(
            ("port", port.id),
            code="port_unplugged",
            message=f"{host}: port {port.id} ({port.mac_address}) is bound to instance {uuid} "
            f"({domain.name}), but no interface of the running domain is that port",
            hint="Compare its MAC and PCI address with `virsh dumpxml` of the domain there.",
            host=host,
            parent_id=uuid,
        )

    def _alike(self, uuid: str, host: str, domain: Domain, ports: tuple[PortRef, ...]) -> None:
        which = ", ".join(port.id for port in ports)
        self.problem(
            ("instance", uuid),
            code="mac_ambiguous",
            message=f"{host}: instance {uuid} ({domain.name}) has interfaces with MAC "
            f"{ports[0].mac_address}, and nothing tells which is which of its ports: {which}",
            hint="Their ports and networks stay unknown. Give the ports different MACs, or "
            "look whether `binding:profile` names a PCI address.",
            host=host,
            parent_id=uuid,
        )

    def _missing(self, uuid: str, host: str, domain: Domain, interface: DomainInterface) -> None:
        name = interface.device or f"with MAC {interface.mac}"
        self.problem(
            ("instance", uuid),
            code="tap_missing",
            message=f"{host}: instance {uuid} ({domain.name}) has interface {name}, "
            "but the host has no such device",
            hint="The instance is cut off from this network. Compare `virsh domiflist "
            f"{domain.name}` with `ip link` on {host}, and see the log of nova-compute.",
            host=host,
            parent_id=uuid,
        )


def _vnic(
    uuid: str, host: str, guest: Guest, device: Device | None, port: PortRef | None
) -> Fetched:
    interface = guest.interface
    element = interface.element if interface else guest.host_device and guest.host_device.element
    fields: dict[str, Any] = {
        **(element or {}),
        **_device(interface, device),
        "id": f"{host}-{guest.name}",
        "name": guest.name,
        "host": host,
        "vnic_type": "instance_vnic",
        "instance_id": uuid,
        "local_name": guest.domain.name,
        "device": _device_name(interface),
        "mac_address": guest.mac or (port.mac_address if port else ""),
        "source_bridge": interface.bridge if interface else "",
        "model_type": interface.model if interface else "",
        **_port(port),
    }
    told = {"pci_address": guest.pci, "socket": interface.socket if interface else ""}
    return fields | {key: value for key, value in told.items() if value}


def _device_name(interface: DomainInterface | None) -> str:
    """Return the name of the tap, or of the Open vSwitch interface that has the name of
    the socket.
    """
    if interface is None:
        return ""
    return interface.device or interface.socket.rpartition("/")[2]


def _device(interface: DomainInterface | None, device: Device | None) -> dict[str, Any]:
    """Return state and MTU of the tap, if there is one. The tap's addresses are not the guest's."""
    if device is None or interface is None:
        size = (interface.element.get("mtu") or {}).get("@size", "") if interface else ""
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
