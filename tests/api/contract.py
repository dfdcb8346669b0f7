"""The API against its own specification: requests that schemathesis makes up, on real stores.

python -m tests.api.contract --cases 1000 [--seed N] [--only /scans] [--without-token]

Every operation gets its share of the cases, half of them as the specification allows, half not.
The data is a sample cloud, scanned twice; ids that exist are put into half of the allowed cases,
and markers that were given for the list, with one value changed. What a case changes or destroys is
put back before the next, so that each meets the same documents.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode

from calipso.api.app import create_app
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.model.user import Role, User
from calipso.settings import settings as calipso_settings
from calipso.stores.config.connection_tests import ConnectionTestStore
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import close_clients
from calipso.stores.people.token_store import TokenStore
from calipso.stores.people.user_store import UserStore
from calipso.stores.scans.message_store import MessageStore
from calipso.stores.scans.worker_store import WorkerStore
from tests.sample_cloud.running import RunningCloud, running_cloud

PREFIX = "/api/v1"
ENVIRONMENT = "prod"
USER = "contract-admin"
QUEUES = ["scan", "api", "db", "cli", "links", "cliques"]

#: What the specification cannot say of a query: markers of another list, fields to sort by.
UNSAID = {"marker", "sort"}
#: Methods after which documents are put back.
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: How the hint begins when a model refused a request, and no rule beyond it.
OF_THE_MODEL = "Known: "


@dataclass
class Report:
    """What came out of a run."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    slow: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """For people."""
        total, kinds = sum(self.cases.values()), sorted(self.statuses.items())
        yield f"{total} cases over {len(self.cases)} operations"
        yield "answers: " + ", ".join(f"{count} x {status}" for status, count in kinds)
        for (operation, title), text in sorted(self.failures.items()):
            yield f"\nFAILED {operation}: {title}\n{text}"
        never = sorted(label for label in self.cases if not self.done[label])
        yield f"never answered as asked: {', '.join(never) or 'none'}"
        yield f"\n{len(self.failures)} failures"


class Contract:
    """The application, its data, and requests to it."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.app: Flask = create_app()
        UserStore().add(User(name=USER, role=Role.ADMIN))
        self.scan()
        self.kept = self.documents()
        self.markers: dict[str, str] = {}
        self.prepare()
        self.pool = self.existing()

    def documents(self) -> dict[str, list[dict[str, Any]]]:
        """All that a case may change: everything but what requests leave behind them."""
        db = InventoryMgr().db
        names = sorted({*db.list_collection_names(), *PLACES} - LEFT_BEHIND)
        return {name: list(db[name].find({}, sort=[("_id", 1)])) for name in names}

    def restore(self) -> None:
        """Every document as it was before the first case."""
        db = InventoryMgr().db
        for name, documents in self.documents().items():
            if documents != self.kept.get(name, []):
                db[name].delete_many({})
                if self.kept.get(name):
                    db[name].insert_many(self.kept[name])

    def prepare(self) -> None:
        """Workers that seem to live."""
        WorkerStore().beat("contract@here", QUEUES)

    def scan(self) -> None:
        """The sample cloud, scanned twice so that there are changes, and a record of all else."""
        EnvironmentStore().add(
            deepcopy(self.cloud.environment) | {"name": ENVIRONMENT}, replace=True
        )
        InventoryMgr().ensure_indexes()
        run_local(ScanRequest(environment=ENVIRONMENT))
        self.cloud.mutate("create_instance")
        scan = run_local(ScanRequest(environment=ENVIRONMENT))
        store = ConnectionTestStore()
        test = store.create(ENVIRONMENT, [("mysql", "db")], [])
        store.report(test, 0, [{"name": "a", "ok": True, "seconds": 0, "message": "", "hint": ""}])
        MessageStore().add([{**MESSAGE, "scan_id": scan["_id"], "environment": ENVIRONMENT}])
        client = self.app.test_client()
        for noun, body in DEFINED.items():
            answer = client.post(f"{PREFIX}/{noun}", json=body, headers=self.headers())
            assert answer.status_code == 201, answer.text

    def headers(self) -> dict[str, str]:
        """Of a caller who may do everything, whatever was done to his tokens."""
        token, _ = TokenStore().issue(USER, 600)
        return {"X-Auth-Token": token}

    def existing(self) -> dict[str, list[str]]:
        """Ids that exist, by the first part of the path."""
        client, found = self.app.test_client(), dict[str, list[str]]()
        for name in LISTS:
            query = f"?env_name={ENVIRONMENT}" if name == "inventory" else ""
            page = client.get(f"{PREFIX}/{name}{query}", headers=self.headers()).json
            items = sorted(page["items"], key=lambda item: item.get("origin") == "file")[:20]
            key = {"inventory": "_id", "users": "name"}.get(name, "id")
            found[name] = [str(item.get(key) or item["name"]) for item in items]
            assert found[name], f"no {name}"
        return found

    def marker(self, path: str) -> str:
        """A marker that the list at this path gives; empty when it is no long list."""
        if path not in self.markers:
            query = {"env_name": ENVIRONMENT, "limit": 1}
            client = self.app.test_client()
            answer = client.get(path, query_string=query, headers=self.headers())
            if answer.status_code == 400:
                answer = client.get(path, query_string={"limit": 1}, headers=self.headers())
            self.markers[path] = (answer.json or {}).get("next") or ""
        return self.markers[path]

    def real(self, path: str) -> list[str]:
        """Ids that exist for a path with one in it."""
        return self.pool.get(path.split("/")[1], []) if "{" in path else []


