"""FolderFetcher: groups the children of an object under a named folder. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.model.inventory import Fetched
from calipso.sources.fetcher import Fetcher


class FolderFetcher(Fetcher):
    """The folder `<parent id>-<types_name>`, labelled with `text`."""

    source_name = "folder"

    def __init__(self, spec: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        spec = spec or {}
        self.types_name = str(spec.get("types_name", ""))
        self.parent_type = str(spec.get("parent_type", ""))
        self.text = str(spec.get("text") or self.types_name.replace("_", " ").title())

    def get(self, parent_id: str) -> list[Fetched]:
        """One folder object."""
        folder_id = f"{parent_id}-{self.types_name}"
        return [
            {
                "id": folder_id,
                "name": self.text,
                "text": self.text,
                "parent_id": parent_id,
                "parent_type": self.parent_type,
                "create_object": True,
            }
        ]
