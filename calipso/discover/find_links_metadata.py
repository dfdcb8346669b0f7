"""FindLinksMetadata: link_finders.json, the link finders and their order.

Besides link_finders.json, files named `*_link_finders.json` in the own configuration directory
add finders with a base class of their own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from calipso.discover.find_links import FindLinks
from calipso.errors import MetadataError
from calipso.settings import settings
from calipso.utils.metadata_parser import MetadataParser, find_config, load_class

OWN_PACKAGE = "calipso.discover.link_finders"


class FindLinksMetadata(MetadataParser):
    """One file: package, base class, finder classes."""

    file_name = "link_finders.json"

    def __init__(self) -> None:
        super().__init__()
        self.finders: list[type[FindLinks]] = []

    def get_required_fields(self) -> list[str]:
        """`finders_package`, `base_finder` and `link_finders`."""
        return ["finders_package", "base_finder", "link_finders"]

    def validate_metadata(self, metadata: dict[str, Any]) -> None:
        """Each finder exists and subclasses the base finder, the base finder FindLinks."""
        package = str(metadata.get("finders_package", OWN_PACKAGE))
        base = self._class("base_finder", str(metadata.get("base_finder", "FindLinks")), package)
        if base is not None and not issubclass(base, FindLinks):
            self.problem("base_finder", metadata["base_finder"], "a subclass of FindLinks")
            base = None
        names = metadata.get("link_finders", [])
        if not isinstance(names, list):
            self.problem("link_finders", names, "a list of class names")
            return
        for index, name in enumerate(names):
            where = f"link_finders[{index}]"
            if names.index(name) != index:
                self.problem(where, name, "each finder once")
                continue
            found = self._class(where, str(name), package)
            if found is None:
                continue
            if base is not None and not issubclass(found, base):
                self.problem(where, name, f"a subclass of {base.__name__}")
                continue
            self.finders.append(found)

    def _class(self, where: str, name: str, package: str) -> type[Any] | None:
        if name == "FindLinks":
            return FindLinks
        try:
            return load_class(name, package)
        except MetadataError as error:
            self.problems += [f"{self.path}: {where}: {text}" for text in error.problems]
            return None


def load_link_finders() -> dict[str, type[FindLinks]]:
    """Link finder classes in force, by name, in order. Raises MetadataError."""
    paths = [find_config(FindLinksMetadata.file_name)]
    own = settings().config_dir
    if own is not None:
        paths += sorted(Path(own).glob("*_link_finders.json"))
    finders: dict[str, type[FindLinks]] = {}
    for path in paths:
        metadata = FindLinksMetadata()
        metadata.parse_metadata_file(path)
        for found in metadata.finders:
            finders.setdefault(found.__name__, found)
    return finders
