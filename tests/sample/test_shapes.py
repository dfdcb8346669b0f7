"""What a generated cloud answers has the shape of what a real one answered when it was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calipso.sources.cli.commands import COMMANDS
from tests.sample.recordings import need_recorded_clouds
from tests.sample.shapes import Shape, differences, shape, xml_paths
from tests.sample_cloud.cloud import Cloud, Listing
from tests.sample_cloud.generate.generated import GeneratedCloud
from tests.sample_cloud.generate.params import CloudParams
from tests.sample_cloud.recorded import RecordedCloud, plain
from tests.sample_cloud.serve.versions import as_of

#: Devices by the beginning of their names: what Neutron, Nova or libvirt made.
DEVICES = ("lo", "qbr", "qvo", "qvb", "tap", "brq", "vxlan-", "br-int", "qr-", "qg-")
#: Keys of devices that differ with the machine and not with the cloud: the lab's hosts run OVS in
#: user space and have veths for NICs.
MACHINE = ("linkinfo", "link_netnsid", "link_index", "master")


@pytest.fixture(scope="module")
def generated() -> GeneratedCloud:
    return GeneratedCloud(CloudParams(hosts=8, instances=40, networks=12))


@pytest.fixture(scope="module")
def recorded() -> list[Path]:
    return need_recorded_clouds()


def told(problems: dict[str, list[str]]) -> str:
    """Problems for people."""
    return "\n".join(f"{name}: {line}" for name, lines in problems.items() for line in lines)


# -- API ---------------------------------------------------------------------------------


def test_lists_of_the_api_have_the_recorded_shapes(
    generated: GeneratedCloud, recorded: list[Path]
) -> None:
    problems: dict[str, list[str]] = {}
    for path in (path for folder in recorded for path in sorted(folder.glob("api/*/*.json"))):
        answer = json.loads(path.read_text(encoding="utf-8"))
        items = answer.get("items")
        resource = plain(answer["path"])
        if not items or resource == "auth/catalog":
            continue
        found = generated.api(path.parent.name, resource)
        name = f"{path.parent.name} {resource}"
        if not isinstance(found, Listing):
            problems[name] = ["is recorded, but not generated"]
            continue
        minor = int((answer.get("microversion") or "2.1").partition(".")[2])
        ours = [as_of(found.key, item, 1, minor) for item in found.items]
        lines = differences(shape(ours), shape(items))
        if lines:
            problems[name] = lines

    assert not problems, told(problems)


# -- database ----------------------------------------------------------------------------


def test_tables_have_the_recorded_columns(generated: GeneratedCloud, recorded: list[Path]) -> None:
    problems: dict[str, list[str]] = {}
    for folder in recorded:
        for path in sorted(folder.glob("db/*.json")):
            for table, rows in json.loads(path.read_text(encoding="utf-8")).items():
                columns = generated.schemas().get(path.stem, {}).get(table)
                name = f"{path.stem}.{table}"
                if columns is None:
                    problems[name] = ["is recorded, but not generated"]
                    continue
                missing = {column for row in rows for column in row} - set(columns)
                if missing:
                    problems[name] = [f"columns only recorded: {sorted(missing)}"]
                elif rows and not list(generated.rows(path.stem, table)):
                    problems[name] = ["has recorded rows, but no generated ones"]

    assert not problems, told(problems)


def test_values_in_tables_have_the_recorded_types(
    generated: GeneratedCloud, recorded: list[Path]
) -> None:
    problems: dict[str, list[str]] = {}
    for folder in recorded:
        cloud = RecordedCloud(folder)
        for schema, tables in cloud.schemas().items():
            for table in tables:
                theirs = shape(cloud.rows(schema, table))
                if not theirs:
                    continue
                ours = shape(
                    {key: value for key, value in row.items() if f"/{key}" in theirs}
                    for row in generated.rows(schema, table)
                )
                lines = [line for line in differences(ours, theirs) if "only recorded" not in line]
                if lines:
                    problems[f"{schema}.{table}"] = lines

    assert not problems, told(problems)


# -- hosts -------------------------------------------------------------------------------


def test_hosts_answer_the_recorded_commands(
    generated: GeneratedCloud, recorded: list[Path]
) -> None:
    known = {command.text for command in COMMANDS}
    for folder in recorded:
        cloud = RecordedCloud(folder)
        for host in cloud.hosts:
            index = json.loads((folder / "cli" / host / "index.json").read_text(encoding="utf-8"))
            for name, entry in index.items():
                assert entry["command"] in known, f"{host}: {name} is no command of today"
                for ours in generated.hosts:
                    assert generated.answer(ours, entry["command"]) is not None, name


def outputs(cloud: Cloud, name: str) -> list[str]:
    """What the hosts of a cloud print, where it is something."""
    text = next(command.text for command in COMMANDS if command.name == name)
    answers = (cloud.answer(host, text) for host in cloud.hosts)
    return [answer.out.decode() for answer in answers if answer and answer.out.strip()]


def device_shapes(devices: list[dict[str, Any]]) -> dict[str, Shape]:
    """Shape of the devices of each kind of name, without what depends on the machine."""
    found = {}
    for prefix in DEVICES:
        same = [
            {key: value for key, value in device.items() if key not in MACHINE}
            for device in devices
            if device["ifname"].startswith(prefix)
        ]
        if same:
            found[prefix] = shape(same)
    return found


def all_devices(cloud: Cloud) -> list[dict[str, Any]]:
    devices = [device for text in outputs(cloud, "links") for device in json.loads(text)]
    for text in outputs(cloud, "namespace_links"):
        for line in text.splitlines():
            if line.startswith("["):
                devices += json.loads(line)
    return devices


def test_devices_have_the_recorded_shapes(generated: GeneratedCloud, recorded: list[Path]) -> None:
    ours = device_shapes(all_devices(generated))
    problems = {}
    for folder in recorded:
        theirs = device_shapes(all_devices(RecordedCloud(folder)))
        for prefix in set(ours) & set(theirs):
            lines = differences(ours[prefix], theirs[prefix])
            if lines:
                problems[prefix] = lines

    assert not problems, told(problems)


@pytest.mark.parametrize("kind", ["bridge", "vxlan", "tun"])
def test_devices_of_a_kind_say_the_recorded_things(
    generated: GeneratedCloud, recorded: list[Path], kind: str
) -> None:
    def data(cloud: Cloud) -> Shape:
        infos = [device.get("linkinfo", {}) for device in all_devices(cloud)]
        return shape(
            info["info_data"]
            for info in infos
            if info.get("info_kind") == kind and not info["info_data"].get("external")
        )

    for folder in recorded:
        theirs = data(RecordedCloud(folder))
        assert not theirs or not differences(data(generated), theirs)


def test_switch_tables_have_the_recorded_headings_and_options(
    generated: GeneratedCloud, recorded: list[Path]
) -> None:
    def tables(cloud: Cloud) -> tuple[set[tuple[str, ...]], set[str]]:
        headings, options = set(), set()
        for text in outputs(cloud, "ovs"):
            for line in filter(None, text.splitlines()):
                table = json.loads(line)
                headings.add(tuple(table["headings"]))
                for row in table["data"]:
                    for cell in row:
                        if isinstance(cell, list) and cell[0] == "map":
                            options |= {str(key) for key, _ in cell[1]}
        return headings, options

    for folder in recorded:
        assert tables(generated) == tables(RecordedCloud(folder))


def test_domains_have_elements_that_recorded_ones_have(
    generated: GeneratedCloud, recorded: list[Path]
) -> None:
    def paths(cloud: Cloud) -> set[str]:
        texts = outputs(cloud, "domains")
        documents = ["<domain" + part for text in texts for part in text.split("<domain")[1:]]
        return {path for document in documents for path in xml_paths(document)}

    ours = paths(generated)
    for folder in recorded:
        theirs = paths(RecordedCloud(folder))
        assert not ours - theirs
        assert not {path for path in theirs if "/interface" in path} - ours


@pytest.mark.parametrize("name", ["lldp", "fdb"])
def test_json_of_other_commands_has_the_recorded_shape(
    generated: GeneratedCloud, recorded: list[Path], name: str
) -> None:
    def documents(cloud: Cloud) -> Shape:
        if name == "lldp":
            return shape(json.loads(text) for text in outputs(cloud, name))
        lines = [line for text in outputs(cloud, name) for line in text.splitlines()]
        return shape(json.loads(line) for line in lines if line.startswith("["))

    for folder in recorded:
        theirs = documents(RecordedCloud(folder))
        assert not theirs or not differences(documents(generated), theirs)


@pytest.mark.parametrize("name", ["nics", "os_release"])
def test_text_of_commands_has_the_recorded_labels(
    generated: GeneratedCloud, recorded: list[Path], name: str
) -> None:
    def labels(cloud: Cloud) -> set[str]:
        lines = [line for text in outputs(cloud, name) for line in text.splitlines()]
        separator = ":" if name == "nics" else "="
        marked = (line for line in lines if separator in line and not line.startswith("Settings"))
        return {line.partition(separator)[0].strip() for line in marked if "==" not in line}

    for folder in recorded:
        assert labels(generated) == labels(RecordedCloud(folder))
