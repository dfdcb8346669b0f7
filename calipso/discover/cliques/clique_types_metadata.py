"""CliqueTypesMetadata: clique_types.json, the default clique types and constraints.

People define more in the collections `clique_types` and `clique_constraints`.
"""

from __future__ import annotations

from typing import Any, cast

from calipso.model.clique import CliqueConstraint, CliqueType
from calipso.stores.config.clique_type_store import clique_constraints, clique_types, in_force
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.constants import constant_values
from calipso.utils.metadata_parser import MetadataParser, nearest

TYPE_KEYS = frozenset(CliqueType.__annotations__)
REQUIRED_KEYS = ("name", "focal_point_type", "link_types")


class CliqueTypesMetadata(MetadataParser):
    """The file: `clique_types` and `clique_constraints`."""

    file_name = "clique_types.json"

    def get_required_fields(self) -> list[str]:
        """`clique_types` and `clique_constraints`."""
        return ["clique_types", "clique_constraints"]

    def validate_metadata(self, metadata: dict[str, Any]) -> None:
        """Keys, object types and link types of each entry."""
        for index, entry in enumerate(metadata.get("clique_types", [])):
            self.check_type(f"clique_types[{index}]", entry)
        for index, entry in enumerate(metadata.get("clique_constraints", [])):
            where = f"clique_constraints[{index}]"
            self._word(f"{where}.focal_point_type", entry.get("focal_point_type"), "object_types")
            if not isinstance(entry.get("constraints"), list):
                self.problem(f"{where}.constraints", entry.get("constraints"), "a list of fields")

    def check_type(self, where: str, entry: Any) -> None:
        """Check one clique type."""
        if not isinstance(entry, dict):
            self.problem(where, entry, "an object")
            return
        for key in sorted(set(entry) - TYPE_KEYS - {"_comment", "_id"}):
            expected = f"one of {', '.join(sorted(TYPE_KEYS))}"
            self.problem(f"{where}.{key}", entry[key], expected, nearest(key, TYPE_KEYS))
        for key in REQUIRED_KEYS:
            if key not in entry:
                self.problem(f"{where}.{key}", "missing", "a value")
        self._word(f"{where}.focal_point_type", entry.get("focal_point_type"), "object_types")
        for position, link_type in enumerate(entry.get("link_types", [])):
            self._word(f"{where}.link_types[{position}]", link_type, "link_types")

    def _word(self, where: str, value: Any, constants: str) -> None:
        known = constant_values(constants)
        if value not in known:
            expected = f"a value of constants.json ({constants})"
            self.problem(where, value, expected, nearest(str(value), known))


def load_clique_types(inv: InventoryMgr) -> tuple[list[CliqueType], list[CliqueConstraint]]:
    """Return the clique types and constraints in force: stored ones first, then those of the file.

    A stored definition replaces one of the file for the same focal points and environments.
    """
    metadata = CliqueTypesMetadata().parse_metadata_file()
    types = in_force(clique_types(inv).stored(), metadata["clique_types"])
    constraints = in_force(clique_constraints(inv).stored(), metadata["clique_constraints"])
    return cast(list[CliqueType], types), cast(list[CliqueConstraint], constraints)
