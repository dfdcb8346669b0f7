"""The API against its own specification: requests that schemathesis makes up, on real stores.

python -m tests.api.contract --cases 1000 [--seed N] [--only /scans] [--without-token] [--swagger]

Every operation gets its share of the cases, half of them as the specification allows, half not.
The data is a sample cloud, scanned twice; ids that exist are put into half of the allowed cases.
What a case destroys (the user who asks, his token, the environment) is put back before the next.
"""

from __future__ import annotations

import argparse
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
from calipso.discover.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.model.user import Role, User
from calipso.settings import settings as calipso_settings
from calipso.utils.connection_tests import ConnectionTestStore
from calipso.utils.environment_store import EnvironmentStore
from calipso.utils.inventory_mgr import InventoryMgr
from calipso.utils.message_store import MessageStore
from calipso.utils.mongo_access import close_clients
from calipso.utils.token_store import TokenStore
from calipso.utils.user_store import UserStore
from calipso.utils.worker_store import WorkerStore
from tests.sample_cloud.running import RunningCloud, running_cloud

PREFIX = "/api/v1"
ENVIRONMENT = "prod"
USER = "contract-admin"
QUEUES = ["scan", "api", "db", "cli", "links", "cliques"]

#: What the specification cannot say of a query: markers of another list, fields to sort by.
UNSAID = {"marker", "sort"}
#: Names in an object that may have any: Swagger 2.0 has no pattern for them.
KEY = ".[key]"
#: How the hint begins when a model refused a request, and no rule beyond it.
OF_THE_MODEL = "Known: "


@dataclass
class Report:
    """What came out of a run."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    slow: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """For people."""
        total, kinds = sum(self.cases.values()), sorted(self.statuses.items())
        yield f"{total} cases over {len(self.cases)} operations"
        yield "answers: " + ", ".join(f"{count} x {status}" for status, count in kinds)
        for (operation, title), text in sorted(self.failures.items()):
            yield f"\nFAILED {operation}: {title}\n{text}"
        yield f"\n{len(self.failures)} failures"


class Contract:
    """The application, its data, and requests to it."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.app: Flask = create_app()
        self.prepare()
        self.pool = self.existing()

    def prepare(self) -> None:
        """Everything a case may have destroyed, and workers that seem to live."""
        if UserStore().collection.find_one({"name": USER, "role": "admin"}) is None:
            UserStore().collection.delete_many({"name": USER})
            UserStore().add(User(name=USER, role=Role.ADMIN))
        WorkerStore().beat("contract@here", QUEUES)
        inventory = InventoryMgr().collection("inventory")
        known = EnvironmentStore().collection.find_one({"name": ENVIRONMENT})
        if known is None or inventory.find_one({"environment": ENVIRONMENT}) is None:
            self.scan()

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
        client.post(
            f"{PREFIX}/scheduled_scans",
            json={"environment": ENVIRONMENT, "freq": "DAILY"},
            headers=self.headers(),
        )

    def headers(self) -> dict[str, str]:
        """Of a caller who may do everything, whatever was done to his tokens."""
        token, _ = TokenStore().issue(USER, 600)
        return {"X-Auth-Token": token}

    def existing(self) -> dict[str, list[str]]:
        """Ids that exist, by the first part of the path."""
        client, found = self.app.test_client(), dict[str, list[str]]()
        lists: tuple[str, ...] = (
            "cliques",
            "connection_tests",
            "constants",
            "environment_configs",
            "inventory",
        )
        lists += ("links", "messages", "scans", "scheduled_scans", "users")
        for name in lists:
            query = f"?env_name={ENVIRONMENT}" if name == "inventory" else ""
            page = client.get(f"{PREFIX}/{name}{query}", headers=self.headers()).json
            found[name] = [str(item.get("id") or item["name"]) for item in page.get("items", ())][
                :20
            ]
        return found

    def real(self, path: str) -> list[str]:
        """Ids that exist for a path with one in it."""
        return self.pool.get(path.split("/")[1], []) if "{" in path else []


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
    name = "swagger.json" if options.swagger else "openapi.json"
    schema = schemathesis.openapi.from_wsgi(f"{PREFIX}/{name}", contract.app)
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
    real = contract.real(operation.path) if mode is GenerationMode.POSITIVE else []
    keys = st.sampled_from([*real, "", ""]) if real else st.just("")

    @seed(number)
    @settings(
        max_examples=share,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), key=keys, about=st.booleans())
    def one(case: Any, key: str, about: bool) -> None:
        if key:
            case.path_parameters = dict.fromkeys(case.path_parameters, key)
        if about and mode is GenerationMode.POSITIVE:
            speak_of_what_exists(case)
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


def speak_of_what_exists(case: Any) -> None:
    """An environment that exists, where one is named."""
    for name in ("env_name", "environment"):
        if case.query and name in case.query:
            case.query[name] = ENVIRONMENT
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
        report.statuses[response.status_code] += 1
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
    fields -= {item["field"].partition(".")[0] for item in error["details"] if KEY in item["field"]}
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
    parser.add_argument("--swagger", action="store_true", help="read swagger.json")
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
