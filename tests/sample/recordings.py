"""The recorded clouds of the repository, and a generated cloud written down like one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from calipso.sources.cli.commands import COMMANDS
from tests.sample_cloud.cloud import Cloud, Listing

#: Where recorded clouds lie; RECORDED_CLOUDS names another folder.
FOLDER = Path(os.environ.get("RECORDED_CLOUDS", Path(__file__).parents[1] / "recorded"))

LISTS = {
    "identity": ("projects", "regions"),
    "compute": ("servers/detail", "os-services", "os-hypervisors/detail", "os-aggregates"),
    "network": ("networks", "subnets", "ports", "routers", "agents"),
}
VERSION = {"identity": "/v3/", "compute": "/v2.1/", "network": "/v2.0/"}


def recorded_clouds() -> list[Path]:
    """Folders of recorded clouds."""
    return sorted(path.parent for path in FOLDER.glob("*/cloud.json"))


def need_recorded_clouds() -> list[Path]:
    """The same; a test without any fails and says what is missing."""
    found = recorded_clouds()
    if not found:
        pytest.fail(
            f"no recorded cloud under {FOLDER}: nothing to compare the generated one with."
            " Make one with `calipso env record NAME --to tests/recorded/NAME`."
        )
    return found


def write_down(cloud: Cloud, folder: Path) -> None:
    """A generated cloud in the form of a recorded one."""
    about = {
        "format": 1,
        "region": cloud.region,
        "hosts": dict(cloud.hosts),
        "mechanism_drivers": list(cloud.mechanism_drivers),
        "type_drivers": cloud.type_drivers,
    }
    _write(folder / "cloud.json", about)
    for service, resources in LISTS.items():
        for resource in resources:
            found = cloud.api(service, resource)
            assert isinstance(found, Listing)
            path = VERSION[service] + resource
            content = {"path": path, "key": found.key, "items": list(found.items)}
            _write(folder / "api" / service / f"{resource.replace('/', '_')}.json", content)
    for schema, tables in cloud.schemas().items():
        rows = {table: list(cloud.rows(schema, table)) for table in tables}
        _write(folder / "db" / f"{schema}.json", rows)
    for host in cloud.hosts:
        _write_host(cloud, host, folder / "cli" / host)


def _write_host(cloud: Cloud, host: str, folder: Path) -> None:
    index = {}
    for command in COMMANDS:
        answer = cloud.answer(host, command.text)
        assert answer is not None
        index[command.name] = {"command": command.text, "exit": answer.exit}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{command.name}.out").write_bytes(answer.out)
        (folder / f"{command.name}.err").write_bytes(answer.err)
    _write(folder / "index.json", index)


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
