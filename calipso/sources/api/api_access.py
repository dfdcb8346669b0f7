"""ApiAccess: the OpenStack API as fetchers see it: lists of plain dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from calipso.errors import ErrorKind, NotFound
from calipso.model.environment import OpenStackSection
from calipso.settings import settings
from calipso.sources.api.api_client import ApiClient
from calipso.sources.api.api_paging import Item, items_of_pages
from calipso.sources.fetcher import Fetcher

Items = list[Item]
list_of = list  # inside ApiAccess, `list` is its method

#: Newest Nova microversion our fetchers know: ids of hypervisors and services are uuids since
#: 2.53, flavors are embedded since 2.47. Older services are asked for their newest.
NOVA = "2.53"

#: Lists that take `limit`; Nova refuses unknown parameters elsewhere.
_PAGED = ("/v2.0/", "/v2.1/servers", "/v2.1/os-hypervisors")


class ApiAccess(Fetcher):
    """Base of the API fetchers, and the `api` source itself.

    A path names its version (`/v2.0/ports`, `/v2.1/servers/detail`, `/v3/projects`).
    """

    source_name: ClassVar[str] = "api"

    @property
    def client(self) -> ApiClient:
        """The connection all API fetchers of this scan share in this process."""
        section = self.context.environment.section(OpenStackSection)

        def make() -> ApiClient:
            return ApiClient(section, settings(), self.context.count, self.context.bounds)

        return self.context.shared("api:client", make)

    def catalogue(self) -> Items:
        """The service catalogue that came with the token."""
        return self.client.catalogue()

    def list(
        self,
        service_type: str,
        path: str,
        key: str,
        *,
        region: str | None = None,
        params: Mapping[str, Any] | None = None,
        microversion: str | None = None,
    ) -> Iterator[Item]:
        """Items of a list, page after page. Raises ApiAccessError when a page cannot be read."""
        limit = {"limit": settings().api_page_size} if path.startswith(_PAGED) else {}
        client = self.client

        def ask(page: Mapping[str, Any]) -> Any:
            return client.ask(
                service_type, path, region=region, params=page, microversion=microversion
            )

        what = f"{service_type} {path}"
        items = items_of_pages(ask, what, key, {**(params or {}), **limit})
        recorder = self.context.recorder
        if recorder is None:
            yield from items
            return
        kept = list_of(items)
        recorder.api(service_type, path, key, params, kept, microversion)
        yield from kept

    def ask(
        self,
        service_type: str,
        path: str,
        *,
        region: str | None = None,
        params: Mapping[str, Any] | None = None,
        microversion: str | None = None,
    ) -> Any:
        """The parsed JSON of an answer that is not a list."""
        body = self.client.ask(
            service_type, path, region=region, params=params, microversion=microversion
        )
        if self.context.recorder is not None:
            self.context.recorder.api(service_type, path, None, params, body, microversion)
        return body

    # -- questions of several API fetchers -----------------------------------------------

    def regions(self, service_type: str, parent_id: str = "") -> list_of[str]:
        """Regions that offer a service: the parent when it is a region, else all stored ones.

        Raises NotFound when no region was scanned yet.
        """
        regions = self.inv.find(self.env, "region", fields=["id", "endpoints"])
        if not regions:
            raise NotFound(
                f"{self.env}: no region is in the inventory",
                kind=ErrorKind.NOT_FOUND,
                hint="Scan the environment as a whole first; regions come from its catalogue.",
            )
        parent = (self.context.parent(parent_id) if parent_id else None) or {}
        only = parent["id"] if parent.get("type") == "region" else None
        return [
            str(region["id"])
            for region in sorted(regions, key=lambda region: str(region["id"]))
            if (only is None or region["id"] == only)
            and any(e.get("service_type") == service_type for e in region["endpoints"].values())
        ]

    def network_agents(self, region: str) -> list_of[Item]:
        """Neutron's agents of a region, asked once a scan; none when it offers no networking."""
        if region not in self.regions("network"):
            return []
        return self.context.shared(
            f"api:agents:{region}",
            lambda: list_of(self.list("network", "/v2.0/agents", "agents", region=region)),
        )

    def project_names(self) -> dict[str, str]:
        """Name of each stored project by its id."""
        projects = self.inv.find(self.env, "project", fields=["id", "name"])
        return {str(project["id"]): str(project["name"]) for project in projects}

    def is_admin_project(self, parent_id: str) -> bool:
        """True for the project that stands for the whole cloud (`admin_project`)."""
        if self.is_admin_name(parent_id):
            return True
        parent = self.context.parent(parent_id) or {}
        return parent.get("type") == "project" and self.is_admin_name(str(parent.get("name")))

    def is_admin_name(self, name: str) -> bool:
        """True for the name of the login's project; Keystone takes it in any case of letters."""
        section = self.context.environment.section(OpenStackSection)
        wanted = section.admin_project if section.names_project else self.client.project()
        return name.casefold() == wanted.casefold()

    def admin_project_id(self, names: Mapping[str, str]) -> str:
        """Id of the admin project among these names by id. Raises NotFound."""
        ids = sorted(key for key, name in names.items() if self.is_admin_name(name))
        if not ids:
            raise NotFound(
                f"{self.env}: the admin project is not in the inventory",
                kind=ErrorKind.NOT_FOUND,
                hint="Check admin_project of the OpenStack section; scan the projects first.",
            )
        return ids[0]
