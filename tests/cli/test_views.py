"""`calipso inventory`, `link` and `clique` over a small inventory in a real store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from calipso.cli import clique, inventory, link, search, selecting
from calipso.cli.main import main
from calipso.model.inventory import clique_key, link_key, object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr

ENV = "east"
OBJECTS = [  # type, id, name, parent type, parent id, more
    ("host", "c1", "c1", "environment", ENV, {"host": "c1"}),
    ("instances_folder", "c1-instances", "Instances", "host", "c1", {"host": "c1"}),
    ("instance", "i-1", "web-1", "instances_folder", "c1-instances", {"host": "c1"}),
    ("instance", "i-2", "web-2", "instances_folder", "c1-instances", {"host": "c1"}),
    ("instance", "i-3", "db-1", "instances_folder", "c1-instances", {"host": "c1"}),
    ("vnic", "c1-tap1", "tap1", "instance", "i-1", {"host": "c1", "state": "down"}),
    ("vedge", "c1-OVS", "c1-OVS", "host", "c1", {"host": "c1"}),
    ("host_pnic", "c1-eth1", "eth1", "host", "c1", {"host": "c1"}),
    ("network", "n-1", "blue", "environment", ENV, {}),
]
LINKS = [
    ("instance", "i-1", "vnic", "c1-tap1", "up"),
    ("vnic", "c1-tap1", "vedge", "c1-OVS", "down"),
    ("vedge", "c1-OVS", "host_pnic", "c1-eth1", "up"),
    ("host_pnic", "c1-eth1", "network", "n-1", "up"),
    ("network", "n-1", "vnic", "c1-tap1", "unknown"),
]


def path(object_type: str, object_id: str) -> str:
    above = {(t, i): (pt, pi) for t, i, _, pt, pi, _ in OBJECTS}
    parts = [object_id]
    at = above[(object_type, object_id)]
    while at in above:
        parts.append(at[1])
        at = above[at]
    return "/".join(["", ENV, *reversed(parts)])


@pytest.fixture(autouse=True)
def cloud(inv: InventoryMgr) -> InventoryMgr:
    """A host with instances, one of them wired to a network; and a stale one in `west`."""
    for object_type, object_id, name, parent_type, parent_id, more in OBJECTS:
        document = {"environment": ENV, "type": object_type, "id": object_id, "name": name}
        document |= {"parent_type": parent_type, "parent_id": parent_id, "show_in_tree": True}
        inv.set(document | {"id_path": path(object_type, object_id)} | more)
    stale = {"environment": "west", "type": "host", "id": "c1", "name": "c1", "id_path": "/west/c1"}
    stale |= {"parent_type": "environment", "parent_id": "west"}
    inv.set(stale | {"stale_since": datetime(2026, 1, 31, tzinfo=UTC)})
    keys = []
    for source_type, source_id, target_type, target_id, state in LINKS:
        source = object_key(ENV, source_type, source_id)
        target = object_key(ENV, target_type, target_id)
        link_type = f"{source_type}-{target_type}"
        keys.append(link_key(ENV, link_type, source, target, ""))
        inv.collection("links").insert_one(
            {"_id": keys[-1], "environment": ENV, "link_type": link_type, "link_name": ""}
            | {"source": source, "target": target, "source_id": source_id, "target_id": target_id}
            | {"state": state, "implicit": False, "host": "c1", "attributes": {}}
        )
    focal = object_key(ENV, "instance", "i-1")
    ends = ["c1-tap1", "c1-OVS", "c1-eth1", "n-1"]
    types = {object_id: object_type for object_type, object_id, *_ in OBJECTS}
    inv.collection("cliques").insert_one(
        {"_id": clique_key(ENV, "instance", focal), "environment": ENV, "clique_type": "instance"}
        | {"focal_point": focal, "focal_point_type": "instance", "focal_point_id": "i-1"}
        | {"links": keys, "objects": [focal, *(object_key(ENV, types[e], e) for e in ends)]}
    )
    return inv


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command that has to end with 0; its output."""

    def call(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(list(arguments)) == code
        return capsys.readouterr().out

    return call


def names(output: str) -> list[str]:
    return [row["name"] for row in json.loads(output)]


def test_list_leaves_out_folders_and_filters_by_every_flag(run: Any) -> None:
    base = ("inventory", "list", "-f", "json", "-c", "name")

    assert names(run(*base, "-e", ENV)) == [
        "c1",
        "eth1",
        "web-1",
        "web-2",
        "db-1",
        "blue",
        "c1-OVS",
        "tap1",
    ]
    assert names(run(*base, "-t", "instance", "--name", "web-")) == ["web-1", "web-2"]
    assert names(run(*base, "--parent", "c1-instances")) == ["web-1", "web-2", "db-1"]
    assert names(run(*base, "-t", "vnic", "--host", "c1")) == ["tap1"]
    assert names(run(*base, "--stale")) == ["c1"]
    assert names(run(*base, "-t", "instances_folder")) == ["Instances"]


def test_a_list_of_one_type_shows_what_its_declaration_names(run: Any, inv: InventoryMgr) -> None:
    inv.set({"environment": ENV, "type": "route", "id": "r-1", "name": "of a plug-in"})

    def heading(*more: str) -> list[str]:
        lines: list[str] = run("inventory", "list", "-f", "csv", *more).splitlines()
        return lines[0].split(",")

    assert heading("-e", ENV) == ["type", "id", "name", "host", "state", "last_scanned"]
    assert heading("-e", ENV, "-t", "instances_folder") == heading("-e", ENV)
    assert heading("-t", "route") == heading()
    assert heading("-e", ENV, "-t", "vnic") == [
        *("id", "name", "host", "vnic_type", "mac_address", "state", "ip_addresses"),
        "last_scanned",
    ]
    assert heading("-t", "network")[:4] == ["environment", "id", "name", "status"]


def test_a_name_is_compared_as_text_and_not_as_a_pattern(run: Any) -> None:
    assert run("inventory", "list", "--name", "web.", "-f", "json").strip() == "[]"
    assert run("inventory", "list", "--name", ".*", "-f", "json").strip() == "[]"


def test_pages_together_are_the_whole_list(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    base = ("inventory", "list", "-f", "value", "-c", "type", "-c", "id", "--limit")
    whole = run(*base, "0", "-e", ENV).splitlines()
    pages, marker = [], []
    while True:
        page = run(*base, "3", "-e", ENV, *marker).splitlines()
        if not page:
            break
        pages += page
        marker = ["--marker", page[-1].split()[1]]

    assert pages == whole


@pytest.mark.parametrize(
    "command",
    [
        ("inventory", "list"),
        ("inventory", "tree"),
        ("link", "list"),
        ("clique", "list"),
        ("scan", "list"),
    ],
)
def test_an_environment_that_does_not_exist_is_no_empty_list(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--env", "nowhere"]) == 1

    told = capsys.readouterr()
    assert "no environment nowhere" in told.err
    assert told.out == ""


def test_more_rows_than_the_limit_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    main(["inventory", "list", "-e", ENV, "--limit", "2"])

    assert "there are more rows: --marker c1-eth1" in capsys.readouterr().err


def test_show_finds_by_id_and_by_name(run: Any) -> None:
    by_id = json.loads(run("inventory", "show", "i-1", "-f", "json"))
    by_name = json.loads(run("inventory", "show", "web-1", "-f", "json"))

    assert by_id == by_name
    assert (by_id["type"], by_id["host"], by_id["parent_id"]) == ("instance", "c1", "c1-instances")


def test_show_of_what_several_environments_have_asks_which(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inventory", "show", "c1"]) == 1
    err = capsys.readouterr().err
    assert "c1 means 2 objects: east host c1; west host c1" in err
    assert "--env" in err

    assert "stale_since" in json.loads(run("inventory", "show", "c1", "-e", "west", "-f", "json"))


def test_show_of_nothing_fails_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory", "show", "nobody", "-e", ENV]) == 1

    assert capsys.readouterr().err.startswith("error: east: no object with id or name nobody\nhint")


def test_tree_is_drawn_with_names_below_each_other(run: Any) -> None:
    assert run("inventory", "tree", "-e", ENV).splitlines() == [
        "east (environment)",
        "├── blue (network)",
        "└── c1 (host)",
        "    ├── Instances",
        "    │   ├── db-1 (instance)",
        "    │   ├── web-1 (instance)",
        "    │   │   └── tap1 (vnic)",
        "    │   └── web-2 (instance)",
        "    ├── c1-OVS (vedge)",
        "    └── eth1 (host_pnic)",
    ]


def test_tree_below_one_object_to_a_depth_counts_what_is_left_out(run: Any) -> None:
    assert run("inventory", "tree", "c1", "-e", ENV, "--depth", "1").splitlines() == [
        "c1 (host)",
        "├── Instances  … 3 below",
        "├── c1-OVS (vedge)",
        "└── eth1 (host_pnic)",
    ]


def test_tree_as_json_is_nested(run: Any) -> None:
    tree = json.loads(run("inventory", "tree", "web-1", "-f", "json"))["tree"]

    assert [child["id"] for child in tree[0]["children"]] == ["c1-tap1"]


def test_tree_marks_what_could_not_be_read_again(run: Any) -> None:
    assert "c1 (host)  stale since 2026-01-31T00:00:00Z" in run("inventory", "tree", "-e", "west")


def test_links_name_both_ends_and_filter_by_state_and_object(run: Any) -> None:
    base = ("link", "list", "-f", "value", "-c", "source", "-c", "target", "-c", "state")

    assert run(*base, "--state", "down") == "tap1 c1-OVS down\n"
    assert run(*base, "--object", "eth1").splitlines() == ["eth1 blue up", "c1-OVS eth1 up"]
    assert run(*base, "-t", "instance-vnic") == "web-1 tap1 up\n"
    assert run(*base, "--implicit") == ""


def test_link_pages_together_are_the_whole_list(run: Any) -> None:
    base = ("link", "list", "-f", "value", "-c", "_id", "--limit")
    first = run(*base, "2").splitlines()
    second = run(*base, "0", "--marker", first[-1]).splitlines()

    assert first + second == run(*base, "0").splitlines()


def test_clique_list_counts_links_and_objects(run: Any) -> None:
    assert run("clique", "list", "-e", ENV, "-f", "csv").splitlines() == [
        "focal_point_type,focal_point_id,name,links,objects",
        "instance,i-1,web-1,5,5",
    ]


@pytest.mark.parametrize(
    ("noun", "field"), [("inventory", "parent_id"), ("link", "attributes"), ("clique", "objects")]
)
def test_json_of_a_list_has_whole_documents_unless_columns_are_chosen(
    run: Any, noun: str, field: str
) -> None:
    whole = json.loads(run(noun, "list", "-e", ENV, "-f", "json"))
    chosen = json.loads(run(noun, "list", "-e", ENV, "-f", "json", "-c", "_id"))

    assert all(field in document for document in whole)
    assert chosen == [{"_id": document["_id"]} for document in whole]


def test_clique_is_shown_as_the_shortest_way_to_each_object(run: Any) -> None:
    assert run("clique", "show", "web-1").splitlines() == [
        "instance web-1 on c1",
        "└─[instance-vnic up]─ vnic tap1, down",
        "   ├─[network-vnic unknown]─ network blue",
        "   │  └─[host_pnic-network up]─ host_pnic eth1 on c1 (see elsewhere)",
        "   └─[vnic-vedge down]─ vedge c1-OVS",
        "      └─[vedge-host_pnic up]─ host_pnic eth1",
        "path: instance web-1 -> vnic tap1 -> network blue",
        "age unknown",
        "",
    ]


def test_clique_as_json_has_nodes_and_edges_that_fit(run: Any) -> None:
    clique = json.loads(run("clique", "show", "i-1", "-f", "json"))["cliques"][0]

    keys = {node["data"]["key"] for node in clique["nodes"]}
    assert len(keys) == 5
    assert len(clique["edges"]) == 5
    assert {edge["data"][end] for edge in clique["edges"] for end in ("source", "target")} == keys


def test_a_clique_that_lost_an_object_is_still_shown(run: Any, cloud: InventoryMgr) -> None:
    cloud.collection("inventory").delete_many({"environment": ENV, "id": "c1-OVS"})

    assert "(not in the inventory)" in run("clique", "show", "web-1")


def test_an_object_without_a_clique_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clique", "show", "web-2"]) == 1

    assert "web-2: focal point of no clique: it has no NIC" in capsys.readouterr().err


def test_an_inventory_that_is_not_there_is_an_error_that_names_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for noun in ("inventory", "link", "clique"):
        assert main([noun, "list", "-y", "inventory_dev"]) == 1
        assert capsys.readouterr().err.startswith(
            "error: no inventory inventory_dev\nhint: Did you"
        )


def test_an_inventory_of_another_name_is_another_one(run: Any, inv: InventoryMgr) -> None:
    other = InventoryMgr("inventory_dev", inv.db)
    other.set({"environment": ENV, "type": "host", "id": "d1", "name": "d1"})

    assert names(run("inventory", "list", "-y", "inventory_dev", "-f", "json")) == ["d1"]
    assert run("link", "list", "-y", "inventory_dev", "-f", "json").strip() == "[]"


def test_search_finds_by_part_of_a_name_the_best_first(run: Any) -> None:
    assert names(run("search", "web", "-f", "json", "-c", "name")) == ["web-1", "web-2"]
    assert names(run("search", "i-3", "-f", "json", "-c", "name")) == ["db-1"]
    assert json.loads(run("search", "c1", "-e", "west", "-f", "json"))[0]["age"] == " (stale)"


def test_search_of_nothing_that_is_known_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "no-such-thing"]) == 1
    assert "error: nothing is known by 'no-such-thing'\nhint: " in capsys.readouterr().err


def test_dependents_of_a_nic_a_bridge_and_a_host(run: Any) -> None:
    for word, kind in (("eth1", "host_pnic"), ("c1-OVS", "vedge"), ("tap1", "vnic")):
        rows = json.loads(run("dependents", word, "-t", kind, "-f", "json"))
        assert [row["name"] for row in rows] == ["web-1"], word
    on_host = json.loads(run("dependents", "c1", "-e", ENV, "-t", "host", "-f", "json"))
    assert [row["name"] for row in on_host] == ["db-1", "web-1", "web-2"]


def test_a_graph_has_each_object_once_and_says_what_is_down(run: Any) -> None:
    text = run("graph", "web-1", "--depth", "4")
    assert text.splitlines()[:3] == [
        "web-1 (instance) on c1",
        "└── tap1 (vnic) on c1  [down]",
        "    ├── blue (network)  [unknown]",
    ]
    found = json.loads(run("graph", "web-1", "--depth", "1", "-f", "json"))
    assert {node["data"]["id"] for node in found["nodes"]} == {"i-1", "c1-tap1"}
    drawn = run("graph", "web-1", "-f", "dot")
    assert 'label="vnic\\ntap1\\nc1"' in drawn
    assert '"color"="red3"' in drawn


def change(**more: Any) -> dict[str, Any]:
    base = {"environment": ENV, "scan_id": "s1", "change": "changed", "kind": "object"}
    base |= {"type": "vnic", "id": "c1-tap1", "name": "tap1", "host": "c1", "fields": {}}
    return base | {"time": datetime(2026, 1, 31, tzinfo=UTC)} | more


def test_changes_have_old_and_new_values_by_scan(run: Any, inv: InventoryMgr) -> None:
    fields = {"state": {"old": "up", "new": "down"}, "mtu": {"new": 1500}}
    gone = change(type="instance", id="i-9", name="web-9", change="removed")
    inv.collection("changes").insert_many([change(fields=fields), gone])

    assert run("changes", "--since", "2026-01-01").splitlines() == [
        "2026-01-31T00:00:00Z  scan s1 of east: 1 changed, 1 removed",
        "  instance",
        "    - web-9 on c1",
        "  vnic",
        "    ~ tap1 on c1",
        "        mtu: (none) -> 1500",
        "        state: up -> down",
    ]
    around = json.loads(run("changes", "--around", "web-1", "-f", "json"))
    assert [item["id"] for item in around] == ["c1-tap1"]
    assert json.loads(run("changes", "--since", "1h", "-f", "json")) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("inventory list -t instnce", "no object type instnce\nhint: Did you mean instance?"),
        ("inventory list --host c2", "no host c2\nhint: There are: c1."),
        ("link list -t vnic-vedg", "no link type vnic-vedg\nhint: Did you mean vnic-vedge?"),
        ("link list --state dwn", "no link state dwn\nhint: Did you mean down?"),
        ("clique list -t instnce", "no object type instnce\nhint: Did you mean instance?"),
        ("inventory tree -y inventory_dev", "no inventory inventory_dev\nhint: Did you"),
        ("inventory show web-1 -y inventory_dev", "no inventory inventory_dev\nhint: Did you"),
        ("clique show -t instnce", "no object type instnce\nhint: Did you mean instance?"),
        ("search web -t instnce", "no object type instnce\nhint: Did you mean instance?"),
        ("changes --since 1h -t instnce", "no object type instnce\nhint: Did you mean instance?"),
        ("changes --since 1h --host c2", "no host c2\nhint: There are: c1."),
        ("dependents nothing", "no object with id or name nothing\nhint: calipso search nothing"),
        ("changes --since soon", "--since soon: neither a span nor a time"),
        ("changes --to last", "--to needs --from"),
    ],
)
def test_an_unknown_word_is_an_error_that_names_what_there_is(
    capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    assert main(words.split()) == 1
    assert f"error: {message}" in capsys.readouterr().err


def test_a_clique_is_written_as_a_picture(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "web-1.svg"
    run("clique", "show", "web-1", "--svg", str(file))
    picture = ElementTree.fromstring(file.read_text())

    assert "web-1" in "".join(picture.itertext())
    assert run("clique", "show", "web-1", "--svg", "-").strip() == file.read_text().strip()


@pytest.mark.usefixtures("cloud")
def test_a_picture_that_cannot_be_written_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["clique", "show", "web-1", "--svg", str(tmp_path / "no" / "file.svg")]) == 1

    error = capsys.readouterr().err
    assert "cannot write" in error
    assert "hint:" in error


def test_a_picture_of_several_of_which_one_has_no_clique_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "both.svg"

    assert main(["clique", "show", "web-1", "web-2", "--svg", str(file)]) == 1

    told = capsys.readouterr()
    assert "web-2: focal point of no clique" in told.err
    assert told.out == ""
    assert not file.exists()


@pytest.mark.parametrize(
    "words",
    [
        "inventory list -t vnic --host c1",
        "inventory show web-1 -t instance",
        "link list --host c1",
        "clique list -t instance",
        "clique show web-1 --host c1",
        "search web -t instance",
    ],
)
def test_filters_are_looked_up_only_when_nothing_is_found(
    run: Any, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    looked_up: list[str] = []
    for name in ("known_inventory", "known_types", "known_host", "known_link_type"):
        for module in (selecting, inventory, link, clique, search):

            def note(inv: InventoryMgr, *_: Any, name: str = name) -> InventoryMgr:
                looked_up.append(name)
                return inv

            monkeypatch.setattr(module, name, note, raising=False)

    run(*words.split())

    assert looked_up == []
