"""Folders: they group the children of an object. Each is declared by what it holds."""

from __future__ import annotations

from calipso.model.types.base import Field, ObjectType

#: Type -> (type of what it holds, types of its parents).
_FOLDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "regions_folder": ("region", ("environment",)),
    "projects_folder": ("project", ("environment",)),
    "availability_zones_folder": ("availability_zone", ("region",)),
    "switches_folder": ("switch", ("environment",)),
    "aggregates_folder": ("aggregate", ("region",)),
    "instances_folder": ("instance", ("host",)),
    "vservices_folder": ("vservice", ("host",)),
    "vservice_dhcps_folder": ("vservice", ("vservices_folder",)),
    "vservice_routers_folder": ("vservice", ("vservices_folder",)),
    "vservice_miscellaneous_folder": ("vservice", ("vservices_folder",)),
    "pnics_folder": ("host_pnic", ("host",)),
    "vconnectors_folder": ("vconnector", ("host",)),
    "vedges_folder": ("vedge", ("host",)),
    "network_agents_folder": ("network_agent", ("host",)),
    "vnics_folder": ("vnic", ("instance", "vservice")),
    "networks_folder": ("network", ("project",)),
    "routers_folder": ("router", ("project",)),
    "floating_ips_folder": ("floating_ip", ("project",)),
    "security_groups_folder": ("security_group", ("project",)),
    "ports_folder": ("port", ("network",)),
    "network_services_folder": ("vservice", ("network",)),
    "namespaces_folder": ("namespace", ("environment",)),
}

_PLANNED = {"namespaces_folder": "Kubernetes is not read yet."}


def _folder(name: str, holds: str, parents: tuple[str, ...]) -> ObjectType:
    words = name.replace("_", " ")
    return ObjectType(
        name=name,
        singular=words,
        plural=f"{words}s",
        meaning=f"Folder of {holds} objects.",
        identity="`<parent id>-<children, plural>`",
        fields=(Field("text", "Its name as shown.", "config/scanners.json, or its children"),),
        parents=parents,
        icon="folder",
        holds=holds,
        planned=_PLANNED.get(name, ""),
    )


TYPES = tuple(_folder(name, *what) for name, what in _FOLDERS.items())
