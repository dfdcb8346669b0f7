"""Guard tests: configuration, code, cases and documents say the same."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from functools import cache
from pathlib import Path

import pytest

from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.discover.engine.scanners_metadata import ROOT_SCANNER, FetchType, load_scanners
from calipso.discover.find_links import FindLinks
from calipso.discover.find_links_metadata import load_link_finders
from calipso.settings import Settings
from calipso.sources.fetcher import Fetcher
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.constants import constant_values
from calipso.utils.names import snake_case
from tests.house.setup_config import files_read, folders_elsewhere

ROOT = Path(__file__).resolve().parents[2]
TOPS = ("calipso", "workers", "monitoring")
FETCHERS = ROOT / "calipso" / "discover" / "fetchers"
FINDERS = ROOT / "calipso" / "discover" / "link_finders"

#: Fetchers that no scan tree names, and who uses them.
USED_ELSEWHERE = {
    "ApiFetchNetwork": "reads one network; for events",
    "ApiFetchPort": "reads one port; for events",
    "DbFetchInstances": "called by ApiFetchHostInstances",
    "FolderFetcher": "called by the scanner for folder entries",
}


def plugins(folder: Path, base: type) -> dict[str, Path]:
    """Classes that the files of a folder define, whatever they are named."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for item in vars(importlib.import_module(module)).values():
            if isinstance(item, type) and issubclass(item, base) and item.__module__ == module:
                found[item.__name__] = path
    return found


FETCHER_CLASSES = plugins(FETCHERS, Fetcher)
FINDER_CLASSES = plugins(FINDERS, FindLinks)


