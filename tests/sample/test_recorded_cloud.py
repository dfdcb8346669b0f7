"""A recorded cloud is served as it was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from calipso.sources.cli.commands import COMMANDS
from tests.sample.clients import ask, host, rows
from tests.sample.recordings import need_recorded_clouds, write_down
from tests.sample_cloud import running_cloud
from tests.sample_cloud.generate.generated import GeneratedCloud
from tests.sample_cloud.generate.params import CloudParams
from tests.sample_cloud.recorded import RecordedCloud


@pytest.fixture(scope="module")
def original() -> GeneratedCloud:
    return GeneratedCloud(CloudParams(hosts=5, instances=8, networks=5))


@pytest.fixture(scope="module")
def folder(original: GeneratedCloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "copy"
    write_down(original, path)
    return path


def test_hosts_of_a_recorded_cloud_answer_as_they_did(
    original: GeneratedCloud, folder: Path
) -> None:
    copy = RecordedCloud(folder)

    assert list(copy.hosts) == list(original.hosts)
    for name in original.hosts:
        for command in COMMANDS:
            assert copy.answer(name, command.text) == original.answer(name, command.text)


def test_a_command_that_changed_since_is_answered_by_its_name(folder: Path) -> None:
    index = folder / "cli" / "compute-1" / "index.json"
    index.write_text(index.read_text().replace("ip -d -j addr show", "ip -j addr show"))

    answer = RecordedCloud(folder).answer("compute-1", "ip -d -j addr show")

    assert answer is not None
    assert b"ifname" in answer.out


def test_a_recorded_cloud_is_served_over_its_protocols(
    original: GeneratedCloud, folder: Path
) -> None:
    with running_cloud(recorded=folder) as cloud:
        servers = ask(cloud, "compute", "/servers/detail?all_tenants=1", "2.53")["servers"]
        stored = rows(cloud, "SELECT uuid, created_at FROM nova.instances")
        with host(cloud, "compute-1") as connection:
            answers = connection.bundle()

    assert {server["id"] for server in servers} == {each.id for each in original.plan.instances}
    assert {row["uuid"] for row in stored} == {server["id"] for server in servers}
    assert set(answers) == {command.name for command in COMMANDS}


def test_a_folder_that_is_no_recorded_cloud_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cloud\.json"):
        RecordedCloud(tmp_path)


def test_every_recorded_cloud_of_the_repository_can_be_served() -> None:
    for path in need_recorded_clouds():
        with running_cloud(recorded=path) as cloud:
            names = list(RecordedCloud(path).hosts)
            assert ask(cloud, "network", "/v2.0/networks")["networks"]
            assert rows(cloud, "SELECT id, heartbeat_timestamp FROM neutron.agents")
            with host(cloud, names[-1]) as connection:
                assert connection.bundle("links")["links"].exit == 0
