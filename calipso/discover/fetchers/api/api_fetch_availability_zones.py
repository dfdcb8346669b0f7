"""Availability zones of each region."""

from __future__ import annotations

from calipso.discover.fetchers.api import api_hosts
from calipso.discover.fetchers.api.api_access import ApiAccess
from calipso.discover.fetchers.api.api_host_lists import agents, nova_services, zone_id
from calipso.model.inventory import Fetched

PATH = "/v2.1/os-availability-zone/detail"


class ApiFetchAvailabilityZones(ApiAccess):
    """Zones from Nova, asked once for the whole cloud: as the admin project.

    `/detail` is used because the short form leaves out the zone `internal`.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        if not self.is_admin_project(parent_id):
            return []
        regions = self.regions("compute")
        found: list[Fetched] = []
        for region in regions:
            detail = self.list("compute", PATH, "availabilityZoneInfo", region=region)
            zones = api_hosts.zones(list(detail), nova_services(self, region), agents(self, region))
            found += [
                zone | placement(region) | {"id": zone_id(region, zone["name"], regions)}
                for zone in zones
            ]
        return found


def placement(region: str) -> Fetched:
    """Where zones of a region stand in the tree."""
    return {
        "parent_id": f"{region}-availability_zones",
        "parent_type": "availability_zones_folder",
        "master_parent_id": region,
        "master_parent_type": "region",
        "parent_text": "Availability Zones",
    }
