"""Networks with their subnets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_cidr
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.api_paging import Item


class ApiFetchNetworks(ApiAccess):
    """Networks of a region below their projects, from Neutron."""

    def get(self, parent_id: str) -> list[Fetched]:
        return [
            network
            for region in self.regions("network", parent_id)
            for network in self.networks(region, {})
        ]

    def networks(self, region: str, only: Mapping[str, str]) -> list[Fetched]:
        """Return the networks that match `only` (all if it is empty), as inventory objects."""
        networks = list(
            self.list("network", "/v2.0/networks", "networks", region=region, params=only)
        )
        of_network: dict[str, list[Item]] = defaultdict(list)
        wanted = {"network_id": only["id"]} if only else {}
        for subnet in self.list(
            "network", "/v2.0/subnets", "subnets", region=region, params=wanted
        ):
            of_network[str(subnet["network_id"])].append(subnet)
        names = self.project_names()
        admin = self.admin_project_id(names)
        return [network(item, of_network[str(item["id"])], names, admin) for item in networks]


def network(item: Item, subnets: Iterable[Item], names: Mapping[str, str], admin: str) -> Fetched:
    """Return the inventory object of a Neutron network.

    A network without a project (Neutron's own, for HA routers) is below the admin project, and so
    is a network whose project is gone.
    """
    owner = str(item.get("project_id") or item.get("tenant_id") or "")
    home = owner if owner in names else admin
    by_name = subnets_by_name(subnets)
    return item | {
        "id": str(item["id"]),
        "name": str(item.get("name") or item["id"]),
        "network": str(item["id"]),
        "project": names.get(owner, ""),
        "projects": [names[owner]] if owner in names else [],
        "subnets": by_name,
        "cidrs": sorted(subnet["cidr"] for subnet in by_name.values()),
        "subnet_ids": sorted(str(subnet["id"]) for subnet in by_name.values()),
        "parent_id": f"{home}-networks",
        "parent_type": "networks_folder",
        "master_parent_id": home,
        "master_parent_type": "project",
        "parent_text": "Networks",
    }


def subnets_by_name(subnets: Iterable[Item]) -> dict[str, Item]:
    """Return the subnets by name. If a name is empty or not unique, the key contains the id."""
    found: dict[str, Item] = {}
    for item in sorted(subnets, key=lambda subnet: str(subnet["id"])):
        name, subnet_id = str(item.get("name") or ""), str(item["id"])
        key = name or subnet_id
        if key in found:
            key = f"{name} {subnet_id}"
        found[key] = {
            key: value
            for key, value in item.items()
            if key not in ("revision_number", "updated_at")
        } | {"cidr": normal_cidr(item.get("cidr"))}
    return found