#: Lists that ids are taken from.
LISTS = (
    "audit",
    "clique_constraints",
    "clique_types",
    "cliques",
    "connection_tests",
    "constants",
    "environment_configs",
    "inventory",
    "links",
    "messages",
    "scans",
    "scheduled_scans",
    "users",
)
#: What is defined by the API itself, for there to be one.
DEFINED: dict[str, dict[str, Any]] = {
    "scheduled_scans": {"environment": ENVIRONMENT, "freq": "DAILY", "name": "daily"},
    "clique_types": {
        "environment": ENVIRONMENT,
        "name": "short",
        "focal_point_type": "instance",
        "link_types": ["instance-vnic"],
    },
    "clique_constraints": {"focal_point_type": "instance", "constraints": ["network"]},
}
#: Collections of what can be made; also when none is there at first.
PLACES = frozenset({"scheduled_scans", "messages", "clique_types", "clique_constraints", "scans"})
#: Collections that each request writes to.
LEFT_BEHIND = frozenset({"audit", "tokens", "login_attempts", "workers"})

MESSAGE: dict[str, Any] = {
    "id": "20577.10801.52210",
    "source_system": "Calipso",
    "level": "info",
    "message": "said",
    "viewed": False,
    "details": {},
    "host": "",
    "timestamp": datetime(2026, 5, 4, tzinfo=UTC),
}


