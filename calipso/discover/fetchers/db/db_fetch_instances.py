"""What only Nova's cell databases know of instances."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import orjson

from calipso.errors import ErrorKind
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.db.db_access import DbAccess


class DbFetchInstances(DbAccess):
    """`network_info` of instances, from `instance_info_caches` of each cell.

    A helper of ApiFetchHostInstances; as a fetcher it reads it anew for the stored instances of a
    host.
    """

    enriches: ClassVar[bool] = True

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        stored = self.inv.find(self.env, "instance", fields=["id"], host=host)
        infos = self.network_infos(item["id"] for item in stored)
        return [{"id": uuid, "network_info": infos[uuid]} for uuid in sorted(infos)]

    def network_infos(self, uuids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """Parsed `network_info` by instance; one that cannot be read is told and left out."""
        rows = self.select(
            "nova",
            "instance_info_caches",
            ["instance_uuid", "network_info"],
            {"instance_uuid": list(uuids), "deleted": 0},
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            info = network_info(row["network_info"])
            if info is None:
                self._unreadable(row)
            else:
                found[str(row["instance_uuid"])] = info
        return found

    def _unreadable(self, row: dict[str, Any]) -> None:
        self.context.problem(
            Problem(
                kind=ErrorKind.UNEXPECTED_OUTPUT,
                message=f"instance {row['instance_uuid']}: network_info in {row['_cell']} is not "
                "a JSON list",
                hint="Nova heals its cache by itself (heal_instance_info_cache_interval).",
                source="db",
                warning=True,
                code="network_info_unreadable",
                object_type="instance",
                object_id=str(row["instance_uuid"]),
            )
        )


def network_info(text: str | None) -> list[dict[str, Any]] | None:
    """The vNICs in Nova's cache, MACs in lower case; None when it is not JSON."""
    try:
        entries = orjson.loads(text or "[]")
    except ValueError:
        return None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    return [entry | {"address": str(entry.get("address") or "").lower()} for entry in entries]
