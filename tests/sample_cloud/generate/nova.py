"""What the compute API says of a generated cloud, in the shape of microversion 2.93 (Zed)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.sample_cloud.cloud import Body, Item, Listing
from tests.sample_cloud.generate.lazy import Lazy
from tests.sample_cloud.generate.names import Names, host_id, iso
from tests.sample_cloud.generate.plan import Host, Instance, Plan

#: Replaced by the address of the server when a page is written.
COMPUTE_URL = "http://compute.sample/v2.1"

CPU_INFO = (
    '{"arch": "x86_64", "model": "Cascadelake-Server", "vendor": "Intel", "topology": {"cells": 2,'
    ' "sockets": 1, "cores": 16, "threads": 2}, "features": ["aes", "avx2", "hypervisor", "vmx"]}'
)


def now() -> str:
    """Heartbeats move, everything else in a generated cloud stands still."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000000"


#: What every server says alike.
SAME_FOR_ALL_SERVERS: Item = {
    "OS-SRV-USG:terminated_at": None,
    "key_name": None,
    "config_drive": "",
    "progress": 0,
    "OS-DCF:diskConfig": "MANUAL",
    "accessIPv6": "",
    "accessIPv4": "",
    "OS-EXT-SRV-ATTR:kernel_id": "",
    "OS-EXT-SRV-ATTR:ramdisk_id": "",
    "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
    "OS-EXT-SRV-ATTR:user_data": None,
    "OS-EXT-STS:task_state": None,
    "OS-EXT-STS:vm_state": "active",
    "OS-EXT-STS:power_state": 1,
    "os-extended-volumes:volumes_attached": [],
    "locked": False,
    "locked_reason": None,
    "description": None,
    "tags": [],
    "trusted_image_certificates": None,
    "host_status": "UP",
    "security_groups": [{"name": "default"}],
}


#: What a server says that was lost when its host came up again.
FAILED: Item = {
    "status": "ERROR",
    "OS-EXT-STS:vm_state": "error",
    "OS-EXT-STS:power_state": 0,
    "fault": {"code": 500, "created": iso(9000), "message": "Failed to start libvirt guest"},
}


