"""What the files of all runners share: the checks of an environment, marks, paths on a host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import monitoring.checks
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from monitoring.handlers.names import check_name
from monitoring.runner.items import Items, items_of
from monitoring.runner.registry import ALWAYS, Check, load_checks
from monitoring.runner.tick import hosts_of

#: A file without this near its beginning is not ours: it is neither written nor removed.
MARK = "Made by Calipso monitoring; changes are overwritten"
#: Where plugins and objects lie on a host.
HOME = "/opt/calipso-monitoring"
#: File with the token for our API, readable by the runner only. We do not write it.
TOKEN = "/etc/calipso/monitoring.token"  # noqa: S105 - a path
#: Fields of joined documents that plugins read.
NESTED = ("links", "vnics", "source_object", "target_object")


@dataclass(frozen=True)
class Job:
    """One check to run on one host."""

    name: str
    host: str
    address: str
    kind: str
    key: str
    module: str
    item: Document
    link: str = ""

    @property
    def command(self) -> str:
        """The command line on the host. Names are of a safe alphabet, see `names`."""
        program = f"{HOME}/checks/{self.module}.py"
        return f"python3 {program} --sudo --objects {HOME}/objects.json --name {self.name}"


def jobs(inv: InventoryMgr, environment: str) -> Iterator[Job]:
    """Yield the checks of an environment by host and name: the same each time."""
    checks = load_checks()
    for host in sorted(name for name in hosts_of(inv, environment) if name):
        items = items_of(inv, environment, host, checks)
        if items is None:
            continue
        address = str(items.host.get("ip_address") or host)
        found = [_job(items, key, checks, host, address) for key in items.order]
        yield from sorted(found, key=lambda job: job.name)


def _job(items: Items, key: Any, checks: Mapping[str, Check], host: str, address: str) -> Job:
    item = items.documents[key]
    kind = str(item.get("link_type") or item["type"])
    module = checks[kind].module.rpartition(".")[2]
    link = str(item["_id"]) if item.get("link_type") else ""
    name = check_name(item)
    return Job(name, host, address, kind, str(item["id"]), module, _plain(item, checks), link)


def _plain(item: Mapping[str, Any], checks: Mapping[str, Check], depth: int = 0) -> Document:
    """What a plugin reads of an object or link, without what changes by itself."""
    kind = str(item.get("link_type") or item.get("type"))
    wanted = {*ALWAYS, "link_type", "link_name"}
    wanted |= set(checks[kind].fields if kind in checks else ())
    found = {name: item[name] for name in sorted(wanted) if name in item}
    for name in NESTED if depth < 3 else ():
        value = item.get(name)
        if isinstance(value, list):
            found[name] = [_plain(one, checks, depth + 1) | _link_of(one) for one in value]
        elif isinstance(value, Mapping):
            found[name] = _plain(value, checks, depth + 1)
    return found


def _link_of(one: Mapping[str, Any]) -> Document:
    return {"attributes": one["attributes"]} if "attributes" in one else {}


def host_files(found: list[Job]) -> dict[str, dict[str, str]]:
    """Return of each host the files that every runner needs there: plugins and objects."""
    programs = plugin_files()
    by_host: dict[str, dict[str, Any]] = {}
    for job in found:
        by_host.setdefault(job.host, {})[job.name] = job.item
    return {
        host: programs | {f"{HOME}/objects.json": as_json({"_mark": MARK, **objects})}
        for host, objects in sorted(by_host.items())
    }


def plugin_files() -> dict[str, str]:
    """Return the plugins as they lie on a host."""
    folder = Path(next(iter(monitoring.checks.__path__)))
    found = {}
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            text = path.read_text(encoding="utf-8")
            found[f"{HOME}/checks/{path.name}"] = f"# {MARK}\n{text}"
    return found


def as_json(value: Any) -> str:
    """Return JSON as it is written into files: sorted, so that the same gives the same."""
    return json.dumps(value, indent=1, sort_keys=True, default=str) + "\n"
