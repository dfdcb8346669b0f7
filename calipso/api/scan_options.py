"""Options of a scan, started now or by a schedule, by our names or the original's."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from calipso.api.schemas import Body
from calipso.api.words import InventoryName, Text
from calipso.errors import ConfigError
from calipso.model.scan import LogLevel, ScanRequest
from calipso.validation_words import said

#: The original's names of options -> ours.
OPTIONS = {
    "scan_only_inventory": "inventory_only",
    "scan_only_links": "links_only",
    "scan_only_cliques": "cliques_only",
}


class ScanOptions(Body):
    """What to scan. At most one of the `scan_only_*` may be true."""

    environment: Text = Field(description="Environment to scan.", examples=["prod"])
    log_level: LogLevel | None = Field(
        default=None, description="Log lines to keep: this level and above; default: info."
    )
    clear: bool = Field(
        default=False, description="At the end, remove what this scan did not find."
    )
    scan_only_inventory: bool = Field(
        default=False, description="Only objects, no links or cliques."
    )
    scan_only_links: bool = Field(default=False, description="Only links, of known objects.")
    scan_only_cliques: bool = Field(default=False, description="Only cliques, of known links.")
    inventory: InventoryName | None = Field(
        default=None, description="Inventory collection to write to; default: that of the server."
    )
    object_id: Text | None = Field(
        default=None, description="Only this object, and what is below it."
    )
    object_type: Text | None = Field(
        default=None, description="Its type, for when objects of two types have the id."
    )
    scanner: Text | None = Field(
        default=None, description="With `parent_id`: one scanner of the scan tree."
    )
    parent_id: Text | None = Field(default=None, description="The object to run `scanner` for.")
    parent_type: Text | None = Field(default=None, description="Its type.")


def scan_request(fields: dict[str, Any]) -> ScanRequest:
    """The request of these fields, by our names or the original's. Raises ConfigError."""
    ours = {OPTIONS.get(name, name): value for name, value in fields.items()}
    try:
        return ScanRequest(**ours)
    except ValidationError as error:
        texts = [said(item) for item in error.errors()]
        raise ConfigError(
            "; ".join(texts),
            hint="inventory_only is scan_only_inventory, links_only scan_only_links, "
            "cliques_only scan_only_cliques.",
        ) from None
