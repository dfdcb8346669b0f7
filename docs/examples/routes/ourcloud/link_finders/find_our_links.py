"""Base of this plug-in's link finders."""

from __future__ import annotations

from typing import Any

from calipso.discover.find_links import FindLinks


class FindOurLinks(FindLinks):
    """Adds what all finders of this plug-in need: objects by host and device name."""

    def by_device(self, object_type: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Objects that are devices of a host, read in one query."""
        return {(item["host"], item["name"]): item for item in self.find(object_type, ["state"])}