class Nova:
    """Views of the plan under the paths of the compute API."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan = plan
        self.names = names
        self.image = names.uuid("image", 0)
        self.user = names.hex("user", "admin")

    def api(self, resource: str) -> Listing | Body | None:
        views = {
            "servers/detail": self._servers,
            "os-services": self._services,
            "os-availability-zone/detail": self._zones,
            "os-hypervisors": self._hypervisors,
            "os-hypervisors/detail": self._hypervisor_details,
            "os-aggregates": self._aggregates,
            "flavors/detail": self._flavors,
        }
        view = views.get(resource)
        return view() if view else None

    def _servers(self) -> Listing:
        return Listing("servers", Lazy(self.plan.instances[::-1], self.server))

    def server(self, instance: Instance) -> Item:
        host = instance.host.name
        launched = iso(600 + instance.number * 5).removesuffix("Z") + ".000000"
        attributes = "OS-EXT-SRV-ATTR:"
        shown = {
            "id": instance.id,
            "name": instance.name,
            "status": "ACTIVE",
            "tenant_id": instance.project.id,
            "user_id": self.user,
            "metadata": {"sample": "yes"},
            "hostId": host_id(instance.project.id, host),
            "image": {"id": self.image, "links": [self._link("bookmark", f"images/{self.image}")]},
            "flavor": flavor_of(),
            "created": iso(590 + instance.number * 5),
            "updated": iso(600 + instance.number * 5),
            "addresses": self._addresses(instance),
            "links": [
                self._link("self", f"v2.1/servers/{instance.id}"),
                self._link("bookmark", f"servers/{instance.id}"),
            ],
            "OS-EXT-AZ:availability_zone": instance.host.zone,
            "OS-SRV-USG:launched_at": launched,
            f"{attributes}host": host,
            f"{attributes}instance_name": instance.domain,
            f"{attributes}hypervisor_hostname": instance.node or host,
            f"{attributes}reservation_id": f"r-{instance.id[:8]}",
            f"{attributes}launch_index": 0,
            f"{attributes}hostname": instance.name,
            **SAME_FOR_ALL_SERVERS,
            **(FAILED if instance.failed else {}),
        }
        return self.plan.odd.server(shown)

    def _link(self, relation: str, path: str) -> Item:
        return {"rel": relation, "href": f"{COMPUTE_URL.removesuffix('/v2.1')}/{path}"}

    def _addresses(self, instance: Instance) -> dict[str, list[Item]]:
        floating = {item.port.id: item.address for item in self._floating_of(instance)}
        found: dict[str, list[Item]] = {}
        for port in instance.ports:
            entries = found.setdefault(port.network.name, [])
            for subnet, address in port.fixed:
                entries.append(_address(subnet.cidr.version, address, "fixed", port.mac))
            if port.id in floating:
                entries.append(_address(4, floating[port.id], "floating", port.mac))
        return found

    def _floating_of(self, instance: Instance) -> list[Any]:
        return [self.floating[port.id] for port in instance.ports if port.id in self.floating]

    @property
    def floating(self) -> dict[str, Any]:
        """port id -> floating IP; made anew when their number changed."""
        known: dict[str, Any] = self.__dict__.setdefault("_floating", {})
        if len(known) != len(self.plan.floating_ips):
            known.clear()
            known.update({item.port.id: item for item in self.plan.floating_ips})
        return known

    # -- services, hosts and zones -------------------------------------------------------

    def _services(self) -> Listing:
        items: list[Item] = []
        for host in self.plan.hosts:
            for binary in nova_binaries(host):
                zone = host.zone if binary == "nova-compute" else "internal"
                items.append(
                    {
                        "binary": binary,
                        "host": host.name,
                        "id": self.service_id(host, binary),
                        "zone": zone,
                        "status": "enabled",
                        "state": "up",
                        "updated_at": now(),
                        "disabled_reason": None,
                        "forced_down": False,
                    }
                    | self.plan.odd.service(host.name, binary)
                )
        return Listing("services", items)

    def service_id(self, host: Host, binary: str) -> str:
        return self.names.uuid("service", f"{host.name}/{binary}")

    def _zones(self) -> Listing:
        zones: dict[str, dict[str, Item]] = {}
        for host in self.plan.hosts:
            for binary in nova_binaries(host):
                zone = host.zone if binary == "nova-compute" else "internal"
                services = zones.setdefault(zone, {}).setdefault(host.name, {})
                odd = self.plan.odd.service(host.name, binary)
                services[binary] = {
                    "available": odd.get("state") != "down",
                    "active": odd.get("status") != "disabled",
                    "updated_at": now(),
                }
        return Listing(
            "availabilityZoneInfo",
            [
                {"zoneName": zone, "zoneState": {"available": True}, "hosts": zones[zone]}
                for zone in sorted(zones)
            ],
        )

    def _hypervisors(self) -> Listing:
        return Listing(
            "hypervisors",
            [
                {
                    "id": self.names.uuid("hypervisor", name),
                    "hypervisor_hostname": name,
                    "state": "up",
                    "status": "enabled",
                }
                for _, name in self._machines()
            ],
        )

    def _machines(self) -> list[tuple[Host, str]]:
        hosts = self.plan.hosts_with("compute")
        return [(host, name) for host in hosts for name in host.machines]

    def _hypervisor_details(self) -> Listing:
        uptime = (
            f" {datetime.now(UTC):%H:%M:%S} up 42 days,  3:07,  0 user,  load average: 1.1, 1, 1\n"
        )
        items = self._hypervisors().items
        details = []
        for (host, _), item in zip(self._machines(), items, strict=True):
            service = {
                "id": self.service_id(host, "nova-compute"),
                "host": host.name,
                "disabled_reason": None,
            }
            more = {
                "hypervisor_type": "ironic" if host.nodes else "QEMU",
                "hypervisor_version": 7002022,
                "host_ip": host.address,
                "service": service,
                "uptime": uptime,
            }
            details.append(item | more)
        return Listing("hypervisors", details)

    def _aggregates(self) -> Listing:
        items = []
        for number, (name, zone, hosts) in enumerate(aggregates(self.plan), start=1):
            metadata = {"availability_zone": zone} if zone else {"ssd": "true"}
            items.append(
                {
                    "id": number,
                    "uuid": self.names.uuid("aggregate", name),
                    "name": name,
                    "hosts": [host.name for host in hosts],
                    "metadata": metadata,
                    "created_at": iso(300 + number).removesuffix("Z") + ".000000",
                    "updated_at": None,
                    "deleted_at": None,
                    "deleted": False,
                    "availability_zone": zone or None,
                }
            )
        return Listing("aggregates", items)

    def _flavors(self) -> Listing:
        identity = self.names.uuid("flavor", 0)
        flavor = {
            "id": identity,
            "name": "m1.small",
            "ram": 2048,
            "disk": 20,
            "swap": 0,
            "OS-FLV-EXT-DATA:ephemeral": 0,
            "OS-FLV-DISABLED:disabled": False,
            "vcpus": 1,
            "os-flavor-access:is_public": True,
            "rxtx_factor": 1.0,
            "links": [
                self._link("self", f"v2.1/flavors/{identity}"),
                self._link("bookmark", f"flavors/{identity}"),
            ],
            "description": None,
            "extra_specs": {},
        }
        return Listing("flavors", [flavor])


def flavor_of() -> Item:
    """The flavor of every instance, as a server shows it."""
    return {
        "vcpus": 1,
        "ram": 2048,
        "disk": 20,
        "ephemeral": 0,
        "swap": 0,
        "original_name": "m1.small",
        "extra_specs": {},
    }


def nova_binaries(host: Host) -> list[str]:
    """The Nova services that run on a host."""
    binaries = ["nova-scheduler", "nova-conductor"] if "controller" in host.roles else []
    return [*binaries, "nova-compute"] if "compute" in host.roles else binaries


def aggregates(plan: Plan) -> list[tuple[str, str, list[Host]]]:
    """Name, availability zone (or none) and hosts of each aggregate."""
    computes = plan.hosts_with("compute")
    zones: dict[str, list[Host]] = {}
    for host in computes:
        zones.setdefault(host.zone, []).append(host)
    found = [(f"agg-{zone}", zone, hosts) for zone, hosts in sorted(zones.items())]
    return [*found, ("agg-ssd", "", computes[::3])]


def _address(version: int, address: str, kind: str, mac: str) -> Item:
    return {
        "version": version,
        "addr": address,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": mac,
    }