def run(contract: Contract, *, cases: int, number: int, options: argparse.Namespace) -> Report:
    """So many cases over all operations."""
    schema = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", contract.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    operations = [item for item in operations if options.only in item.label]
    report = Report()
    modes = [GenerationMode.POSITIVE]  # who is nobody is sent away before anything is read
    if not options.without_token:
        modes.append(GenerationMode.NEGATIVE)
    share = max(1, -(-cases // (len(modes) * len(operations))))
    for operation in operations:
        for mode in modes:
            try_operation(contract, operation, mode, share, number, report, options)
    return report


def try_operation(
    contract: Contract,
    operation: Any,
    mode: GenerationMode,
    share: int,
    number: int,
    report: Report,
    options: argparse.Namespace,
) -> None:
    """The cases of one operation in one mode."""
    positive = mode is GenerationMode.POSITIVE
    real = contract.real(operation.path) if positive else []
    keys = st.sampled_from([*real, "", ""]) if real else st.just("")
    changes = positive and operation.method.upper() in CHANGING
    if real and changes:  # what there is: to nothing, nothing happens
        keys = st.sampled_from(real)

    @seed(number)
    @settings(
        max_examples=share,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        key=keys,
        about=st.booleans(),
        value=VALUES,
        place=st.integers(0, 3),
    )
    def one(case: Any, key: str, about: bool, value: Any, place: int) -> None:
        if key:
            case.path_parameters = dict.fromkeys(case.path_parameters, key)
        if about and positive:
            speak_of_what_exists(case, contract.pool)
        if positive and case.headers and "If-Match" in case.headers:
            case.headers["If-Match"] = "*"  # any other is of a thing that was something else
        if positive and case.query and "marker" in case.query:
            put_marker(contract, case, value, place)
        began = time.monotonic()
        ask(contract, operation.label, case, report, options)
        report.slow[operation.label] = max(
            report.slow[operation.label], int(1000 * (time.monotonic() - began))
        )

    try:
        one()
    except Exception as error:  # noqa: BLE001 - schemathesis cannot make such a case: no finding
        if "Unsatisfiable" not in type(error).__name__:
            report.failures[operation.label, type(error).__name__] = str(error)[:500]


#: What a marker may hold and what it may not: numbers of any size, half characters, wrong times.
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TIMES = st.datetimes(timezones=st.timezones()).map(lambda moment: {"time": moment.isoformat()})
VALUES = (
    SCALARS
    | st.text(st.characters(categories=["Cs"]))
    | st.integers(min_value=2**62)
    | TIMES
    | st.dictionaries(st.sampled_from(["key", "time", "$gt"]), SCALARS, max_size=2)
    | st.lists(SCALARS, max_size=2)
)


def put_marker(contract: Contract, case: Any, value: Any, place: int) -> None:
    """A marker of this list with another value in it; `sort` as when it was given."""
    given = contract.marker(f"{PREFIX}{case.formatted_path}")
    if not given:
        return
    values = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    if place < len(values):
        values[place][2] = value
    case.query["marker"] = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    case.query.pop("sort", None)


def speak_of_what_exists(case: Any, pool: dict[str, list[str]]) -> None:
    """An environment and an id that exist, where one is named."""
    for name in ("env_name", "environment"):
        if case.query and name in case.query:
            case.query[name] = ENVIRONMENT
    noun = case.path.strip("/").split("/")[0]
    known = pool.get(noun) if noun != "users" else None  # those are known by name
    if case.query and known and "id" in case.query:
        case.query["id"] = known[0]
    if isinstance(case.body, dict) and "environment" in case.body:
        case.body["environment"] = ENVIRONMENT


def ask(
    contract: Contract, label: str, case: Any, report: Report, options: argparse.Namespace
) -> None:
    """One request, and whether its answer is what the specification says."""
    contract.prepare()
    headers = {} if options.without_token else contract.headers()
    report.cases[label] += 1
    try:
        response = case.call(headers=headers)
        if case.method.upper() in CHANGING:
            contract.restore()
        report.statuses[response.status_code] += 1
        report.done[label] += response.status_code < 300
        case.validate_response(response, headers=headers, excluded_checks=[positive()])
        check_allowed(case, response)
    except (FailureGroup, Failure, AssertionError) as error:
        found = error.exceptions if isinstance(error, FailureGroup) else [error]
        for failure in found:
            title = getattr(failure, "title", type(failure).__name__)
            text = f"{failure}\n{case.as_curl_command()}"
            report.failures.setdefault((label, title), text[:3000])


def positive() -> Any:
    """The check that `check_allowed` stands for."""
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    return positive_data_acceptance


def check_allowed(case: Any, response: Any) -> None:
    """What the specification allows is taken, or refused by a rule that it cannot say."""
    if case.meta.generation.mode is not GenerationMode.POSITIVE or response.status_code != 400:
        return
    error = response.json()["error"]
    fields = {item["field"].partition(".")[0] for item in error["details"]}
    beyond = fields <= UNSAID or not error["hint"].startswith(OF_THE_MODEL)
    assert beyond, f"refused, though the specification allows it: {response.text}"


@contextmanager
def stores(folder: Path) -> Iterator[None]:
    """MongoDB and Redis of our own, and settings that name them."""
    from calipso.cli.stack.embedded import start_mongo, start_redis

    with start_mongo(folder / "mongo") as mongo, start_redis(folder / "redis") as redis:
        os.environ |= {
            "CALIPSO_HOME": str(folder / "home"),
            "CALIPSO_MONGO_URL": mongo,
            "CALIPSO_REDIS_URL": redis,
            "CALIPSO_API_STREAM_SECONDS": "0.1",
            "CALIPSO_LOGIN_ATTEMPTS": "1000000",
        }
        calipso_settings.cache_clear()
        yield
        close_clients()


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m tests.api.contract")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="operations with this in their name")
    parser.add_argument("--without-token", action="store_true")
    return parser.parse_args(arguments)


def main() -> int:
    options = parsed()
    cloud = running_cloud(hosts=2, instances=4, networks=2)
    with tempfile.TemporaryDirectory() as folder, stores(Path(folder)), cloud as served:
        report = run(Contract(served), cases=options.cases, number=options.seed, options=options)
    print("\n".join(report.lines()))
    print("slowest: " + ", ".join(f"{name} {ms} ms" for name, ms in report.slow.most_common(5)))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
