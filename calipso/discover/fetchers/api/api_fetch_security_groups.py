"""Security groups."""

from __future__ import annotations

from calipso.discover.fetchers.api.project_lists import ProjectList
from calipso.model.inventory import Fetched
from calipso.sources.api.api_paging import Item

#: Fields of a rule that say what passes.
_RULE = (
    "id",
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
    "remote_address_group_id",
)


class ApiFetchSecurityGroups(ProjectList):
    """Security groups of a region with their rules, from Neutron."""

    object_type = "security_group"
    path = "/v2.0/security-groups"
    list_key = "security_groups"
    left_out = ("security_group_rules",)
    folder = ("security_groups", "Security groups")

    def made(self, item: Item) -> Fetched:
        listed = item.get("security_group_rules") or ()
        rules = [{name: rule.get(name) for name in _RULE} for rule in listed]
        return {
            "rules": sorted(rules, key=lambda rule: str(rule["id"])),
            "remote_groups": sorted(
                {str(rule["remote_group_id"]) for rule in rules if rule["remote_group_id"]}
            ),
        }
