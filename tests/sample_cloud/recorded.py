"""RecordedCloud: a folder that `calipso env record` wrote, as a cloud."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calipso.sources.cli.commands import COMMANDS
from calipso.sources.ovn.script import NAME, databases

from .cloud import Answer, Body, Cloud, Columns, Item, Listing
from .generate.tables import SCHEMA

NAME_OF = {command.text: command.name for command in COMMANDS} | {databases()[0]: NAME}
VERSIONS = ("/v2.0/", "/v2.1/", "/v3/")
BROKE_OFF = 255


class RecordedCloud:
    """Answers what was answered when the cloud was recorded. Raises ValueError when made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        about = _load(folder / "cloud.json")
        if about.get("format") != 1:
            raise ValueError(f"{folder}/cloud.json: expected format 1, a recorded cloud")
        self.region = str(about["region"])
        self.hosts: Mapping[str, str] = about["hosts"]
        self.mechanism_drivers: Sequence[str] = about.get("mechanism_drivers") or ["OVS"]
        self.type_drivers = str(about.get("type_drivers") or "vxlan")
        self.distribution = str(about.get("distribution") or "Devstack")
        self.distribution_version = str(about.get("distribution_version") or "")
        self.revision = 0
        self.troubles: Sequence[Item] = ()
        self.fabric: Mapping[str, Sequence[Mapping[str, str]]] = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((folder / "aci").glob("*.json"))
        }
        self.others: Mapping[str, Cloud] = {}
        self._api = self._read_api()
        self.admin_project = self._admin_project()
        self._tables = self._read_tables()
        self._schemas = self._columns()
        self._answers = {host: self._read_host(host) for host in self.hosts}

    def _admin_project(self) -> str:
        """`admin`, or the first project when it was recorded under another name."""
        projects = self._api.get(("identity", "projects"))
        items = projects.items if isinstance(projects, Listing) else []
        names = [str(item["name"]) for item in items]
        return "admin" if "admin" in names or not names else names[0]

    def api(self, service_type: str, resource: str) -> Listing | Body | None:
        return self._api.get((service_type, resource))

    def schemas(self) -> Mapping[str, Mapping[str, Columns]]:
        return self._schemas

    def rows(self, schema: str, table: str) -> Iterable[Item]:
        times = [
            name
            for name, kind in self._schemas.get(schema, {}).get(table, {}).items()
            if kind == "datetime"
        ]
        for row in self._tables.get(schema, {}).get(table, []):
            yield row | {name: _sql_time(row[name]) for name in times if row.get(name)}

    def answer(self, host: str, command: str) -> Answer | None:
        answers = self._answers.get(host, {})
        found = answers.get(command) or answers.get(NAME_OF.get(command, ""))
        if found is None and command in ("hostname", "uname -n", "uname -n; hostname -I"):
            more = f"{self.hosts[host]} \n" if ";" in command else ""
            return Answer(f"{host}\n{more}".encode())
        return Answer() if found is None and command == "true" else found

    def mutate(self, change: Mapping[str, Any]) -> Item:
        raise ValueError("a recorded cloud does not change")

    def summary(self) -> dict[str, int]:
        counted = {
            found.key: len(found.items)
            for found in self._api.values()
            if isinstance(found, Listing)
        }
        return {"hosts": len(self.hosts), **counted}

    # -- reading -------------------------------------------------------------------------

    def _read_api(self) -> dict[tuple[str, str], Listing | Body]:
        found: dict[tuple[str, str], Listing | Body] = {}
        for path in sorted(self.folder.glob("api/*/*.json")):
            answer = _load(path)
            place = (path.parent.name, plain(answer["path"]))
            if "items" in answer:
                found[place] = Listing(answer["key"], answer["items"])
            else:
                found[place] = Body(answer["body"])
        return found

    def _read_tables(self) -> dict[str, dict[str, list[Item]]]:
        return {path.stem: _load(path) for path in sorted(self.folder.glob("db/*.json"))}

    def _columns(self) -> dict[str, dict[str, dict[str, str]]]:
        """The tables that were recorded: columns of the known schema, and what more was read."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for schema, tables in self._tables.items():
            for table, rows in tables.items():
                columns = dict(SCHEMA.get(schema, {}).get(table, {}))
                for row in rows:
                    for name, value in row.items():
                        columns.setdefault(name, "int(11)" if isinstance(value, int) else "text")
                found.setdefault(schema, {})[table] = columns
        return found

    def _read_host(self, host: str) -> dict[str, Answer]:
        folder = self.folder / "cli" / host
        index = folder / "index.json"
        if not index.exists():
            return {}
        answers: dict[str, Answer] = {}
        for name, entry in _load(index).items():
            status = BROKE_OFF if entry["exit"] is None else entry["exit"]
            answer = Answer(_bytes(folder / f"{name}.out"), _bytes(folder / f"{name}.err"), status)
            answers[name] = answers[entry["command"]] = answer
        return answers


def plain(path: str) -> str:
    """A recorded path without version and query: the name the servers ask by."""
    path = path.partition("?")[0]
    for version in VERSIONS:
        path = path.removeprefix(version)
    return path.strip("/")


def _sql_time(value: Any) -> Any:
    """ISO 8601, as times are recorded, in MySQL's form."""
    return value.replace("T", " ").removesuffix("Z") if isinstance(value, str) else value


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
