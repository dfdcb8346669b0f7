"""What the identity API lists of a generated cloud. Login and catalogue: serve/keystone.py."""

from __future__ import annotations

from collections.abc import Sequence

from tests.sample_cloud.cloud import Item, Listing
from tests.sample_cloud.generate.plan import Plan, Project

#: Replaced by the address of the server when a page is written.
IDENTITY_URL = "http://identity.sample/v3"
REGION = "RegionOne"
SECOND_REGION = "RegionTwo"


def identity(plan: Plan, resource: str, regions: Sequence[str] = (REGION,)) -> Listing | None:
    """Projects and regions."""
    if resource == "projects":
        return Listing("projects", [project_view(project) for project in plan.projects])
    if resource == "regions":
        return Listing("regions", [region_view(region) for region in regions])
    return None


def region_view(region: str) -> Item:
    return {
        "id": region,
        "description": "",
        "parent_region_id": None,
        "links": {"self": f"{IDENTITY_URL}/regions/{region}"},
    }


def project_view(project: Project) -> Item:
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": "default",
        "description": project.description,
        "enabled": True,
        "parent_id": "default",
        "is_domain": False,
        "tags": [],
        "options": {},
        "links": {"self": f"{IDENTITY_URL}/projects/{project.id}"},
    }
