"""Instances that no host of the inventory has."""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar

from calipso.discover.fetchers.api.api_host_lists import (
    all_but_silent,
    of_regions,
    silent_hosts,
)
from calipso.discover.fetchers.api.api_servers import instances_of
from calipso.discover.fetchers.api.instance_details import complete, of_instance
from calipso.discover.fetchers.api.instance_ports import InstancePorts
from calipso.model.hosts import region_of, runs_instances
from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess

#: Nova's state of an instance -> the reason why it has no host.
REASONS = {
    "ERROR": "it failed before a host had it",
    "BUILD": "it is being built, and no host is chosen yet",
    "SHELVED_OFFLOADED": "it is shelved and offloaded: its host gave it up",
}


class ApiFetchProjectInstances(ApiAccess):
    """Instances without a host, and those whose host is not in the inventory, below their project.

    One request as the admin project reads the whole cloud, including the instances of projects that
    are gone. `no_host_reason` says why there is no host. `nova_host` is the host that Nova names
    and that no scan has found. The field `host` is absent, because no host has any part of such an
    instance.
    """

    sources: ClassVar[tuple[str, ...]] = ("db",)

    def get(self, parent_id: str) -> list[Fetched]:
        if not self.is_admin_project(parent_id):
            return []
        projects = self.project_names()
        admin = self.admin_project_id(projects)

        def ask(region: str) -> list[Fetched]:
            return self._without_host(region, projects, admin)

        return of_regions(self.regions("compute"), ask)

    def _without_host(self, region: str, projects: Container[str], admin: str) -> list[Fetched]:
        """Return these instances of one region.

        Nova lists no instances of a cell that it cannot reach: these instances stay stored.
        """
        fields = ["id", "host_type", "region", "id_path"]
        known = {
            str(host["id"])
            for host in self.inv.find(self.env, "host", fields)
            if runs_instances(host) and region_of(host) in (region, "")
        }
        silent = silent_hosts(self, region)
        found = []
        for listed in instances_of(self, region):
            if listed.get("host") not in known:
                owner = listed["project_id"]
                item = listed | placement(owner if owner in projects else admin)
                host = item.pop("host", "")
                item["no_host_reason"] = reason(item, host)
                if host:
                    item["nova_host"] = host
                    self._unknown_host(item, host, region)
                found.append(item)
        complete(self, found, InstancePorts(self.inv, self.env))
        return all_but_silent(region, silent, found)

    def _unknown_host(self, item: Fetched, host: str, region: str) -> None:
        self.context.problem(
            of_instance(
                item,
                "instance_host_unknown",
                f"instance {item['name']} ({item['id']}): its host {host} of {region} is not in "
                "the inventory",
                "The scan reports why a host is left out. A host whose compute service was "
                "deleted is unknown to Nova too.",
            )
        )


def placement(project: str) -> Fetched:
    """Return the place of such an instance in the tree: a folder of its project."""
    return {
        "parent_id": f"{project}-instances",
        "parent_type": "instances_folder",
        "master_parent_id": project,
        "master_parent_type": "project",
        "parent_text": "Instances without a host",
    }


def reason(item: Fetched, host: str) -> str:
    """Return a clause that says why an instance is below its project."""
    if host:
        return f"its host {host} is not in the inventory"
    return REASONS.get(str(item.get("status")), "Nova names no host for it")
