"""The recorded clouds of this repository: complete, anonymised, and well when served."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.model.environment import parse_environment
from calipso.probe import environment_test
from calipso.recording.anonymise.addresses import KEPT, POOL_6, POOLS_4, V4, V6
from calipso.recording.recorder import without_credentials
from tests.sample_cloud.running import running_cloud

RECORDED = Path(__file__).parents[1] / "recorded"
CLOUDS = sorted(path.parent for path in RECORDED.glob("*/cloud.json"))

pytestmark = pytest.mark.parametrize("cloud", CLOUDS, ids=lambda path: path.name)


def documents(cloud: Path) -> Iterator[tuple[Path, Any]]:
    for path in sorted(cloud.rglob("*.json")):
        yield path, json.loads(path.read_text(encoding="utf-8"))


def test_it_was_anonymised_and_holds_no_credential(cloud: Path) -> None:
    assert json.loads((cloud / "cloud.json").read_text())["anonymised"] is True
    for path, document in documents(cloud):
        assert without_credentials(document) == document, path
    for path in cloud.rglob("*.out"):
        assert not re.search(r"passwd=['\"][^'\"]", path.read_text()), path


def test_its_addresses_are_those_of_documentation(cloud: Path) -> None:
    allowed = [ipaddress.ip_network(name) for name in (*POOLS_4, POOL_6, "fe80::/10")]
    wrong = set()
    for path in (path for path in cloud.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8")
        for found in (*V4.finditer(text), *V6.finditer(text)):
            try:
                address = ipaddress.ip_address(found[1])
            except ValueError:
                continue
            if not any(address in n for n in (*allowed, *KEPT) if n.version == address.version):
                wrong.add((str(path.relative_to(cloud)), found[0]))

    assert wrong == set()


def test_every_host_answered_every_command(cloud: Path) -> None:
    hosts = json.loads((cloud / "cloud.json").read_text())["hosts"]

    assert {path.name for path in (cloud / "cli").iterdir()} == set(hosts)
    for host in hosts:
        index = json.loads((cloud / "cli" / host / "index.json").read_text())
        assert {"links", "ovs", "domains", "namespace_links", "nics", "lldp"} <= set(index)
        for name, entry in index.items():
            assert entry["exit"] is not None, f"{host}: {name}"
            assert (cloud / "cli" / host / f"{name}.out").exists()


def test_it_passes_the_environment_test_when_it_is_served(cloud: Path, home: Path) -> None:
    with running_cloud(recorded=cloud) as served:
        environment = parse_environment(served.environment)
        steps = list(environment_test.test_environment(environment))

    assert len(steps) > 10
    assert [step for step in steps if not step.ok] == []
