"""The databases of a generated cloud: rows of the tables a scan may read.

`schema.json` holds tables and column types as an OpenStack Zed has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..cloud import Item
from .names import Names
from .neutron_tables import NeutronTables
from .nova_tables import NovaTables
from .plan import Plan

SCHEMA: dict[str, dict[str, dict[str, str]]] = json.loads(
    Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
)
SCHEMA["nova_cell0"] = SCHEMA["nova"]  # the cell of instances that never reached a host: empty


class Tables:
    """Every table of every schema; those the plan says nothing about are empty."""

    def __init__(self, plan: Plan, names: Names) -> None:
        self._views = NovaTables(plan, names).views() | NeutronTables(plan, names).views()

    def rows(self, schema: str, table: str) -> Iterable[Item]:
        view = self._views.get((schema, table))
        return view() if view else ()
