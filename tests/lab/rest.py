"""A real OpenStack driven by REST alone: add, test the connections, scan, read, compare, remove.

    python tests/lab/rest.py --api http://127.0.0.1:8000/api/v1 --password-file FILE --env rest

The cloud is told by the same variables as in `acceptance.sh`. What the API answers is held against
the truth by `truth.py`, which gets it as files: `calipso` is not called. Ends with the number of
steps that failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

HERE = Path(__file__).resolve().parent
TIMEOUT = 30.0
PATIENCE = 180.0  # seconds a connection test or a scan may take


class Api:
    """The API, logged in."""

    def __init__(self, root: str, password: str) -> None:
        self.root = root
        self.session = requests.Session()
        login = {"username": "admin", "password": password}
        body = {"auth": {"methods": ["credentials"], "credentials": login}}
        token = self.ask("POST", "auth/tokens", 201, json=body)["token"]
        self.session.headers["X-Auth-Token"] = token

    def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The body of an answer. Raises RuntimeError for another status."""
        answer = self.session.request(method, f"{self.root}/{path}", timeout=TIMEOUT, **options)
        if answer.status_code != status:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def each(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        query["limit"] = 500
        while True:
            page = self.ask("GET", path, params=query)
            yield from page["items"]
            if page["next"] is None:
                return
            query["marker"] = page["next"]

    def wait(self, path: str, over: set[str]) -> dict[str, Any]:
        """The record once its status is one of these."""
        end = time.monotonic() + PATIENCE
        while (found := self.ask("GET", path))["status"] not in over:
            if time.monotonic() > end:
                raise RuntimeError(f"{path}: still {found['status']} after {PATIENCE:.0f} s")
            time.sleep(0.2)
        return dict(found)


class Steps:
    """Prints a line for each step and counts those that failed."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, what: str, good: bool, more: str = "") -> None:
        """One step."""
        self.failed += not good
        print(f"{'PASS' if good else 'FAIL'}  {what}{': ' if more else ''}{more}", flush=True)


def environment(name: str) -> dict[str, Any]:
    """The environment document of the cloud that the variables describe."""
    given = os.environ
    password = Path(given["LAB_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    return {
        "name": name,
        "mechanism_drivers": ["OVS", "LXB"],
        "type_drivers": "vxlan",
        "configuration": [
            {
                "name": "OpenStack",
                "auth_url": given["OS_AUTH_URL"],
                "user": given["OS_USERNAME"],
                "pwd": given["OS_PASSWORD"],
                "admin_project": given["OS_PROJECT_NAME"],
            },
            {
                "name": "mysql",
                "host": given["LAB_DB_HOST"],
                "user": given["LAB_DB_USER"],
                "pwd": password,
            },
            {
                "name": "CLI",
                "host": given["LAB_SSH_HOST"],
                "user": "root",
                "key": given["LAB_SSH_KEY"],
                "accept_new_hosts": True,
            },
        ],
    }


def test_connections(api: Api, name: str, step: Steps) -> None:
    """Workers reach the API, the databases and the hosts."""
    targets = ["OpenStack", "mysql", "CLI"]
    body = {"environment": name, "test_targets": targets}
    made = api.ask("POST", "connection_tests", 202, json=body)
    found = api.wait(f"connection_tests/{made['id']}", {"response"})
    step("connection test: every target is well", all(found["test_results"].values()))
    for target, result in found["results"].items():
        steps = result.get("steps", [])
        print(f"      {target}: {len(steps)} steps, {result.get('seconds', 0)} s")


def scan(api: Api, name: str, step: Steps) -> str:
    """A whole scan; its id."""
    made = api.ask("POST", "scans", 202, json={"environment": name})
    found = api.wait(
        f"scans/{made['id']}",
        {"completed", "completed_with_errors", "failed", "cancelled"},
    )
    progress = api.ask("GET", f"scans/{made['id']}/progress")
    step("scan ends completed", found["status"] == "completed", f"{progress['seconds']} s")
    coverage = list(api.each(f"scans/{made['id']}/coverage"))
    step("coverage: all was reached", all(line["reached"] for line in coverage), str(len(coverage)))
    return str(made["id"])


def read(api: Api, name: str, step: Steps, folder: Path) -> None:
    """Inventory, links and cliques as files, and the ways to look at them."""
    for noun in ("inventory", "links", "cliques"):
        items = list(api.each(noun, env_name=name))
        if noun == "cliques":  # a list has the number of links of each, not the links
            items = [api.ask("GET", f"cliques/{item['id']}") for item in items]
        (folder / f"{noun}.json").write_text(json.dumps(items), encoding="utf-8")
        step(f"{noun} read page by page", bool(items), str(len(items)))
    tree = api.ask("GET", "inventory/tree", params={"env_name": name})
    step("tree", bool(tree["children"]), f"{tree['count']} objects")
    instance = api.ask("GET", "inventory", params={"env_name": name, "type": "instance"})["items"][
        0
    ]
    clique = api.ask("GET", f"inventory/{instance['_id']}/cliques")["items"][0]
    graph = api.ask("GET", f"cliques/{clique['id']}/graph")
    step("clique graph of an instance", len(graph["nodes"]) > 1, f"{len(graph['nodes'])} nodes")
    found = api.ask("GET", "search", params={"q": instance["name"]})["items"]
    step("search finds it by name", any(item["id"] == instance["id"] for item in found))


def compare(name: str, step: Steps, folder: Path) -> None:
    """What the API gave, against the truth."""
    command = [sys.executable, str(HERE / "truth.py"), "--env", name]
    for noun in ("inventory", "links", "cliques"):
        command += [f"--{noun}-json", str(folder / f"{noun}.json")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    total = [line for line in result.stdout.splitlines() if line.startswith("TOTAL")]
    step("truth: missing 0, extra 0, different 0", result.returncode == 0, " ".join(total))
    if result.returncode:
        print(result.stdout[-3000:], result.stderr[-2000:])


def main() -> int:
    """All steps in order."""
    parser = argparse.ArgumentParser(description="A real OpenStack driven by REST alone.")
    parser.add_argument("--api", default="http://127.0.0.1:8000/api/v1")
    parser.add_argument("--password-file", type=Path, required=True, help="of user admin")
    parser.add_argument("--env", default="rest")
    given = parser.parse_args()
    step = Steps()
    api = Api(given.api, given.password_file.read_text(encoding="utf-8").strip())
    made = api.ask("POST", "environment_configs", 201, json=environment(given.env))
    step("environment is added, secrets masked", os.environ["OS_PASSWORD"] not in json.dumps(made))
    try:
        test_connections(api, given.env, step)
        scan(api, given.env, step)
        with TemporaryDirectory() as folder:
            read(api, given.env, step, Path(folder))
            compare(given.env, step, Path(folder))
        again = scan(api, given.env, step)
        changes = list(api.each("changes", env_name=given.env, scan_id=again))
        step("a second scan records no change", not changes, str(len(changes)))
    finally:
        removed = api.ask(
            "DELETE", f"environment_configs/{given.env}", params={"with_data": "true"}
        )
        step("environment is removed with its data", bool(removed["removed"]))
    api.ask("GET", f"environment_configs/{given.env}", 404)
    left = api.ask("GET", "inventory", params={"limit": 1, "fields": "environment"})["items"]
    step("nothing of it is left", all(item.get("environment") != given.env for item in left))
    return step.failed


if __name__ == "__main__":
    sys.exit(main())
