"""Availability zones of each region."""

from __future__ import annotations

from calipso.discover.fetchers.api import api_hosts
from calipso.discover.fetchers.api.api_host_lists import (
    all_but_silent,
    listed_hosts,
    of_regions,
    zone_id,
)
from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess

PATH = "/v2.1/os-availability-zone/detail"


class ApiFetchAvailabilityZones(ApiAccess):
    """Zones from Nova. One request as the admin project reads the whole cloud.

    `/detail` is used because the short form leaves out the zone `internal`.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        if not self.is_admin_project(parent_id):
            return []
        regions = self.regions("compute")
        return of_regions(regions, lambda region: self._zones(region, regions))

    def _zones(self, region: str, regions: list[str]) -> list[Fetched]:
        """Return the zones of one region.

        A zone with a host that Nova cannot reach keeps its stored state.
        """
        services, network, _, silent = listed_hosts(self, region)
        detail = self.list("compute", PATH, "availabilityZoneInfo", region=region)
        found = [
            zone | placement(region) | {"id": zone_id(region, zone["name"], regions)}
            for zone in api_hosts.zones(list(detail), services, network)
        ]
        if not silent:
            return found
        stored = self.inv.find(self.env, "availability_zone", ["id", "hosts"])
        kept = {zone["id"] for zone in stored if silent & set(zone.get("hosts", ()))}
        return all_but_silent(region, silent, [zone for zone in found if zone["id"] not in kept])


def placement(region: str) -> Fetched:
    """Return the place of a region's zones in the tree."""
    return {
        "parent_id": f"{region}-availability_zones",
        "parent_type": "availability_zones_folder",
        "master_parent_id": region,
        "master_parent_type": "region",
        "parent_text": "Availability Zones",
    }
