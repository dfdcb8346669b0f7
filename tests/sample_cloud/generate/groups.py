"""Security groups: the one that every project has, and those that a profile adds.

The group of a project lets its members send anything and get anything from each other, as
Neutron's `default` does, and lets ping and SSH in from everywhere.
"""

from __future__ import annotations

from typing import Any

from ..cloud import Item
from .names import Names, iso
from .plan import Group, Plan, Port, Project


def project_group(project_id: str, names: Names) -> str:
    """Id of the group of a project."""
    return names.uuid("security-group", project_id)


def port_groups(port: Port, names: Names) -> list[str]:
    """Ids of the groups of a port."""
    return [project_group(port.project_id, names)] if port.groups is None else port.groups


def default_rules(group: str) -> list[dict[str, Any]]:
    """The rules of the group of a project."""
    found: list[dict[str, Any]] = []
    for family in ("IPv4", "IPv6"):
        found.append({"direction": "egress", "ethertype": family})
        found.append({"direction": "ingress", "ethertype": family, "remote_group_id": group})
    found.append({"direction": "ingress", "ethertype": "IPv4", "protocol": "icmp"})
    ssh = {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
    found.append({"direction": "ingress", "ethertype": "IPv4"} | ssh)
    return found


def security_groups(plan: Plan, names: Names) -> list[Item]:
    """All groups, by id, as the API lists them."""
    groups = [_of_project(project, names) for project in plan.projects] + plan.groups
    return sorted((_view(group, names) for group in groups), key=lambda item: item["id"])


def _of_project(project: Project, names: Names) -> Group:
    group = project_group(project.id, names)
    return Group(group, "default", project, default_rules(group))


def _view(group: Group, names: Names) -> Item:
    owner = {"tenant_id": group.project.id, "project_id": group.project.id}
    times = {"created_at": iso(90), "updated_at": iso(90), "revision_number": 1}
    rules = [
        {
            "id": names.uuid("security-group-rule", f"{group.id}/{at}"),
            "security_group_id": group.id,
            "ethertype": "IPv4",
            "direction": "ingress",
            "protocol": None,
            "port_range_min": None,
            "port_range_max": None,
            "remote_ip_prefix": None,
            "remote_group_id": None,
            "remote_address_group_id": None,
            "normalized_cidr": None,
            "standard_attr_id": at + 1,
            "description": "",
            "tags": [],
            **owner,
            **times,
            **rule,
        }
        for at, rule in enumerate(group.rules)
    ]
    return {
        "id": group.id,
        "name": group.name,
        "stateful": group.stateful,
        "description": "Default security group" if group.name == "default" else "",
        "shared": False,
        "security_group_rules": rules,
        "tags": [],
        **owner,
        **times,
    }
