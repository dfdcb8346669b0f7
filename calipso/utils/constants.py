"""Constants: the words of types, states and drivers, from constants.json."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from calipso.utils.metadata_parser import MetadataParser, find_config


class ConstantsMetadata(MetadataParser):
    """constants.json: name -> list of {label, value}."""

    file_name = "constants.json"

    def get_required_fields(self) -> list[str]:
        """The lists that a scan reads."""
        return ["object_types", "scan_object_types", "object_types_for_links", "link_types"]

    def validate_metadata(self, metadata: dict[str, Any]) -> None:
        """Check that each entry is {label, value} and that each value is unique."""
        for name, entries in metadata.items():
            if name == "_comment":
                continue
            if not isinstance(entries, list):
                self.problem(name, entries, "a list of {label, value}")
                continue
            seen: set[Any] = set()
            for index, entry in enumerate(entries):
                if not isinstance(entry, dict) or set(entry) != {"label", "value"}:
                    self.problem(f"{name}[{index}]", entry, "an object with label and value")
                elif entry["value"] in seen:
                    self.problem(f"{name}[{index}]", entry["value"], "each value once")
                else:
                    seen.add(entry["value"])


@lru_cache(maxsize=8)
def _load(path: Path, _changed: float) -> dict[str, Any]:
    return ConstantsMetadata().parse_metadata_file(path)


def load_constants() -> dict[str, Any]:
    """Return all constants in force: name -> list of {label, value}. Raises MetadataError."""
    path = find_config(ConstantsMetadata.file_name)
    return _load(path, path.stat().st_mtime)


def constant_values(name: str) -> list[str]:
    """Return the values of one list of constants."""
    return [entry["value"] for entry in load_constants().get(name, [])]
