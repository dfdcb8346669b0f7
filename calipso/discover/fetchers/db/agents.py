"""Rows of Neutron's table of agents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from calipso.sources.db.db_access import DbAccess, Row

COLUMNS = (
    "id",
    "agent_type",
    "binary",
    "topic",
    "host",
    "admin_state_up",
    "created_at",
    "started_at",
    "heartbeat_timestamp",
    "description",
    "configurations",
    "load",
    "availability_zone",
)


def agents(access: DbAccess, hosts: Sequence[str] | None, **where: Any) -> list[Row]:
    """Agents on these hosts (all when None), `configurations` parsed, by id."""
    condition = dict(where) if hosts is None else {**where, "host": sorted(hosts)}
    rows = access.select("neutron", "agents", COLUMNS, condition)
    return [_agent(row) for row in sorted(rows, key=lambda row: str(row["id"]))]


def _agent(row: Row) -> Row:
    """An agent; one that reports no readable configurations has none."""
    try:
        configurations = json.loads(row["configurations"] or "{}")
    except ValueError:
        configurations = {}
    return row | {
        "admin_state_up": bool(row["admin_state_up"]),
        "configurations": configurations if isinstance(configurations, dict) else {},
    }
