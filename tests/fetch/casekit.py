"""Cases of fetchers: a folder holds what was asked, what was answered, what comes out.

    tests/fetch/<fetcher module>/<case>/
        case.json        description, environment, parent_ids, inventory, questions, problems
                         ({"kind", "code", "on", "contains"}; "on" is the id of its object)
        expected.json    parent id -> objects, or {"raises": {"kind": ..., "message": ...}}
                         and "found" beside "raises" when a part was told
        ...              files with answers

`questions` maps what a fetcher asks to a file beside it, or above it (`../shared/links.out`):
    "cli": {"<host>": {"<command name or text>": {"out": file, "err": file, "exit": 0}}}
           a command may be {"lost": "truncated"}, a host {"raises": {"kind": ..., "message": ...}}
    "api": {"<service type> <path>": file}
           also "<service type> <path>?<params>", "... in <region>" and "catalogue"
    "db":  {"<schema kind>.<table>": file}       rows; or {"raises": {"kind": ..., "message": ...}}
    "aci": {"<class>": file}                     attributes of objects; a class without is empty

The store is real; only the Access methods are replaced. A question without an answer fails the
test. CALIPSO_UPDATE_CASES=cli_fetch_host_pnics/ (a beginning of case names) makes the runner
rewrite their expected.json, for you to read and commit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from calipso.errors import (
    ApiAccessError,
    CalipsoError,
    CliAccessError,
    DbAccessError,
    ErrorKind,
    PartialAnswer,
)
from calipso.model.environment import parse_environment
from calipso.model.scan import Problem
from calipso.sources.aci.aci_access import AciAccess
from calipso.sources.api.api_access import ApiAccess
from calipso.sources.cli.answers import HostAnswers
from calipso.sources.cli.commands import Answer, Command
from calipso.sources.context import ScanContext
from calipso.sources.db.db_access import DbAccess
from calipso.sources.fetcher import Fetcher
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import load_class
from calipso.utils.names import camel_case

HERE = Path(__file__).parent
PACKAGE = "calipso.discover.fetchers"
ENVIRONMENT = {
    "name": "lab",
    "environment_type": "OpenStack",
    "distribution": "Debian",
    "distribution_version": "12",
    "mechanism_drivers": ["OVS", "LXB"],
    "type_drivers": "vxlan",
    "configuration": [
        {"name": "OpenStack", "host": "192.0.2.11", "user": "admin", "pwd": "secret"},
        {"name": "mysql", "host": "192.0.2.11", "user": "scanner", "pwd": "secret"},
        {"name": "CLI", "host": "192.0.2.11", "user": "root", "pwd": "secret"},
    ],
}


def case_folders() -> list[Path]:
    """Every case, in order of names."""
    return sorted(path.parent for path in HERE.glob("*/*/case.json"))


def case_name(folder: Path) -> str:
    """The id of its test."""
    return f"{folder.parent.name}/{folder.name}"


class Case:
    """One case folder, read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data: dict[str, Any] = json.loads((folder / "case.json").read_text())
        self.fetcher_class = load_class(camel_case(folder.parent.name), PACKAGE)
        questions = self.data.get("questions", {})
        self.cli: dict[str, Any] = questions.get("cli", {})
        self.api: dict[str, Any] = questions.get("api", {})
        self.db: dict[str, Any] = questions.get("db", {})
        self.aci: dict[str, Any] = questions.get("aci", {})

    def run(self, inv: InventoryMgr, patch: pytest.MonkeyPatch) -> tuple[Any, list[Any]]:
        """Outcomes by parent id as JSON, and the problems told."""
        outcomes, problems = self.outcomes(inv, patch)
        found = {parent_id: _outcome(outcome) for parent_id, outcome in outcomes.items()}
        told = [
            {
                "kind": p.kind,
                "message": p.message,
                "hint": p.hint,
                "code": p.code,
                "on": p.object_id,
            }
            for p in problems
        ]
        return json.loads(json.dumps(found, default=str)), told

    def outcomes(
        self, inv: InventoryMgr, patch: pytest.MonkeyPatch
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Outcomes by parent id as the fetcher gives them, and the problems told."""
        context = self._context(inv)
        self._replace(patch)
        fetcher: Fetcher = self.fetcher_class()
        fetcher.bind(context)
        try:
            outcomes = dict(fetcher.get_many(self.data["parent_ids"]))
        finally:
            problems, _ = context.drain()
            context.close()
        return outcomes, problems

    def expected(self) -> Any:
        """The expected outcomes."""
        return json.loads((self.folder / "expected.json").read_text())

    def update(self, found: Any) -> None:
        """Write what was found as what is expected."""
        text = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True)
        (self.folder / "expected.json").write_text(text + "\n")

    # -- parts -------------------------------------------------------------------------

    def _context(self, inv: InventoryMgr) -> ScanContext:
        environment = parse_environment(ENVIRONMENT | self.data.get("environment", {}))
        parents = []
        for item in self._inventory():
            document = {"environment": environment.name, "name": item["id"], **item}
            inv.set(document)
            parents.append(document)
        context = ScanContext(environment, inv, "case")
        wanted = set(self.data["parent_ids"])
        context.set_parents([item for item in parents if item["id"] in wanted])
        return context

    def _inventory(self) -> list[dict[str, Any]]:
        """Objects stored beforehand; a string names a file with a list of them."""
        found: list[dict[str, Any]] = []
        for item in self.data.get("inventory", []):
            found += json.loads(self._read(item)) if isinstance(item, str) else [item]
        return found

    def _replace(self, patch: pytest.MonkeyPatch) -> None:
        case = self

        def answer(_self: HostAnswers, host: str, command: Command) -> Answer:
            return case.cli_answer(host, command)

        def prefetch(_self: HostAnswers, hosts: Any) -> None:
            list(hosts)

        def api_list(
            _self: ApiAccess,
            service_type: str,
            path: str,
            key: str,
            *,
            region: str | None = None,
            params: Mapping[str, Any] | None = None,
            microversion: str | None = None,
        ) -> Iterator[dict[str, Any]]:
            body = case.api_answer(service_type, path, params, region)
            return iter(body if isinstance(body, list) else body.get("items", body.get(key)))

        def api_ask(
            _self: ApiAccess,
            service_type: str,
            path: str,
            *,
            region: str | None = None,
            params: Mapping[str, Any] | None = None,
            microversion: str | None = None,
        ) -> Any:
            body = case.api_answer(service_type, path, params)
            return body.get("body", body) if isinstance(body, dict) else body

        def catalogue(_self: ApiAccess) -> Any:
            return case.api_answer("catalogue", "", None)

        def select(
            _self: DbAccess,
            schema_kind: str,
            table: str,
            columns: Any,
            where: Mapping[str, Any] | None = None,
        ) -> list[dict[str, Any]]:
            return case.db_rows(schema_kind, table, list(columns), where or {})

        def objects(_self: AciAccess, name: str, where: str = "") -> list[dict[str, str]]:
            return case.aci_objects(name, where)

        patch.setattr(AciAccess, "objects", objects)
        patch.setattr(HostAnswers, "get", answer)
        patch.setattr(HostAnswers, "prefetch", prefetch)
        patch.setattr(ApiAccess, "list", api_list)
        patch.setattr(ApiAccess, "ask", api_ask)
        patch.setattr(ApiAccess, "catalogue", catalogue)
        patch.setattr(DbAccess, "select", select)

    def cli_answer(self, host: str, command: Command) -> Answer:
        """A host's recorded answer."""
        answers = self.cli.get(host, {})
        if "raises" in answers:
            raise CliAccessError(**_error(answers["raises"]), host=host)
        recorded = answers.get(command.name, answers.get(command.text))
        if recorded is None:
            self._unanswered(f"cli {host}: {command.name}\n{command.text}")
        if "lost" in recorded:
            return Answer(None, "", "", recorded["lost"])
        out, err = (self._read(recorded[s]) if s in recorded else "" for s in ("out", "err"))
        return Answer(recorded.get("exit", 0), out, err)

    def api_answer(
        self,
        service_type: str,
        path: str,
        params: Mapping[str, Any] | None,
        region: str | None = None,
    ) -> Any:
        """The recorded body of an API question, or the error it met."""
        plain = f"{service_type} {path}".strip()
        keys = [f"{plain}?{urlencode(dict(params))}"] if params else []
        keys += [f"{plain} in {region}", plain]
        for key in keys:
            if key in self.api:
                recorded = self.api[key]
                if isinstance(recorded, dict) and "raises" in recorded:
                    raise ApiAccessError(**_error(recorded["raises"]))
                return json.loads(self._read(recorded))
        return self._unanswered(f"api {keys[0]}")

    def db_rows(
        self, schema_kind: str, table: str, columns: list[str], where: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Recorded rows that match, with the columns asked for."""
        key = f"{schema_kind}.{table}"
        if key not in self.db:
            self._unanswered(f"db {key} {columns} {where}")
        recorded = self.db[key]
        if isinstance(recorded, dict):
            raise DbAccessError(**_error(recorded["raises"]))
        rows = json.loads(self._read(recorded))
        more = ["_cell"] if schema_kind == "nova" else []
        return [
            {column: row.get(column) for column in [*columns, *more]}
            for row in rows
            if all(_matches(row.get(name), value) for name, value in where.items())
        ]

    def aci_objects(self, name: str, where: str) -> list[dict[str, str]]:
        """Objects of a class; of `epmMacEp` those whose MAC address the filter names."""
        said = self.aci.get(name)
        found: list[dict[str, str]] = json.loads(self._read(said)) if said else []
        return [item for item in found if not where or item["addr"] in where]

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def _unanswered(self, question: str) -> Any:
        pytest.fail(f"{case_name(self.folder)}: no answer is recorded for\n{question}")


def difference(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where two JSON values differ, one line a place; lists of objects are matched by id."""
    if isinstance(expected, dict) and isinstance(found, dict):
        lines = []
        for key in sorted(expected.keys() | found.keys()):
            at = f"{path}.{key}" if path else key
            if key not in found:
                lines.append(f"- {at}: {expected[key]!r}")
            elif key not in expected:
                lines.append(f"+ {at}: {found[key]!r}")
            else:
                lines += difference(expected[key], found[key], at)
        return lines
    if _are_objects(expected) and _are_objects(found):
        if len(found) != len({item["id"] for item in found}):
            return [f"{path}: ids are not unique: {[item['id'] for item in found]}"]
        return difference(
            {item["id"]: item for item in expected}, {item["id"]: item for item in found}, path
        )
    return [] if expected == found else [f"- {path}: {expected!r}", f"+ {path}: {found!r}"]


def unmet_problems(expected: list[dict[str, str]], told: list[dict[str, str]]) -> list[str]:
    """Problems that were reported and not expected, or the other way round."""
    left, lines = list(told), []
    for wanted in expected:
        match = next((p for p in left if _fits(p, wanted)), None)
        if match is None:
            lines.append(f"not told: {wanted}")
        else:
            left.remove(match)
    return lines + [f"not expected: {problem}" for problem in left]


def _fits(problem: dict[str, str], wanted: dict[str, str]) -> bool:
    """The code and the object must be said; a problem without them must have none."""
    assert wanted.keys() <= {"kind", "code", "on", "contains"}, wanted
    coded = all(problem[key] == wanted.get(key, "") for key in ("code", "on"))
    same = coded and problem["kind"] == wanted.get("kind", problem["kind"])
    return same and wanted.get("contains", "") in problem["message"]


def updating(folder: Path) -> bool:
    """True when the expected.json of this case is to be rewritten."""
    return case_name(folder).startswith(os.environ.get("CALIPSO_UPDATE_CASES") or "//")


def _are_objects(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) and "id" in item for item in value)


def _outcome(outcome: Any) -> Any:
    if not isinstance(outcome, Exception):
        return outcome
    if not isinstance(outcome, CalipsoError):
        raise outcome
    told = {"kind": str(outcome.kind), "message": outcome.message, "hint": outcome.hint}
    if isinstance(outcome, PartialAnswer):
        return {"raises": told, "found": outcome.found}
    return {"raises": told}


def _error(recorded: dict[str, str]) -> dict[str, Any]:
    return {
        "message": recorded["message"],
        "kind": ErrorKind(recorded["kind"]),
        "hint": recorded.get("hint", ""),
    }


def _matches(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list | tuple | set | frozenset):
        return value in wanted
    return bool(value == wanted)
