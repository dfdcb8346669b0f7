"""Virtual network services of a host: its namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from calipso.discover.fetchers.cli.netns_services import Service, service
from calipso.discover.fetchers.cli.ports import Ports, ports_of
from calipso.hostparse.iplink import Device
from calipso.hostparse.netns import parse_namespaces
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import NAMESPACE_LINKS

_ROUTER_COLUMNS = (
    "id",
    "name",
    "status",
    "admin_state_up",
    "enable_snat",
    "gw_port_id",
    "project_id",
    "flavor_id",
)


class CliFetchHostVservices(CliAccess):
    """DHCP servers, routers and other namespaces of a host.

    The name comes from the network in the inventory or the router in Neutron's database. A
    namespace whose network or router is gone is still on the host, so the fetcher lists it.
    """

    sources: ClassVar[tuple[str, ...]] = ("db",)

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        namespaces = self.parsed(NAMESPACE_LINKS, host, parse_namespaces)
        return [
            self._vservice(host, service(name)) | _ha_state(devices or {})
            for name, devices in namespaces.items()
        ]

    def _vservice(self, host: str, found: Service) -> Fetched:
        end, folder_type, text = found.folder
        ports = ports_of(self)
        router = self._routers().get(found.subject_id, {}) if found.subject == "router" else {}
        name = router.get("name") or self._network_names().get(found.subject_id)
        shown = f"{found.prefix}{name or found.subject_id}" if found.subject else found.namespace
        return {
            **{key: value for key, value in router.items() if key not in ("id", "name")},
            "id": f"{host}-{found.namespace}",
            "name": shown,
            "host": host,
            "local_service_id": found.namespace,
            "service_type": found.kind,
            "network": _networks(found, ports),
            **({f"{found.subject}_id": found.subject_id} if found.subject else {}),
            "master_parent_type": "vservices_folder",
            "master_parent_id": f"{host}-vservices",
            "parent_type": folder_type,
            "parent_id": f"{host}-vservices-{end}",
            "parent_text": text,
        }

    def _routers(self) -> dict[str, dict[str, Any]]:
        """Return the routers of the cloud by id.

        Each process reads them once a scan, and only when it needs them.
        """

        def ask() -> dict[str, dict[str, Any]]:
            rows = self.source("db").select("neutron", "routers", list(_ROUTER_COLUMNS))
            return {row["id"]: _bools(row) for row in rows}

        return self.context.shared("cli:routers", ask)

    def _network_names(self) -> dict[str, str]:
        def read() -> dict[str, str]:
            return {
                network["id"]: str(network.get("name") or "")
                for network in self.inv.find(self.env, "network", ("id", "name"))
            }

        return self.context.shared("cli:network_names", read)


def _networks(found: Service, ports: Ports) -> list[str]:
    if found.subject == "network":
        return [found.subject_id]
    return ports.networks_of(found.subject_id) if found.subject else []


def _ha_state(devices: Mapping[str, Device]) -> Fetched:
    """Whether this host has the addresses of a highly available router.

    keepalived puts them on the devices of the active host alone. A namespace without a `ha-`
    device is no such router, and one without devices to have addresses says nothing.
    """
    serving = [d for name, d in devices.items() if name.startswith(("qr-", "qg-"))]
    if not serving or not any(name.startswith("ha-") for name in devices):
        return {}
    active = any(a.scope == "global" for device in serving for a in device.addresses)
    return {"ha_state": "active" if active else "standby"}


def _bools(row: dict[str, Any]) -> dict[str, Any]:
    """Return a router's row without the columns that only Calipso adds; flags become booleans."""
    flags = ("admin_state_up", "enable_snat")
    return {
        key: bool(value) if key in flags and value is not None else value
        for key, value in row.items()
        if not key.startswith("_")
    }
