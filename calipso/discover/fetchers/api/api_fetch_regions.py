"""Regions of a cloud."""

from __future__ import annotations

from calipso.errors import ApiAccessError, ErrorKind
from calipso.model.environment import OpenStackSection
from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.api_paging import Item
from calipso.sources.api.catalogue import interface_of, region_of_endpoint


class ApiFetchRegions(ApiAccess):
    """Regions named by the Keystone catalogue, each with the endpoints it offers."""

    def get(self, parent_id: str) -> list[Fetched]:
        wanted = self.context.environment.section(OpenStackSection).region
        regions: dict[str, Fetched] = {}
        for service in self.list("identity", "/v3/auth/catalog", "catalog"):
            for endpoint in service.get("endpoints") or ():
                name = region_of_endpoint(endpoint)
                if wanted and name != wanted:
                    continue
                region = regions.setdefault(
                    name, {"id": name, "name": name, "parent_type": "regions_folder"}
                )
                region["parent_id"] = parent_id
                _add_endpoint(region.setdefault("endpoints", {}), service, endpoint)
        if not regions:
            raise self._no_region(wanted)
        return [regions[name] for name in sorted(regions)]

    def _no_region(self, wanted: str) -> ApiAccessError:
        """Raise an error for an empty catalogue: it does not mean that the cloud is empty."""
        return ApiAccessError(
            f"{self.env}: the catalogue has no {f'region {wanted}' if wanted else 'endpoints'}",
            kind=ErrorKind.NOT_FOUND,
            hint="Compare `region` of the OpenStack section with `openstack region list`.",
        )


def _add_endpoint(endpoints: dict[str, Item], service: Item, endpoint: Item) -> None:
    """Note one address under the service's name: publicURL, internalURL or adminURL."""
    name = str(service.get("name") or service.get("type"))
    entry = endpoints.setdefault(name, {"service_type": service.get("type")})
    interface = interface_of(endpoint) or "public"
    entry[f"{interface}URL"] = endpoint.get("url")
    if interface == "public":
        entry["id"] = endpoint.get("id")
