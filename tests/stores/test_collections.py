"""The table of collections: nothing is stored outside of it, and everything is derived from it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.errors import ConfigError
from calipso.model.collection_spec import Backup, Scope
from calipso.model.collections import (
    COLLECTIONS,
    RESERVED,
    TAKEN,
    of_inventories,
    spec_of,
    stored_name,
)
from calipso.model.inventory import check_inventory_name
from calipso.model.scan import ScanRequest
from calipso.settings import Settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scratch import new_scratch, remove_scratch
from tests.environments.conftest import openstack_document
from tests.sample_cloud.running import running_cloud

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("calipso", "workers", "monitoring")

#: What is subscripted with the name of a collection.
DATABASES = {"db", "_db", "database", "_database"}
#: Methods whose first argument is the name of a collection.
METHODS = {
    "collection",
    "collection_name",
    "find_all",
    "bulk",
    "update_by_keys",
    "delete_by_keys",
}


def names_in(text: str) -> set[str]:
    """Names of collections that a module uses."""
    tree = ast.parse(text)
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = {constants["COLLECTION"]} if "COLLECTION" in constants else set()
    for node in ast.walk(tree):
        found |= {*_named_by_class(node)}
        for key in _keys(node):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                found.add(key.value)
            elif isinstance(key, ast.Name) and key.id in constants:
                found.add(constants[key.id])
    return found


def _keys(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Subscript) and _last(node.value) in DATABASES:
        yield node.slice
    if isinstance(node, ast.Call) and _last(node.func) in METHODS and node.args:
        yield node.args[0]


def _named_by_class(node: ast.AST) -> Iterator[str]:
    """`NAME` of a store."""
    for item in node.body if isinstance(node, ast.ClassDef) else []:
        if isinstance(item, ast.Assign) and _last(item.targets[0]) == "NAME":
            yield ast.literal_eval(item.value)


def _last(node: ast.expr) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


def test_each_collection_that_the_code_names_is_in_the_table() -> None:
    used: dict[str, str] = {}
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "stores" in path.parts or "calipso.stores" in text:
            used |= dict.fromkeys(names_in(text), path.name)

    assert len(used.keys() & COLLECTIONS.keys()) > 15
    assert {name: at for name, at in used.items() if name not in COLLECTIONS} == {}


def test_the_guard_finds_a_name_however_it_is_given() -> None:
    code = (
        'COLLECTION = "one"\nclass S(Store):\n    NAME = "two"\n'
        'WHERE = "three"\nself.db[WHERE].find({})\ndatabase["four"]\n'
        'self.inv.collection("five")\nMongoAccess().db["six"]\n'
    )

    assert names_in(code) == {"one", "two", "three", "four", "five", "six"}


def test_each_row_of_the_table_is_used() -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in paths if path.name != "collections.py"]
    unused = {name for name in COLLECTIONS if not any(f'"{name}"' in text for text in texts)}

    assert unused == set()


@pytest.mark.parametrize("name", sorted(TAKEN))
@pytest.mark.parametrize("form", ["{}", "{}_dev", "RDO_{}"])
def test_no_inventory_may_be_named_like_a_collection(name: str, form: str) -> None:
    with pytest.raises(ConfigError, match="belongs to the collection"):
        check_inventory_name(form.format(name))


def test_every_collection_but_the_inventory_itself_is_taken() -> None:
    assert COLLECTIONS.keys() - {"inventory"} | RESERVED == TAKEN
    assert check_inventory_name("inventory_dev") == "inventory_dev"


def test_a_scan_stores_in_nothing_else(inv: InventoryMgr) -> None:
    with running_cloud(hosts=2, instances=2, networks=1) as cloud:
        EnvironmentStore().add(cloud.environment)
        run_local(ScanRequest(environment=cloud.environment["name"], inventory="RDO"))

    names = inv.db.list_collection_names()
    assert "RDO_links" in names
    assert {name for name in names if spec_of(name, names) is None} == set()


@pytest.mark.parametrize("inventory", ["inventory", "inventory_dev", "RDO"])
def test_the_name_in_the_database_shows_which_collection_it_is(inventory: str) -> None:
    names = {name: stored_name(inventory, name) for name in COLLECTIONS}

    assert len(set(names.values())) == len(names)
    for name, stored in names.items():
        assert spec_of(stored, list(names.values())) is COLLECTIONS[name]


def test_collections_of_others_are_not_ours() -> None:
    assert spec_of("accounts", ["accounts", "orders"]) is None


@pytest.mark.parametrize("name", [name for name, spec in COLLECTIONS.items() if spec.retention])
def test_retention_names_a_setting(name: str) -> None:
    spec = COLLECTIONS[name]

    assert spec.retention
    assert spec.retention.setting in Settings.model_fields
    assert any(index.fields[0] == spec.retention.field for index in spec.indexes) or (
        spec.scope is Scope.INSTALLATION  # few documents
    )


@pytest.mark.parametrize("field", ["environment", "scan_id"])
def test_what_goes_with_an_environment_goes_from_every_collection_of_the_table(
    inv: InventoryMgr, field: str
) -> None:
    EnvironmentStore().add(openstack_document(name="prod"))
    EnvironmentStore().add(openstack_document(name="other"))
    places = {
        stored_name(inventory, name): name
        for inventory in ("inventory", "inventory_dev", "RDO")
        for name, spec in COLLECTIONS.items()
        if spec.removed_by
    }
    for stored, name in places.items():
        inv.db[stored].insert_many([document(name, env) for env in ("prod", "other")])
    goes = {name for name, spec in COLLECTIONS.items() if spec.removed_by == field}
    assert goes

    EnvironmentStore().remove("prod", with_data=True)

    for stored, name in places.items():
        if name in goes:
            left = inv.db[stored].distinct(field)
            assert left == (["other"] if field == "environment" else ["scan of other"]), stored


def document(name: str, environment: str) -> dict[str, Any]:
    """One of any collection; unique in all that an index looks at."""
    fields = {field for index in COLLECTIONS[name].indexes for field in index.fields}
    scan = f"scan of {environment}"
    ids = {"_id": scan, "environment": environment, "scan_id": scan, "status": "completed"}
    return dict.fromkeys(fields, environment) | ids


def test_only_a_scratch_inventory_is_removed_as_one(inv: InventoryMgr) -> None:
    inv.collection("links").insert_one({"environment": "prod"})
    scratch = new_scratch()
    scratch.ensure_indexes()

    remove_scratch(scratch)
    with pytest.raises(ValueError, match="inventory is not a scratch inventory"):
        remove_scratch(inv)

    assert inv.collection("links").count_documents({}) == 1
    names = inv.db.list_collection_names()
    assert [name for name in names if name.startswith("recording_")] == []


def test_dropping_an_inventory_drops_what_is_its_own(inv: InventoryMgr) -> None:
    dev = InventoryMgr("inventory_dev")
    dev.ensure_indexes()
    inv.db["scans"].insert_one({"_id": "1", "environment": "prod"})

    dev.drop()

    names = inv.db.list_collection_names()
    assert [name for name in names if name.endswith("_dev")] == []
    assert {*of_inventories()} <= set(names)
    assert inv.db["scans"].count_documents({}) == 1


def test_docs_say_of_each_collection_whether_a_backup_holds_it() -> None:
    text = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    section = text[text.index("## Backup") : text.index("## Upgrade")]
    rows = re.findall(r"^\| (`.*`) \| (\w+)", section, re.MULTILINE)
    told = {name: word for names, word in rows for name in re.findall(r"`(\w+)`", names)}
    excluded = set(re.findall(r"--excludeCollection=(\w+)", section))

    assert told == {name: spec.backup.value for name, spec in COLLECTIONS.items()}
    assert excluded == {n for n, spec in COLLECTIONS.items() if spec.backup is Backup.NEVER}
