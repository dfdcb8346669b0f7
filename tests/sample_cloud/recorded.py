"""RecordedCloud: a folder that `calipso env record` wrote, as a cloud."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calipso.discover.fetchers.cli.commands import COMMANDS
from tests.sample_cloud.cloud import Answer, Body, Columns, Item, Listing
from tests.sample_cloud.generate.answers import SIMPLE
from tests.sample_cloud.generate.tables import SCHEMA

NAME_OF = {command.text: command.name for command in COMMANDS}
VERSIONS = ("/v2.0/", "/v2.1/", "/v3/")


class RecordedCloud:
    """Answers what was answered when the cloud was recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        about = _load(folder / "cloud.json")
        if about.get("format") != 1:
            raise ValueError(f"{folder}/cloud.json: expected format 1, a recorded cloud")
        self.region = about["region"]
        self.hosts: Mapping[str, str] = about["hosts"]
        self.revision = 0
        self._api = self._read_api()
        self._tables = self._read_tables()
        self._schemas = self._columns()
        self._answers = {host: self._read_host(host) for host in self.hosts}
        agents = {
            row.get("agent_type") for row in self._tables.get("neutron", {}).get("agents", [])
        }
        kinds = {"Open vSwitch agent": "OVS", "Linux bridge agent": "LXB"}
        self.mechanism_drivers: Sequence[str] = [
            kinds[kind] for kind in kinds if kind in agents
        ] or ["OVS"]
        self.type_drivers = about.get("type_drivers", "vxlan")

    def api(self, service_type: str, resource: str) -> Listing | Body | None:
        return self._api.get((service_type, resource))

    def schemas(self) -> Mapping[str, Mapping[str, Columns]]:
        return self._schemas

    def rows(self, schema: str, table: str) -> Iterable[Item]:
        return self._tables.get(schema, {}).get(table, [])

    def answer(self, host: str, command: str) -> Answer | None:
        answers = self._answers.get(host, {})
        found = answers.get(command) or answers.get(NAME_OF.get(command, ""))
        if found is None and command in SIMPLE:
            return Answer(f"{host}\n".encode() if "name" in command else b"")
        return found

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
        for path in sorted(self.folder.glob("api/*/**/*.json")):
            service = path.relative_to(self.folder / "api").parts[0]
            answer = _load(path)
            resource = plain(answer["path"])
            if "items" in answer:
                found[service, resource] = Listing(answer["key"], answer["items"])
            else:
                found[service, resource] = Body(answer["body"])
        return found

    def _read_tables(self) -> dict[str, dict[str, list[Item]]]:
        return {path.stem: _load(path) for path in sorted(self.folder.glob("db/*.json"))}

    def _columns(self) -> dict[str, dict[str, dict[str, str]]]:
        """The known tables of each schema that was recorded, with what more was recorded."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for schema, tables in self._tables.items():
            known = {name: dict(columns) for name, columns in SCHEMA.get(schema, {}).items()}
            for table, rows in tables.items():
                columns = known.setdefault(table, {})
                for row in rows:
                    for name, value in row.items():
                        columns.setdefault(name, "int(11)" if isinstance(value, int) else "text")
            found[schema] = known
        return found

    def _read_host(self, host: str) -> dict[str, Answer]:
        folder = self.folder / "cli" / host
        index = folder / "index.json"
        if not index.exists():
            return {}
        answers: dict[str, Answer] = {}
        for name, entry in _load(index).items():
            answer = Answer(
                _bytes(folder / f"{name}.out"), _bytes(folder / f"{name}.err"), entry["exit"]
            )
            answers[name] = answers[entry["command"]] = answer
        return answers


def plain(path: str) -> str:
    """A recorded path without version and query: the name the servers ask by."""
    path = path.partition("?")[0]
    for version in VERSIONS:
        path = path.removeprefix(version)
    return path.strip("/")


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
