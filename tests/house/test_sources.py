"""Each source is declared once, and each fetcher declares the sources that it asks."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from calipso.discover.engine.scanners_metadata import load_scanners
from calipso.errors import MetadataError
from calipso.model.environment import SECTIONS, Environment, Section, parse_environment
from calipso.model.queues import Queues
from calipso.model.sources import BY_NAME, SOURCES
from calipso.recording.recorder import Recorder
from calipso.sources.context import ScanContext
from calipso.sources.fetcher import Fetcher
from calipso.sources.registry import access_class
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.names import camel_case
from tests.scan.conftest import ENVIRONMENT

ROOT = Path(__file__).parents[2]
FETCHERS = ROOT / "calipso" / "discover" / "fetchers"
PACKAGE = "calipso.discover.fetchers"


def modules() -> list[Path]:
    """Every module of the fetchers."""
    return sorted(path for path in FETCHERS.rglob("*.py") if path.name != "__init__.py")


def fetcher_modules() -> list[Path]:
    """Those that hold a fetcher."""
    return [path for path in modules() if "_fetch_" in path.stem]


def fetcher(path: Path) -> type[Fetcher]:
    module = import_module(f"{PACKAGE}.{path.parent.name}.{path.stem}")
    found: type[Fetcher] = getattr(module, camel_case(path.stem))
    return found


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    """Calls of a function or method of this name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if getattr(called, "attr", getattr(called, "id", "")) == name:
                yield node


def imported(path: Path) -> set[str]:
    """Modules of the fetchers that this one imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name for name in names if name.startswith(PACKAGE)}


def asked_sources(path: Path, seen: set[Path] | None = None) -> set[str]:
    """Sources that a module asks by name, itself or by the modules of fetchers it imports."""
    seen = set() if seen is None else seen
    if path in seen:
        return set()
    seen.add(path)
    found = {str(ast.literal_eval(call.args[0])) for call in calls(path, "source")}
    for name in imported(path):
        module = import_module(name)
        found |= asked_sources(Path(inspect.getfile(module)), seen)
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_no_fetcher_goes_round_the_layers(path: Path) -> None:
    for name in ("import_module", "load_class", "__import__"):
        assert not list(calls(path, name)), f"{path.name}: {name}: declare `sources` instead"


@pytest.mark.parametrize("path", fetcher_modules(), ids=lambda path: path.stem)
def test_a_fetcher_declares_the_sources_that_it_asks(path: Path) -> None:
    found = fetcher(path)
    declared = {found.source_name, *found.sources}

    assert asked_sources(path) <= declared
    assert declared <= BY_NAME.keys()


@pytest.mark.parametrize("name", ["DbFetchOteps", "DbFetchVedgesOvs"])
def test_a_fetcher_that_asks_hosts_runs_on_the_queue_of_hosts(name: str) -> None:
    assert load_scanners().fetcher_class(name).queue_source() == "cli"


def test_every_part_of_a_source_that_is_declared_exists() -> None:
    queues = {name for name in Queues.model_fields if name != "hosts"}

    assert queues == BY_NAME.keys()
    assert Environment.model_fields["queues"].annotation is Queues
    for source in SOURCES:
        access = access_class(source.name, "nowhere")
        assert issubclass(access, Fetcher)
        assert access.source_name == source.name
        assert issubclass(SECTIONS[source.section], Section)
        steps_module, _, steps = source.steps.partition(":")
        assert inspect.isgeneratorfunction(getattr(import_module(steps_module), steps))
        assert callable(getattr(Recorder, source.name))  # keeps an answer
        assert callable(getattr(Recorder, f"save_{source.name}"))
        guide = import_module(f"{PACKAGE}.{source.name}.{source.name}_access")
        assert getattr(guide, access.__name__) is access  # where the developer guide has it


def test_the_source_of_a_plug_in_is_found_in_its_package(
    inv: InventoryMgr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "plugged" / "snmp"
    folder.mkdir(parents=True)
    for name in (folder.parent, folder):
        (name / "__init__.py").touch()
    (folder / "snmp_access.py").write_text(
        "from calipso.sources.fetcher import Fetcher\n\n\n"
        "class SnmpAccess(Fetcher):\n    source_name = 'snmp'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    environment = parse_environment(ENVIRONMENT | {"name": "e"})
    context = ScanContext(environment, inv, "s", fetchers_package="plugged")

    found = context.source("snmp")

    assert type(found).__name__ == "SnmpAccess"
    assert found.context is context
    assert environment.queues.of("snmp", "h1") == "snmp"  # a queue of its own name
    with pytest.raises(MetadataError, match=r"SnpmAccess.*did you mean SnmpAccess"):
        context.source("snpm")