@cache
def tracked() -> list[Path]:
    """Files of the repository, with those that are new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file()]


def test_every_configuration_file_names_what_exists():
    assert load_scanners().scanners
    assert load_link_finders()


def test_clique_types_and_constants_agree(inv: InventoryMgr):
    types, constraints = load_clique_types(inv)

    assert {item["focal_point_type"] for item in types} <= set(constant_values("object_types"))
    assert {name for item in constraints for name in item["constraints"]} <= set(
        constant_values("constraints")
    )


def test_there_are_plugins_to_guard():
    fetchers = sorted(FETCHERS.rglob("*_fetch_*.py"))
    finders = sorted(FINDERS.rglob("find_*.py"))

    assert len(fetchers) > 20
    assert len(finders) >= 7
    assert fetchers == sorted(
        path for name, path in FETCHER_CLASSES.items() if name != "FolderFetcher"
    )
    assert finders == sorted(FINDER_CLASSES.values())


@pytest.mark.parametrize("name", FETCHER_CLASSES)
def test_each_fetcher_has_a_line_in_scanners_json_or_is_used_elsewhere(name: str):
    named = {entry.fetcher for entries in load_scanners().scanners.values() for entry in entries}

    assert (name in named) != (name in USED_ELSEWHERE)


def unreached(scanners: Mapping[str, Iterable[FetchType]]) -> set[str]:
    """Scanners that the root does not lead to."""
    reached, waiting = set[str](), [ROOT_SCANNER]
    while waiting:
        name = waiting.pop()
        if name and name not in reached:
            reached.add(name)
            waiting += [entry.children_scanner for entry in scanners.get(name, ())]
    return set(scanners) - reached


def test_each_scanner_is_reached_from_the_root():
    scanners = load_scanners().scanners

    assert unreached(scanners) == set()
    assert unreached({**scanners, "ScanNobody": []}) == {"ScanNobody"}


def test_what_is_used_elsewhere_exists():
    assert USED_ELSEWHERE.keys() <= FETCHER_CLASSES.keys()


@pytest.mark.parametrize("name", sorted(FETCHER_CLASSES.keys() - {"FolderFetcher"}))
def test_each_fetcher_has_a_case(name: str):
    folder = ROOT / "tests" / "fetch" / FETCHER_CLASSES[name].stem

    assert list(folder.glob("*/case.json")), f"no case in {folder.relative_to(ROOT)}"


@pytest.mark.parametrize("name", FINDER_CLASSES)
def test_each_link_finder_has_a_line_and_a_case(name: str):
    folder = ROOT / "tests" / "link_finders" / FINDER_CLASSES[name].stem

    assert name in load_link_finders()
    assert list(folder.glob("*/case.json")), f"no case in {folder.relative_to(ROOT)}"


@pytest.mark.parametrize("name", [*FETCHER_CLASSES, *FINDER_CLASSES])
def test_class_names_and_file_names_are_one_translation(name: str):
    path = FETCHER_CLASSES.get(name) or FINDER_CLASSES[name]

    assert snake_case(name) == path.stem


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_each_setting_is_documented(setting: str):
    page = (ROOT / "docs" / "settings.md").read_text()

    assert f"| `CALIPSO_{setting.upper()}` |" in page


def test_files_stay_short():
    long = {name: lines for name, lines in product_files().items() if lines > 330}

    assert long == {}


def product_files() -> dict[str, int]:
    """Lines of each Python file of the product, by its path."""
    ours = [path for path in tracked() if path.suffix == ".py" and _is_product(path)]
    return {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in ours}


def test_no_file_of_the_product_escapes_the_guards():
    """Two files of one name are two files; the folders are read, not only what git knows."""
    walked = {
        str(path.relative_to(ROOT))
        for top in TOPS
        for path in (ROOT / top).rglob("*.py")
        if "__pycache__" not in path.parts
    }

    assert product_files().keys() == walked


def test_functions_stay_short():
    long = {}
    for path in tracked():
        if path.suffix != ".py" or not _is_product(path):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1  # options are no lines
                if lines > 45:
                    long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = lines

    assert long == {}


def test_a_name_for_a_plain_dict_has_one_home():
    """`Document = dict[str, Any]` once, in calipso/model/documents.py; others import it."""
    homes: dict[str, list[str]] = {}
    for path in tracked():
        if path.suffix == ".py" and _is_product(path):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.value) == "dict[str, Any]":
                    name = ast.unparse(node.targets[0])
                    homes.setdefault(name, []).append(str(path.relative_to(ROOT)))

    assert homes["Document"] == ["calipso/model/documents.py"]
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_setup_lists_every_package():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())

    folders = {path.parent for top in TOPS for path in (ROOT / top).rglob("__init__.py")}
    names = {str(folder.relative_to(ROOT)).replace("/", ".") for folder in folders}
    sample = {path.parent for path in (ROOT / "tests" / "sample_cloud").rglob("__init__.py")}
    names |= {
        f"calipso.{folder.relative_to(ROOT / 'tests')}".replace("/", ".") for folder in sample
    }

    assert listed == names | {"calipso.config"}


def test_the_sample_cloud_imports_nothing_by_the_name_of_its_folder():
    """It is installed as `calipso.sample_cloud`; there is no `tests` then."""
    folder = ROOT / "tests" / "sample_cloud"
    named = re.compile(r"^\s*(?:from|import) tests\b", flags=re.MULTILINE)

    assert [path.name for path in folder.rglob("*.py") if named.search(path.read_text())] == []


def test_what_is_installed_holds_the_configuration_files(tmp_path: Path):
    """Built from a copy: a build leaves files beside its sources."""
    source, built = tmp_path / "source", tmp_path / "built"
    for name in (*TOPS, *folders_elsewhere(ROOT / "setup.cfg")):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", *files_read(ROOT / "setup.cfg")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    setup = [sys.executable, "-c", "import setuptools; setuptools.setup()"]

    subprocess.run(
        [*setup, "-q", "build", "--build-lib", str(built)],
        cwd=source,
        check=True,
        capture_output=True,
    )

    held = {str(path.relative_to(built)) for path in built.rglob("*")}
    assert {f"calipso/config/{path.name}" for path in (ROOT / "config").iterdir()} <= held
    assert {"celeryconfig.py", "workers/tasks/scan.py", "calipso/cli/main.py"} <= held
    assert "calipso/sample_cloud/generate/schema.json" in held
    tops = {name.partition("/")[0] for name in held}
    assert tops == {"calipso", "celeryconfig.py", "monitoring", "workers"}


def test_no_file_names_a_place_on_somebodys_machine():
    words = ("/wo" + "rk/", "/root" + "/", "/home" + "/")
    found = {
        name
        for name, text in texts_of_the_repository().items()
        if any(word in text for word in words)
    }

    assert {name for name in found if not name.startswith("tests/")} == set()


def texts_of_the_repository() -> dict[str, str]:
    """Every file that is text, whatever its name ends in."""
    found = {}
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data:
            found[path.relative_to(ROOT).as_posix()] = data.decode("utf-8", "replace")
    return found


def _is_product(path: Path) -> bool:
    return path.relative_to(ROOT).parts[0] in ("calipso", "workers", "monitoring")
