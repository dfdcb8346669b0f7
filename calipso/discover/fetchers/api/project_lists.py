"""What the lists of Neutron that belong to projects have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from calipso.errors import AccessError, ErrorKind
from calipso.model.inventory import Fetched
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.api_paging import Item
from calipso.sources.records import Records


class ProjectList(ApiAccess):
    """Things of a region below a folder of their project; one list call a region and scan.

    A Neutron without the extension has none of them.
    """

    object_type: ClassVar[str]
    path: ClassVar[str]
    list_key: ClassVar[str]
    #: End of the folder's id, and its name as shown.
    folder: ClassVar[tuple[str, str]]

    #: Fields of Neutron that the object has in another form.
    left_out: ClassVar[tuple[str, ...]] = ()

    def get(self, parent_id: str) -> list[Fetched]:
        found: list[Fetched] = []
        records = Records(self.object_type, self.key)
        names = self.project_names()
        admin = self.admin_project_id(names)
        for region in self.regions("network", parent_id):
            self.prepare(region)
            for item in self._items(region):
                made = records.made(partial(self._made, item, names, admin, region), item)
                if made is not None:
                    found.append(made)
        return records.answer(found)

    def prepare(self, region: str) -> None:
        """Read what the objects of a region need beside their list."""

    def made(self, item: Item) -> Fetched:
        """The fields of an object that are its type's own; they may replace those of Neutron."""
        return {}

    def _items(self, region: str) -> list[Item]:
        try:
            return list(self.list("network", self.path, self.list_key, region=region))
        except AccessError as error:
            if error.kind == ErrorKind.NOT_FOUND:
                return []
            raise

    def _made(self, item: Item, names: Mapping[str, str], admin: str, region: str) -> Fetched:
        owner = str(item.get("project_id") or item.get("tenant_id") or "")
        home = owner if owner in names else admin
        end, text = self.folder
        kept = {key: value for key, value in item.items() if key not in self.left_out}
        return kept | {
            "id": str(item["id"]),
            "name": str(item.get("name") or item["id"]),
            "project": names.get(owner, ""),
            "projects": [names[owner]] if owner in names else [],
            "region": region,
            "parent_id": f"{home}-{end}",
            "parent_type": f"{end}_folder",
            "master_parent_id": home,
            "master_parent_type": "project",
            "parent_text": text,
            **self.made(item),
        }
