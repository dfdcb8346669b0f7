"""Each source is declared once, and each fetcher declares the sources that it asks."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from calipso.discover.engine.scanners_metadata import load_scanners
from calipso.model.environment import Environment
from calipso.model.queues import Queues
from calipso.model.sources import BY_NAME, SOURCES
from calipso.sources.fetcher import Fetcher
from calipso.sources.registry import access_class
from calipso.utils.names import camel_case

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


def test_every_source_has_a_queue_a_section_and_an_access_class() -> None:
    queues = {name for name in Queues.model_fields if name != "hosts"}

    assert queues == BY_NAME.keys()
    assert Environment.model_fields["queues"].annotation is Queues
    for source in SOURCES:
        access = access_class(source.name, "nowhere")
        assert issubclass(access, Fetcher)
        assert access.source_name == source.name
        guide = import_module(f"{PACKAGE}.{source.name}.{source.name}_access")
        assert getattr(guide, access.__name__) is access  # where the developer guide has it
