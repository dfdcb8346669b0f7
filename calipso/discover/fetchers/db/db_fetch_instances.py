"""What only Nova's cell databases know of instances."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import orjson

from calipso.errors import CellsAway, ErrorKind
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.db.db_access import DbAccess


class DbFetchInstances(DbAccess):
    """`network_info` of instances, from `instance_info_caches` of each cell.

    ApiFetchHostInstances uses it as a helper. As a fetcher it reads `network_info` again for the
    stored instances of a host.
    """

    enriches: ClassVar[bool] = True

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        stored = self.inv.find(self.env, "instance", fields=["id"], host=host)
        infos = self.network_infos(item["id"] for item in stored)
        return [{"id": uuid, "network_info": infos[uuid]} for uuid in sorted(infos)]

    def network_infos(self, uuids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """Return parsed `network_info` by instance.

        Text that is not valid is reported and left out.

        A cell whose database cannot be read is an error of the scan, and the other cells are still
        read. Raises DbAccessError when no cell can be read.
        """
        columns = ["instance_uuid", "network_info"]
        where = {"instance_uuid": list(uuids), "deleted": 0}
        try:
            rows = self.select("nova", "instance_info_caches", columns, where)
        except CellsAway as away:
            rows = away.rows
            for error in away.errors:
                self.context.problem(
                    Problem(kind=error.kind, message=error.message, hint=error.hint, source="db")
                )
        found: dict[str, list[dict[str, Any]]] = {}
        broken: list[str] = []
        for row in rows:
            info = network_info(row["network_info"])
            if info is None:
                self._unreadable(row)
                broken.append(str(row["instance_uuid"]))
            else:
                found[str(row["instance_uuid"])] = info
        return self._stored(broken) | found

    def _stored(self, uuids: list[str]) -> dict[str, list[dict[str, Any]]]:
        if not uuids:
            return {}
        known = self.inv.find(self.env, "instance", fields=["id", "network_info"], id=uuids)
        return {item["id"]: item["network_info"] for item in known if "network_info" in item}

    def _unreadable(self, row: dict[str, Any]) -> None:
        self.problem(
            ("instance", str(row["instance_uuid"])),
            code="network_info_unreadable",
            message=f"instance {row['instance_uuid']}: network_info in {row['_cell']} is not "
            "a JSON list",
            hint="Nova heals its cache by itself (heal_instance_info_cache_interval).",
            kind=ErrorKind.UNEXPECTED_OUTPUT,
        )


def network_info(text: str | None) -> list[dict[str, Any]] | None:
    """Return the vNICs in Nova's cache, MACs in lower case; None when the text is not JSON."""
    try:
        entries = orjson.loads(text or "[]")
    except ValueError:
        return None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    return [entry | {"address": str(entry.get("address") or "").lower()} for entry in entries]
