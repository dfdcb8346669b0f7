"""Rows of Neutron's table of agents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from calipso.errors import ParseError
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
    """Agents on these hosts (all when None), by id; `configurations` parsed, None if unreadable."""
    condition = dict(where) if hosts is None else {**where, "host": sorted(hosts)}
    rows = access.select("neutron", "agents", COLUMNS, condition)
    return [_agent(row) for row in sorted(rows, key=lambda row: str(row["id"]))]


def _agent(row: Row) -> Row:
    """An agent; `configurations` is None when what Neutron has stored is no JSON object."""
    try:
        configurations = json.loads(row["configurations"] or "{}")
    except ValueError:
        configurations = None
    return row | {
        "admin_state_up": bool(row["admin_state_up"]),
        "configurations": configurations if isinstance(configurations, dict) else None,
    }


def unreadable(agent: Row) -> ParseError:
    """The error for an agent whose `configurations` are None."""
    return ParseError(
        f"agent {agent['binary']} {agent['id']} on {agent['host']}: its configurations in "
        "Neutron's database are no JSON object",
        hint=f"Compare `openstack network agent show {agent['id']}`. What was read of it before "
        "stays.",
    )
