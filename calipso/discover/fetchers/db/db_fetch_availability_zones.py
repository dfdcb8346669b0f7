"""Availability zones in use."""

from __future__ import annotations

from collections import defaultdict

from calipso.model.inventory import Fetched
from calipso.sources.db.db_access import DbAccess


class DbFetchAvailabilityZones(DbAccess):
    """Zones that hold instances, from the cell databases; for clouds whose Nova lists none."""

    def get(self, parent_id: str) -> list[Fetched]:
        hosts: dict[str, set[str]] = defaultdict(set)
        columns = ["availability_zone", "host"]
        for row in self.select("nova", "instances", columns, {"deleted": 0}):
            if row["availability_zone"] and row["host"]:
                hosts[row["availability_zone"]].add(row["host"])
        return [{"id": zone, "name": zone, "hosts": sorted(hosts[zone])} for zone in sorted(hosts)]
