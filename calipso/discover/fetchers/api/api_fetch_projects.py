"""Projects of a cloud."""

from __future__ import annotations

from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.api_paging import Item


class ApiFetchProjects(ApiAccess):
    """Projects of all domains, from Keystone.

    The service project is included, because it owns ports.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        projects = self.list("identity", "/v3/projects", "projects")
        return [project(item, parent_id) for item in projects if not item.get("is_domain")]


def project(item: Item, parent_id: str) -> Fetched:
    """Inventory object of a Keystone project; `parent_id` there is a project or a domain."""
    kept = {key: value for key, value in item.items() if key not in ("links", "parent_id")}
    return kept | {
        "id": str(item["id"]),
        "name": str(item["name"]),
        "parent_project_id": item.get("parent_id"),
        "parent_id": parent_id,
        "parent_type": "projects_folder",
    }
