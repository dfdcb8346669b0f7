"""Rows of Neutron's table of agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calipso.errors import ParseError
from calipso.sources.db.db_access import DbAccess, Row
from calipso.sources.fetcher import Fetcher
from calipso.utils.json_text import loads

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
    """Return agents on these hosts (None: all) by id, `configurations` parsed; None if not
    readable.

    `host` is the host's id, which is Nova's name; Neutron may know the host by another one.
    """
    ids = ids_by_other_name(access)
    condition = dict(where)
    if hosts is not None:
        others = [name for name, host in ids.items() if host in hosts]
        condition["host"] = sorted({*hosts, *others})
    rows = access.select("neutron", "agents", COLUMNS, condition)
    return [_agent(row, ids) for row in sorted(rows, key=lambda row: str(row["id"]))]


class HostIds(dict[str, str]):
    """Host ids by the names that only Neutron uses. Any other name is itself the id of a host."""

    def __missing__(self, name: str) -> str:
        return name


def ids_by_other_name(access: Fetcher) -> HostIds:
    """Return host ids by Neutron's names of hosts. Each process reads them once a scan."""

    def read() -> HostIds:
        hosts = access.inv.find(access.env, "host", ["id", "other_names"])
        return HostIds(
            {name: str(host["id"]) for host in hosts for name in host.get("other_names", ())}
        )

    return access.context.shared("hosts:other_names", read)


def _agent(row: Row, ids: HostIds) -> Row:
    """Return an agent; `configurations` is None when the stored text is not a JSON object."""
    try:
        configurations = loads(row["configurations"] or "{}")
    except ValueError:
        configurations = None
    return row | {
        "host": ids[str(row["host"])],
        "admin_state_up": bool(row["admin_state_up"]),
        "configurations": configurations if isinstance(configurations, dict) else None,
    }


def unreadable(agent: Row) -> ParseError:
    """The error for an agent whose `configurations` are None."""
    return ParseError(
        f"agent {agent['binary']} {agent['id']} on {agent['host']}: its configurations in "
        "Neutron's database are not a JSON object",
        hint=f"Compare `openstack network agent show {agent['id']}`. What was read of it before "
        "stays.",
    )
