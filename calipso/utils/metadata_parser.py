"""MetadataParser: reads, checks and loads the JSON files of `config/`.

It looks for a file in `CALIPSO_CONFIG_DIR`, `/etc/calipso`, the packaged copy and the checkout's
`config/`. It reports all problems of a file at once, each with file, key, value, expected value and
the nearest valid name.
"""

from __future__ import annotations

import difflib
import importlib
import json
import pkgutil
import re
import sys
from abc import ABC, abstractmethod
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from calipso.errors import MetadataError
from calipso.settings import settings
from calipso.utils.names import camel_case, snake_case

SYSTEM_CONFIG = Path("/etc/calipso")

_STRING = re.compile(r'("(?:[^"\\]|\\.)*")')
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


def config_directories() -> list[Path]:
    """Return the directories of metadata files; the first that has a file wins."""
    import calipso

    package = Path(calipso.__file__).parent
    given = settings().config_dir
    places = [given] if given else []
    return [*places, SYSTEM_CONFIG, package / "config", package.parent / "config"]


def find_config(name: str) -> Path:
    """Return the path of a metadata file. Raises MetadataError, which lists the directories."""
    places = config_directories()
    for place in places:
        if (place / name).is_file():
            return place / name
    looked = ", ".join(str(place) for place in places)
    raise MetadataError(
        name, [f"{name}: not found in {looked}"], hint="Set CALIPSO_CONFIG_DIR to its directory."
    )


def nearest(value: str, names: Any) -> str:
    """Return `; did you mean X?`, or an empty text when no name is near."""
    close = difflib.get_close_matches(str(value), [str(name) for name in names], n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def resolve_package(package: str) -> ModuleType:
    """Import a package named in a file; `discover.events` is short for `calipso.discover.events`.

    Raises ImportError.
    """
    first = package.partition(".")[0]
    # another name of our own package must not make a second copy of its modules
    if getattr(sys.modules.get(first), "__name__", "") == f"calipso.{first}":
        package = f"calipso.{package}"
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or not (package + ".").startswith(error.name + "."):
            raise
    return importlib.import_module(f"calipso.{package}")


@lru_cache(maxsize=512)
def load_class(class_name: str, package: str) -> type[Any]:
    """Return the class of a plug-in: `CliFetchHostPnics` is in
    `<package>.cli.cli_fetch_host_pnics`.

    The first word names the folder if the package has a folder of that name; otherwise the module
    is in the package itself. Raises MetadataError with the nearest existing name.
    """
    module_name = snake_case(class_name)
    try:
        home = resolve_package(package)
    except ImportError as error:
        raise MetadataError(package, [f"package {package}: cannot be imported: {error}"]) from error
    module = _plugin_module(home, module_name)
    if module is None:
        near = nearest(class_name, plugin_classes(home))
        raise MetadataError(package, [f"no class {class_name} in {home.__name__}{near}"])
    # acronyms are spelt in two ways: DbFetchAZNetworkHosts is DbFetchAzNetworkHosts
    same = {name.lower(): name for name in vars(module)}.get(class_name.lower(), class_name)
    found = getattr(module, same, None)
    if not isinstance(found, type):
        raise MetadataError(
            package, [f"{module.__name__} has no class {class_name}; the file must hold it"]
        )
    return found


def _plugin_module(home: ModuleType, module_name: str) -> ModuleType | None:
    folder = module_name.partition("_")[0]
    for name in (f"{home.__name__}.{folder}.{module_name}", f"{home.__name__}.{module_name}"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name + ".").startswith(error.name + "."):
                raise MetadataError(
                    home.__name__, [f"{name}: needs the module {error.name}, which is missing"]
                ) from error
    return None


def plugin_classes(home: ModuleType) -> list[str]:
    """Return the class names of a package, derived from its file names. It imports nothing."""
    modules = pkgutil.walk_packages(home.__path__, f"{home.__name__}.")
    return [camel_case(info.name.rpartition(".")[2]) for info in modules if not info.ispkg]


def without_trailing_commas(text: str) -> str:
    """Return JSON text without commas before closing brackets, which people often write."""
    parts = _STRING.split(text)
    parts[::2] = [_TRAILING_COMMA.sub(r"\1", part) for part in parts[::2]]
    return "".join(parts)


class MetadataParser(ABC):
    """Base of the parsers: loads a file, checks the required keys, then calls
    `validate_metadata`.
    """

    #: Name of the file below a configuration directory.
    file_name: str = ""

    def __init__(self) -> None:
        self.path = self.file_name
        self.problems: list[str] = []

    @abstractmethod
    def get_required_fields(self) -> list[str]:
        """Top-level keys the file must have."""

    def parse_metadata_file(self, file_path: str | Path | None = None) -> dict[str, Any]:
        """Return the checked content. Raises MetadataError, which lists every problem."""
        path = Path(file_path) if file_path else find_config(self.file_name)
        self.path, self.problems = str(path), []
        metadata = self._load(path)
        for field in self.get_required_fields():
            if field not in metadata:
                self.problem(field, "missing", "a value", nearest(field, metadata))
        self.validate_metadata(metadata)
        if self.problems:
            raise MetadataError(self.path, self.problems)
        return metadata

    def validate_metadata(self, metadata: dict[str, Any]) -> None:  # noqa: B027 - may stay empty
        """Check more than the required keys: call `problem` for each fault."""

    def problem(self, key: str, value: Any, expected: str, near: str = "") -> None:
        """Note one problem: the key, its value, and the expected value."""
        self.problems.append(f"{self.path}: {key}: {value!r}: expected {expected}{near}")

    def _load(self, path: Path) -> dict[str, Any]:
        if path.suffix != ".json":
            raise MetadataError(str(path), [f"{path}: expected a .json file"])
        try:
            metadata = json.loads(without_trailing_commas(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise MetadataError(str(path), [f"{path}: {error.strerror}"]) from error
        except ValueError as error:
            raise MetadataError(str(path), [f"{path}: not valid JSON: {error}"]) from error
        if not isinstance(metadata, dict):
            raise MetadataError(str(path), [f"{path}: expected an object at the top"])
        return metadata
