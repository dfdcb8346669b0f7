"""`calipso env record`: a cloud that was recorded is scanned again without it, alike."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.errors import ConfigError
from calipso.model.environment import parse_environment
from calipso.model.scan import ScanRequest
from calipso.recording.recorder import CREDENTIAL, Recorder, file_name, without_credentials
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud

from .conftest import SECRET, Run, openstack_document

pytestmark = pytest.mark.slow

Document = dict[str, Any]
PASSWORD = "sample-secret"


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(hosts=5, instances=8, networks=4, mechanism="mixed") as served:
        yield served


def recorder(**changes: Any) -> Recorder:
    return Recorder(parse_environment(openstack_document(**changes)))


def texts(directory: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in directory.rglob("*") if path.is_file()}


def scanned(document: Document, name: str) -> Counter[str]:
    """What a scan finds: objects, links and cliques by type and shape."""
    EnvironmentStore().add(document | {"name": name})
    record = run_local(ScanRequest(environment=name))
    assert record["status"] == "completed", record["errors"]
    inv = InventoryMgr()
    found: Counter[str] = Counter()
    for item in inv.find_all("inventory", {"environment": name}):
        found[f"{item['type']} under {item['parent_type']}, {item.get('state')}"] += 1
    for link in inv.find_all("links", {"environment": name}):
        found[f"{link['link_type']} {link['state']}"] += 1
    for clique in inv.find_all("cliques", {"environment": name}):
        found[f"clique of {clique['focal_point_type']}: {len(clique['links'])} links"] += 1
    return found


@pytest.mark.parametrize("anonymise", [False, True], ids=["as it is", "anonymised"])
def test_a_recorded_cloud_scans_like_the_one_it_was_recorded_from(
    run: Run, cloud: RunningCloud, tmp_path: Path, anonymise: bool
) -> None:
    name = cloud.environment["name"]
    original = scanned(cloud.environment, name)
    to = tmp_path / "recorded"

    ended = run("record", name, "--to", str(to), *["--anonymise"] * anonymise)

    assert (ended.code, ended.out) == (0, ""), ended.err
    about = json.loads((to / "cloud.json").read_text())
    assert about["anonymised"] is anonymise
    assert len(about["hosts"]) == 5
    assert all(about["hosts"].values())
    with running_cloud(recorded=to) as again:
        assert scanned(again.environment, "again") == original
    assert all(PASSWORD not in text for text in texts(to).values())


def test_an_anonymised_recording_names_nothing_of_the_cloud(
    run: Run, cloud: RunningCloud, tmp_path: Path
) -> None:
    name = cloud.environment["name"]
    scanned(cloud.environment, name)
    kinds = ("host", "instance", "network", "project", "port", "aggregate")
    items = InventoryMgr().find_all("inventory", {"type": {"$in": list(kinds)}})
    told = {str(item[key]) for item in items for key in ("id", "name")} - _WORDS

    run("record", name, "--to", str(tmp_path / "recorded"), "--anonymise")

    text = "\n".join(texts(tmp_path / "recorded").values())
    ids = {word for word in told if len(word) in (32, 36)}
    assert len(ids) > 30
    assert [word for word in ids if word in text] == []
    assert [mac for mac in _macs(items) if mac in text] == []
    names = {word for word in told - ids if word.partition("-")[0] not in _INVENTED}
    assert [word for word in names if f'"{word}"' in text or f">{word}<" in text] == []


@pytest.mark.long
def test_recording_takes_nothing_from_other_scans_and_leaves_nothing_of_its_own(
    run: Run, cloud: RunningCloud, tmp_path: Path
) -> None:
    name = cloud.environment["name"]
    scanned(cloud.environment, name)
    scanned(cloud.environment, "other")
    InventoryMgr().db["scan_locks"].insert_one({"_id": "inventory/other", "scan_id": "running"})
    before = contents()
    assert {"scans", "scan_tasks", "coverage", "links", "inventory"} <= before.keys()

    ended = run("record", name, "--to", str(tmp_path / "recorded"))

    assert ended.code == 0, ended.err
    assert contents() == before
    assert [key for key in InventoryMgr().db.list_collection_names() if "recording_" in key] == []


@pytest.mark.long
def test_a_scan_after_a_recording_still_knows_the_state_that_changes_are_counted_from(
    run: Run, cloud: RunningCloud, tmp_path: Path
) -> None:
    name = cloud.environment["name"]
    scanned(cloud.environment, name)
    inv = InventoryMgr()
    instance = inv.find(name, "instance")[0]

    run("record", name, "--to", str(tmp_path / "recorded"))
    inv.set(instance | {"name": "renamed meanwhile"})
    scan = run_local(ScanRequest(environment=name))

    changes = inv.find_all("changes", {"scan_id": scan["_id"], "id": instance["id"]})
    assert [change["change"] for change in changes] == ["changed"]


def contents() -> dict[str, list[str]]:
    """All documents by collection, but for the audit: a command is a line of it."""
    db = InventoryMgr().db
    found = {name: sorted(map(repr, db[name].find())) for name in db.list_collection_names()}
    return {name: items for name, items in found.items() if items and name != "audit"}


#: The sample cloud invents names like ours: `instance-1` proves nothing.
_INVENTED = {"instance", "network", "net", "project", "host", "port", "aggregate", "zone"}
_INVENTED |= {"controller", "compute"}
#: Ids of aggregates, and words that the API uses for other things as well.
_WORDS = {"1", "2", "3", "admin", "service", "public"}


def _macs(items: list[Document]) -> set[str]:
    return {str(item["mac_address"]) for item in items if item.get("mac_address")}


def test_others_may_not_read_a_recording(tmp_path: Path) -> None:
    kept = recorder()
    kept.api("compute", "/v2.1/servers/detail", "servers", None, [{"id": "1"}])
    kept.db("nova", "instances", [{"id": 1}])
    kept.cli("node-1", "links", "ip -j link", 0, "[]", "warning")
    before = os.umask(0o022)

    try:
        kept.save(tmp_path / "new" / "recorded", {})
        other = tmp_path / "other"
        other.touch()
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "new").rglob("*")}
    assert modes == {0}
    assert len(texts(tmp_path / "new")) == 6
    assert stat.S_IMODE(other.stat().st_mode) == 0o644  # others of this process write as before


def test_recording_leaves_no_inventory_behind(
    run: Run, cloud: RunningCloud, tmp_path: Path
) -> None:
    EnvironmentStore().add(cloud.environment)

    run("record", cloud.environment["name"], "--to", str(tmp_path / "recorded"))

    names = InventoryMgr().db.list_collection_names()
    assert [name for name in names if "recording" in name] == []
    assert InventoryMgr().collection("inventory").count_documents({}) == 0


def test_a_directory_that_holds_something_is_not_written_to(
    run: Run, cloud: RunningCloud, tmp_path: Path
) -> None:
    EnvironmentStore().add(cloud.environment)
    (tmp_path / "mine").write_text("x")

    ended = run("record", cloud.environment["name"], "--to", str(tmp_path))

    assert ended.code == 1
    assert "is not an empty directory" in ended.err


def test_a_cloud_that_cannot_be_read_leaves_no_recording(
    run: Run, cloud: RunningCloud, tmp_path: Path
) -> None:
    document = json.loads(json.dumps(cloud.environment))
    for section in document["configuration"]:
        section["pwd"] = SECRET
    EnvironmentStore().add(document)

    ended = run("record", document["name"], "--to", str(tmp_path / "recorded"))

    assert ended.code != 0
    assert SECRET not in ended.out + ended.err


# -- the recorder ----------------------------------------------------------------------


def test_no_credential_gets_into_a_recording(tmp_path: Path) -> None:
    found = recorder()
    server = {"id": "1", "adminPass": SECRET, "user_data": SECRET, "name": f"x {SECRET}"}
    found.api("compute", "/v2.1/servers/detail", "servers", None, [server], "2.53")
    found.api("identity", "/v3/x", None, None, {"auth": {"password": SECRET, "token": SECRET}})
    row = {"id": 1, "extra": json.dumps({"secret_uuid": SECRET, "ok": 1}), "pwd": SECRET}
    found.db("nova", "instances", [row])
    xml = f"<graphics type='vnc' passwd='{SECRET}'/> http://u:{SECRET}@h/ password={SECRET}"
    found.cli("c", "domains", "virsh", 0, xml, f"banner {SECRET}")

    found.save(tmp_path / "out", {"c": "192.0.2.1"})

    written = texts(tmp_path / "out")
    assert len(written) >= 6
    for path, text in written.items():
        assert SECRET not in text, path
        assert json.dumps(SECRET)[1:-1] not in text, path
    assert json.loads(written[str(tmp_path / "out/db/nova.json")]) == {
        "instances": [{"id": 1, "extra": '{"ok": 1}'}]
    }


@pytest.mark.parametrize(
    "key", ["password", "adminPass", "client_secret", "auth_token", "key_data"]
)
def test_fields_with_credentials_are_dropped(key: str) -> None:
    assert CREDENTIAL.search(key)
    assert without_credentials([{key: "x", "name": "n"}]) == [{"name": "n"}]


@pytest.mark.parametrize("key", ["name", "project_id", "key_name", "tokens_per_second"])
def test_other_fields_stay(key: str) -> None:
    assert without_credentials({key: "x"}) == {key: "x"}


def test_two_readings_of_one_list_are_one_list(tmp_path: Path) -> None:
    found = recorder()
    for items in ([{"id": 1, "a": 1}], [{"id": 1, "b": 2}, {"id": 2}]):
        found.api("network", "/v2.0/ports", "ports", None, items)
        found.db("neutron", "ports", items)
    found.db("neutron", "nothing", [])

    found.save(tmp_path / "out", {})

    rows = [{"id": 1, "a": 1, "b": 2}, {"id": 2}]
    api = json.loads((tmp_path / "out/api/network/ports.json").read_text())
    assert api == {"path": "/v2.0/ports", "key": "ports", "microversion": None, "items": rows}
    tables = json.loads((tmp_path / "out/db/neutron.json").read_text())
    assert tables == {"nothing": [], "ports": rows}


def test_what_a_host_said_is_kept_byte_for_byte(tmp_path: Path) -> None:
    found = recorder()
    said = "line\r\n\tumlaut ü\x00\x1b[0m\n"
    found.cli("c-1", "links", "ip addr", 3, said, "")
    found.save(tmp_path / "out", {})

    folder = tmp_path / "out/cli/c-1"
    assert (folder / "links.out").read_bytes().decode() == said
    assert not (folder / "links.err").exists()
    index = json.loads((folder / "index.json").read_text())
    assert index == {"links": {"command": "ip addr", "exit": 3}}


@pytest.mark.parametrize("server", ["198.51.100.7:3306", "db2.corp.example:3306", "[2001:db8::7]"])
def test_an_anonymised_recording_does_not_name_the_servers_of_cells(
    server: str, tmp_path: Path
) -> None:
    kept = Recorder(parse_environment(openstack_document()), anonymise=True)
    for cell in ("blue", "green"):
        kept.db(f"{cell} at {server}", "instances", [{"id": 1}])
    kept.db("nova", "instances", [{"id": 2}])

    kept.save(tmp_path / "out", {})

    names = {path.name for path in (tmp_path / "out" / "db").iterdir()}
    assert names == {"nova.json", "cell-1.json", "cell-2.json"}


@pytest.mark.parametrize("name", ["../../etc/passwd", "/v2.1/../x", "a/b", "x\n", ".", ""])
def test_names_of_files_stay_in_their_directory(tmp_path: Path, name: str) -> None:
    found = file_name(name)

    assert (tmp_path / found).resolve().parent == tmp_path.resolve()
    assert (tmp_path / found).resolve() != tmp_path.resolve()


def test_hostile_names_write_nowhere_else(tmp_path: Path) -> None:
    found = recorder()
    found.api("compute/../../..", "/v2.1/../../x", "x", None, [])
    found.db("../evil", "t", [{"id": 1}])
    found.cli("../../evil", "../../command", "x", 0, "", "")

    found.save(tmp_path / "in" / "out", {})

    written = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.*")}
    assert written == {("in", "out")}


def test_a_place_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="not an empty directory"):
        recorder().save(tmp_path / "file", {})
