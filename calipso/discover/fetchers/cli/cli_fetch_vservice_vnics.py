"""Devices inside the namespaces of a host."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from bson import ObjectId

from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.host_services import host_service_vnics
from calipso.discover.fetchers.cli.kept_devices import broken_devices, stored_of_broken
from calipso.discover.fetchers.cli.peer_ports import with_ports_of_peers
from calipso.discover.fetchers.cli.ports import PortRef, ports_of
from calipso.discover.fetchers.cli.unexplained import tell_of_devices, tell_of_ports
from calipso.errors import CalipsoError, CliAccessError, ErrorKind, ParseError, PartialAnswer
from calipso.hostparse.iplink import Device, Devices
from calipso.hostparse.netns import Namespaces, parse_namespaces
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import NAMESPACE_LINKS
from calipso.topology.wiring import HostFacts, build
from calipso.topology.wiring.nodes import Kind, Relation

#: The address for metadata requests. Every DHCP namespace has it, and it belongs to no subnet.
_METADATA = {"169.254.169.254", "fe80::a9fe:a9fe"}
#: Length of a prefix that holds one address.
_WHOLE = {4: 32, 6: 128}


class CliFetchVserviceVnics(CliAccess):
    """vNICs of DHCP servers, routers and other namespaces of a host, in one folder per vservice."""

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        namespaces = self.parsed(NAMESPACE_LINKS, host, parse_namespaces)
        peers = self._peers(host, namespaces)
        found = [
            self._vnic(host, namespace, device) | peers.get((namespace, device.name), {})
            for namespace, devices in namespaces.items()
            for device in (devices or {}).values()
            if _is_vnic(device)
        ]
        found = with_ports_of_peers(self, host, found)
        tell_of_devices(self, host, found)
        tell_of_ports(self, host, namespaces, found)
        errors, unread = self._unread(host, namespaces)
        own, of_own, lost = host_service_vnics(self, host)
        found, errors, unread = found + own, errors + of_own, unread + lost
        if errors:
            some = any(devices is not None for devices in namespaces.values())
            raise PartialAnswer(errors, found, unread=unread, warning=some)
        return found

    def _peers(self, host: str, namespaces: Namespaces) -> dict[tuple[str, str], Fetched]:
        """By namespace and device of one end of a veth pair: where the other end is.

        Nothing when the host's own devices cannot be read: their fetcher reports that.
        """
        entered = {name: found for name, found in namespaces.items() if found is not None}
        if not any(d.kind == "veth" for found in entered.values() for d in found.values()):
            return {}
        try:
            facts = HostFacts(self.devices(host), entered, namespaces.ids)
        except (CliAccessError, ParseError):
            return {}
        wiring = build(facts)
        return {
            (node.netns, node.name): {"peer": {"device": peer.name, "namespace": peer.netns}}
            for node in wiring.each(Kind.DEVICE)
            for peer in wiring.peers(Relation.PEER, node.key)
        }

    def _unread(
        self, host: str, namespaces: Namespaces
    ) -> tuple[list[CalipsoError], list[ObjectId]]:
        """Return the errors of what cannot be read, and the `_id`s of what is stored of it."""
        errors: list[CalipsoError] = []
        lost = sorted(name for name, devices in namespaces.items() if devices is None)
        closed = [name for name in lost if name not in namespaces.broken]
        if closed:
            errors.append(self._not_entered(host, closed, len(namespaces)))
        garbled = [name for name in lost if name in namespaces.broken]
        if garbled:
            errors.append(_garbled(host, garbled, namespaces.broken[garbled[0]]))
        for namespace in lost if len(lost) < len(namespaces) else ():
            self._tell(host, namespace, namespaces.broken.get(namespace, ""))
        unread = self._known_in(host, lost) if lost else []
        broken = [one for devices in namespaces.values() if devices for one in devices.broken]
        if broken:
            errors.append(broken_devices(host, broken))
            for namespace, devices in namespaces.items():
                here = {"vservice_id": f"{host}-{namespace}"}
                unread += stored_of_broken(
                    self, host, devices or Devices(), "vnic", "device", **here
                )
        return errors, unread

    def _known_in(self, host: str, namespaces: list[str]) -> list[ObjectId]:
        """Return the `_id`s of the stored vNICs in these namespaces, and of their folders."""
        services = {f"{host}-{namespace}" for namespace in namespaces}
        stored = self.inv.find(self.env, "vnic", ("id", "vservice_id"), host=host)
        folders = [self.key("vnics_folder", f"{service}-vnics") for service in services]
        return folders + [item["_id"] for item in stored if item.get("vservice_id") in services]

    def _not_entered(self, host: str, closed: list[str], number: int) -> CliAccessError:
        """Report one error for all namespaces of a host that could not be entered."""
        said = next(iter(self.ask(NAMESPACE_LINKS, host).err.strip().splitlines()), "")
        if len(closed) == number:
            which = f"not one of its {number} namespaces can be entered"
            hint = (
                "The namespaces are probably mounted inside the containers of the agents, and the "
                "mount of /run/netns is not shared with the host. Compare `distribution` of the "
                f"environment with the host; try `ip -n {closed[0]} link` there, and in the "
                "container of the agent."
            )
        else:
            more = f" and {len(closed) - 3} more" if len(closed) > 3 else ""
            names = f"{', '.join(closed[:3])}{more}"
            which = f"{len(closed)} of {number} namespaces cannot be entered: {names}"
            hint = (
                f"Run `ip -n {closed[0]} link` there. A namespace that ended during the scan is "
                "gone at the next one."
            )
        return CliAccessError(
            f"{host}: {which}" + (f" ({said[:200]})" if said else ""),
            kind=ErrorKind.COMMAND_FAILED,
            hint=f"{hint} The vNICs in these namespaces stay as they were read before.",
            host=host,
        )

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
            **_fields(device, port.addresses if port else ()),
            **_port(port),
            "master_parent_type": "vservice",
            "master_parent_id": f"{host}-{namespace}",
            "parent_type": "vnics_folder",
            "parent_id": f"{host}-{namespace}-vnics",
            "parent_text": "vNICs",
        }

    def _tell(self, host: str, namespace: str, cause: str) -> None:
        """Report a namespace that cannot be entered, or one whose answer cannot be read."""
        said = f"{namespace}: {cause}" if cause else f"namespace {namespace} cannot be entered"
        kind = ErrorKind.UNEXPECTED_OUTPUT if cause else ErrorKind.COMMAND_FAILED
        self.problem(
            ("vservice", f"{host}-{namespace}"),
            code="namespace_unreadable",
            message=f"{host}: {said}",
            hint=f"Run `ip -n {namespace} link` on {host}. Its vNICs stay as they were read.",
            kind=kind,
            host=host,
        )


def _garbled(host: str, namespaces: list[str], cause: str) -> ParseError:
    """Return one error for all namespaces of a host whose answer cannot be read."""
    more = f", and {len(namespaces) - 1} more like it" if len(namespaces) > 1 else ""
    return ParseError(
        f"{host}: {cause}{more}",
        hint=f"Run `ip -n {namespaces[0]} -d -j addr show` there and look. The vNICs in these "
        "namespaces stay as they were read before.",
    )


def _is_vnic(device: Device) -> bool:
    """False for the loopback and the fallback tunnels that some kernels put into namespaces."""
    return device.link_type == "ether" and bool(device.mac)


def _port(port: PortRef | None) -> Fetched:
    return {} if port is None else {"port_id": port.id, "network": port.network_id}


def _fields(device: Device, fixed: Sequence[str]) -> Fetched:
    """Return the fields of the device. Metadata addresses are listed, but give no other field.

    `cidr` is the subnet of the first IPv4 address, or of the first IPv6 address if the device has
    no IPv4 address. The fixed addresses of its port come first, then addresses with a subnet:
    floating IPs are ranges of one address, and keepalived may add them before the device's own.
    """
    own = sorted(
        (a for a in device.addresses if a.ip not in _METADATA),
        key=lambda a: (a.ip not in fixed, a.prefix == _WHOLE[a.version]),
    )
    fields = device_fields(replace(device, addresses=tuple(own)))
    fields["addresses"] = [address.cidr for address in device.addresses]
    subnets = sorted((a for a in own if a.scope == "global"), key=lambda a: a.version)
    if subnets:
        fields["cidr"] = subnets[0].network
        if subnets[0].version == 4:
            fields["netmask"] = str(ipaddress.ip_interface(subnets[0].cidr).netmask)
    return fields
