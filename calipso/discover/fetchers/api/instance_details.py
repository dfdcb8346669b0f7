"""Adds networks and problems to instances; Nova's list has neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from calipso.discover.fetchers.api.instance_ports import InstancePorts, add_network
from calipso.discover.fetchers.db.db_fetch_instances import DbFetchInstances
from calipso.errors import AccessError, CellsAway, ErrorKind
from calipso.model.inventory import Fetched
from calipso.model.scan import Problem
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.api.api_paging import Item


def complete(access: ApiAccess, instances: list[Fetched], ports: InstancePorts) -> None:
    """Add the networks to instances, and report those that Nova has in the state ERROR."""
    infos = _network_infos(access, [item["id"] for item in instances])
    for item in instances:
        add_network(item, infos.get(item["id"]), ports)
    _add_faults(access, [item for item in instances if in_error(item) and "fault" not in item])
    for problem in error_problems(instances):
        access.context.problem(problem)


def _network_infos(access: ApiAccess, ids: list[str]) -> dict[str, list[Item]]:
    """Return `network_info` from the cell databases.

    If they cannot be read, report a problem and return the stored values.
    """
    caches = DbFetchInstances()
    caches.bind(access.context)
    try:
        infos: dict[str, list[Item]] = caches.network_infos(ids)
    except AccessError as error:
        access.context.problem(
            Problem(kind=error.kind, message=error.message, hint=error.hint, source="db")
        )
        known = access.inv.find(access.env, "instance", fields=["id", "network_info"], id=ids)
        return {item["id"]: item["network_info"] for item in known if "network_info" in item}
    return infos


def _add_faults(access: ApiAccess, instances: list[Fetched]) -> None:
    """Add the last fault of each instance from the databases of the cells.

    Nova's list lacks the faults that are in another cell than its API's own database. If the
    databases cannot be read, `_network_infos` has reported it, and the message stays unknown.
    """
    if not instances:
        return
    columns = ["id", "instance_uuid", "code", "message", "created_at"]
    where = {"instance_uuid": [item["id"] for item in instances], "deleted": 0}
    try:
        rows = access.source("db").select("nova", "instance_faults", columns, where)
    except CellsAway as away:
        rows = away.rows
    except AccessError:
        return
    last: dict[str, Item] = {}
    for row in sorted(rows, key=lambda row: int(row["id"])):
        last[str(row["instance_uuid"])] = row
    for item in instances:
        if row := last.get(item["id"]):
            item["fault"] = {key: row[key] for key in ("code", "message")}
            item["fault"]["created"] = row["created_at"]


def in_error(item: Fetched) -> bool:
    """True for an instance in Nova's state ERROR."""
    return bool(item.get("status") == "ERROR")


def error_problems(instances: Iterable[Fetched]) -> Iterator[Problem]:
    """Report instances in the state ERROR, each with the message of Nova's fault."""
    for item in instances:
        if in_error(item):
            said = str((item.get("fault") or {}).get("message") or "Nova gives no message")
            yield of_instance(
                item,
                "instance_error",
                f"instance {item['name']} ({item['id']}) is in the state ERROR: {said}",
                "openstack server show has the time of the fault; openstack server event list has "
                "what Nova tried.",
            )


def of_instance(item: Fetched, code: str, message: str, hint: str) -> Problem:
    """Return a problem of an instance. It is a warning, because the scan could read everything."""
    return Problem(
        kind=ErrorKind.REPORTED,
        code=code,
        object_type="instance",
        object_id=str(item["id"]),
        message=message,
        hint=hint,
        source="api",
        host=str(item.get("host") or ""),
        warning=True,
    )
