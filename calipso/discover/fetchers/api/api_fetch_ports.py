"""Ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from calipso.discover.fetchers.api.host_problems import driver_problems
from calipso.errors import AccessError
from calipso.model.drivers import drivers_of_agents, drivers_of_ports
from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_ip
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.api_paging import Item
from calipso.sources.records import Records


class ApiFetchPorts(ApiAccess):
    """Ports of a region below their networks, from Neutron. Unbound ports are included."""

    def get(self, parent_id: str) -> list[Fetched]:
        found: list[Fetched] = []
        records = Records("port", self.key)
        for region in self.regions("network", parent_id):
            ports = list(self.ports(region, {}, records))
            self._check_drivers(region, ports)
            found += ports
        return records.answer(found)

    def _check_drivers(self, region: str, ports: Iterable[Fetched]) -> None:
        """Report drivers that plug ports and that no fetcher reads.

        The host fetcher reports the drivers that agents show.
        """
        wanted = self.context.environment.mechanism_drivers
        found = [driver for driver in drivers_of_ports(ports) if not driver.read_in(wanted)]
        if not found:
            return
        try:
            shown = {driver.name for driver in drivers_of_agents(self.network_agents(region))}
        except AccessError:  # the host fetcher reports it
            shown = set()
        rest = [driver for driver in found if driver.name not in shown]
        for problem in driver_problems(self.env, rest, wanted):
            self.context.problem(problem)

    def ports(self, region: str, only: Mapping[str, str], records: Records) -> Iterator[Fetched]:
        """Ports that match `only` (all when empty), as inventory objects."""
        names = self.project_names()
        networks = {item["id"] for item in self.inv.find(self.env, "network", fields=["id"])}
        for item in self.list("network", "/v2.0/ports", "ports", region=region, params=only):
            if str(item.get("network_id")) in networks:
                if (made := records.made(partial(port, item, names), item)) is not None:
                    yield made | {"region": region}
            else:
                self._network_unknown(item)

    def _network_unknown(self, item: Item) -> None:
        self.problem(
            ("port", str(item.get("id") or "")),
            code="network_unknown",
            message=f"port {item.get('id')}: its network {item.get('network_id')} is not in "
            "the inventory",
            hint="A network made during the scan is found by the next one.",
        )


def port(item: Item, names: Mapping[str, str]) -> Fetched:
    """Return the inventory object of a port.

    Its name is its MAC; `port_name` has Neutron's name.
    """
    owner = str(item.get("project_id") or item.get("tenant_id") or "")
    mac = str(item.get("mac_address") or "").lower()
    network_id = str(item["network_id"])
    return item | {
        "id": str(item["id"]),
        "name": mac or str(item["id"]),
        "port_name": str(item.get("name") or ""),
        "mac_address": mac,
        "fixed_ips": [_fixed_ip(fixed) for fixed in item.get("fixed_ips") or ()],
        "project": names.get(owner, ""),
        "projects": [names[owner]] if owner in names else [],
        "parent_id": f"{network_id}-ports",
        "parent_type": "ports_folder",
        "master_parent_id": network_id,
        "master_parent_type": "network",
        "parent_text": "Ports",
    }


def _fixed_ip(fixed: Item) -> Item:
    return fixed | {"ip_address": normal_ip(fixed.get("ip_address"))}
