"""Networks with their subnets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial

from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_cidr
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.api_paging import Item
from calipso.sources.records import Records


class ApiFetchNetworks(ApiAccess):
    """Networks of a region below their projects, from Neutron."""

    def get(self, parent_id: str) -> list[Fetched]:
        records = Records("network", self.key)
        return records.answer(
            [
                network
                for region in self.regions("network", parent_id)
                for network in self.networks(region, {}, records)
            ]
        )

    def networks(self, region: str, only: Mapping[str, str], records: Records) -> list[Fetched]:
        """Networks that match `only` (all when empty), as inventory objects."""
        networks = list(
            self.list("network", "/v2.0/networks", "networks", region=region, params=only)
        )
        of_network: dict[str, list[Item]] = defaultdict(list)
        wanted = {"network_id": only["id"]} if only else {}
        for subnet in self.list(
            "network", "/v2.0/subnets", "subnets", region=region, params=wanted
        ):
            owner = records.made(partial(owner_of_subnet, subnet), subnet, kind="subnet")
            if owner is not None:
                of_network[owner].append(subnet)
        names = self.project_names()
        admin = self.admin_project_id(names)
        made = (
            records.made(partial(network, item, of_network, names, admin), item)
            for item in networks
        )
        return [item for item in made if item is not None]


def owner_of_subnet(subnet: Item) -> str:
    """Id of its network. Raises KeyError for a subnet without it or without an id of its own."""
    for key in ("id", "network_id"):
        if not subnet[key]:
            raise KeyError(key)
    return str(subnet["network_id"])


def network(
    item: Item, subnets: Mapping[str, Iterable[Item]], names: Mapping[str, str], admin: str
) -> Fetched:
    """Inventory object of a Neutron network.

    A network without a project (Neutron's own, for HA routers) is below the admin project, and so
    is a network whose project is gone.
    """
    owner = str(item.get("project_id") or item.get("tenant_id") or "")
    home = owner if owner in names else admin
    by_id = subnets_by_id(subnets.get(str(item["id"]), ()))
    return item | {
        "id": str(item["id"]),
        "name": str(item.get("name") or item["id"]),
        "network": str(item["id"]),
        "project": names.get(owner, ""),
        "projects": [names[owner]] if owner in names else [],
        "subnets": by_id,
        "cidrs": sorted(subnet["cidr"] for subnet in by_id.values()),
        "subnet_ids": sorted(by_id),
        "parent_id": f"{home}-networks",
        "parent_type": "networks_folder",
        "master_parent_id": home,
        "master_parent_type": "project",
        "parent_text": "Networks",
    }


def subnets_by_id(subnets: Iterable[Item]) -> dict[str, Item]:
    """Subnets by id. Names are no keys: tenants choose them, and several may be equal."""
    return {
        str(item["id"]): {
            key: value
            for key, value in item.items()
            if key not in ("revision_number", "updated_at")
        }
        | {"cidr": normal_cidr(item.get("cidr"))}
        for item in sorted(subnets, key=lambda subnet: str(subnet["id"]))
    }
