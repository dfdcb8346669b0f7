"""ScannersMetadata: scanners.json, the tree a scan walks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calipso.errors import MetadataError
from calipso.model.environment import Environment
from calipso.sources.fetcher import Fetcher
from calipso.utils.constants import constant_values
from calipso.utils.metadata_parser import MetadataParser, load_class, nearest

ROOT_SCANNER = "ScanEnvironment"
OWN_PACKAGE = "calipso.discover.fetchers"

FETCH_TYPE_KEYS = frozenset(
    {"type", "fetcher", "children_scanner", "environment_condition", "last"}
    | {"object_id_to_use_in_child"}
)
FOLDER_KEYS = frozenset({"folder", "types_name", "parent_type", "text"})


@dataclass(frozen=True)
class FetchType:
    """One entry of a scanner: which fetcher gives objects of which type."""

    scanner: str
    index: int
    type: str
    fetcher: str = ""
    folder: Mapping[str, Any] | None = None
    children_scanner: str = ""
    condition: Mapping[str, Any] = field(default_factory=dict)
    child_id_field: str = "id"
    #: what is below it is scanned after all other levels
    last: bool = False

    @property
    def node(self) -> str:
        """Name of this entry: `ScanHost[2]`."""
        return f"{self.scanner}[{self.index}]"

    def applies_to(self, environment: Environment) -> bool:
        """True when the environment meets the condition of this entry."""
        wanted = {"environment_type": "OpenStack"} | dict(self.condition)
        return all(_meets(_setting(environment, key), value) for key, value in wanted.items())


def _setting(environment: Environment, name: str) -> Any:
    """The value of a condition: the one given for it, else the field of this name; else None."""
    if name in environment.extra_conditions:
        return environment.extra_conditions[name]
    known = name in type(environment).model_fields
    return getattr(environment, name) if known else None


def _meets(actual: Any, wanted: Any) -> bool:
    if actual is None:
        return False
    have = set(actual) if isinstance(actual, list | tuple | set) else {actual}
    need = set(wanted) if isinstance(wanted, list | tuple | set) else {wanted}
    return bool(have & need)


class ScannersMetadata(MetadataParser):
    """The scan tree: scanner name -> its fetch types in file order."""

    file_name = "scanners.json"

    def __init__(self) -> None:
        super().__init__()
        self.package = OWN_PACKAGE
        self.scanners: dict[str, list[FetchType]] = {}

    def get_required_fields(self) -> list[str]:
        """`scanners_package` and `scanners`."""
        return ["scanners_package", "scanners"]

    def validate_metadata(self, metadata: dict[str, Any]) -> None:
        """Check every entry: keys, types, classes, children, conditions, circles."""
        self.package = str(metadata.get("scanners_package", OWN_PACKAGE))
        scanners = metadata.get("scanners", {})
        if not isinstance(scanners, dict):
            self.problem("scanners", scanners, "an object: scanner name -> list of fetch types")
            return
        for name, entries in scanners.items():
            if not isinstance(entries, list):
                self.problem(name, entries, "a list of fetch types")
                continue
            self.scanners[name] = [
                found
                for index, entry in enumerate(entries)
                if (found := self._fetch_type(name, index, entry, scanners)) is not None
            ]
        self._refuse_circles()

    def fetcher_class(self, class_name: str) -> type[Fetcher]:
        """The class of a fetcher: in `scanners_package`, else among our own."""
        try:
            found = load_class(class_name, self.package)
        except MetadataError as error:
            if self.package in (OWN_PACKAGE, "discover.fetchers"):
                raise
            try:
                found = load_class(class_name, OWN_PACKAGE)
            except MetadataError:
                raise error from None
        if not issubclass(found, Fetcher):
            raise MetadataError(self.path, [f"{class_name} does not subclass Fetcher"])
        return found

    def skipped(self, environment: Environment) -> dict[str, list[str]]:
        """Fetchers of the tree whose conditions this environment does not meet, by source."""
        reached, names = [ROOT_SCANNER], set[str]()
        used: dict[bool, set[str]] = {True: set(), False: set()}
        while reached:
            name = reached.pop()
            for entry in self.scanners.get(name, ()) if name not in names else ():
                reached.append(entry.children_scanner)
                if entry.fetcher:
                    used[entry.applies_to(environment)].add(entry.fetcher)
            names.add(name)
        found: dict[str, list[str]] = {}
        for fetcher in sorted(used[False] - used[True]):
            found.setdefault(self.fetcher_class(fetcher).queue_source(), []).append(fetcher)
        return found

    def _fetch_type(
        self, scanner: str, index: int, entry: Any, scanners: Mapping[str, Any]
    ) -> FetchType | None:
        where = f"{scanner}[{index}]"
        if not isinstance(entry, dict):
            self.problem(where, entry, "an object with type and fetcher")
            return None
        entry = {key: value for key, value in entry.items() if key != "_comment"}
        for key in sorted(set(entry) - FETCH_TYPE_KEYS):
            expected = f"one of {', '.join(sorted(FETCH_TYPE_KEYS))}"
            self.problem(f"{where}.{key}", entry[key], expected, nearest(key, FETCH_TYPE_KEYS))
        for key in ("type", "fetcher"):
            if key not in entry:
                self.problem(f"{where}.{key}", "missing", "a value")
        self._check_type(where, entry)
        self._check_children(where, entry, scanners)
        condition = entry.get("environment_condition", {})
        if not isinstance(condition, dict):
            self.problem(f"{where}.environment_condition", condition, "an object")
            condition = {}
        self._check_condition(where, condition)
        if not isinstance(entry.get("last", False), bool):
            self.problem(f"{where}.last", entry["last"], "true or false")
        fetcher = entry.get("fetcher")
        folder = self._folder(where, fetcher) if isinstance(fetcher, dict) else None
        if isinstance(fetcher, str):
            self._check_class(where, fetcher)
        elif not isinstance(fetcher, dict) and "fetcher" in entry:
            self.problem(f"{where}.fetcher", fetcher, "a class name or a folder object")
        return FetchType(
            scanner=scanner,
            index=index,
            type=str(entry.get("type", "")),
            fetcher=fetcher if isinstance(fetcher, str) else "",
            folder=folder,
            children_scanner=str(entry.get("children_scanner", "")),
            condition=condition,
            child_id_field=str(entry.get("object_id_to_use_in_child", "id")),
            last=entry.get("last") is True,
        )

    def _check_type(self, where: str, entry: Mapping[str, Any]) -> None:
        known = constant_values("scan_object_types")
        value = entry.get("type")
        if "type" in entry and value not in known:
            self.problem(
                f"{where}.type",
                value,
                "an object type of constants.json (scan_object_types)",
                nearest(str(value), known),
            )

    def _check_children(
        self, where: str, entry: Mapping[str, Any], scanners: Mapping[str, Any]
    ) -> None:
        child = entry.get("children_scanner")
        if child is not None and child not in scanners:
            self.problem(
                f"{where}.children_scanner",
                child,
                "a scanner of this file",
                nearest(str(child), scanners),
            )

    def _check_condition(self, where: str, condition: Mapping[str, Any]) -> None:
        known = [name for name in Environment.model_fields if name != "configuration"]
        for key in condition:
            near = nearest(key, known)
            if near and key not in known:
                self.problem(f"{where}.environment_condition.{key}", condition[key], "a key", near)

    def _folder(self, where: str, fetcher: Mapping[str, Any]) -> dict[str, Any]:
        for key in sorted(set(fetcher) - FOLDER_KEYS):
            expected = f"one of {', '.join(sorted(FOLDER_KEYS))}"
            near = nearest(key, FOLDER_KEYS)
            self.problem(f"{where}.fetcher.{key}", fetcher[key], expected, near)
        if fetcher.get("folder") is not True:
            self.problem(f"{where}.fetcher.folder", fetcher.get("folder"), "true")
        for key in ("types_name", "parent_type"):
            if not fetcher.get(key):
                self.problem(f"{where}.fetcher.{key}", fetcher.get(key), "a name")
        return dict(fetcher)

    def _check_class(self, where: str, class_name: str) -> None:
        try:
            self.fetcher_class(class_name)
        except MetadataError as error:
            for text in error.problems:
                self.problems.append(f"{self.path}: {where}.fetcher: {text}")

    def _refuse_circles(self) -> None:
        done: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                circle = " -> ".join((*path[path.index(name) :], name))
                self.problem(name, circle, "a tree: this scanner is its own descendant")
                return
            if name in done:
                return
            for fetch_type in self.scanners.get(name, ()):
                if fetch_type.children_scanner:
                    visit(fetch_type.children_scanner, (*path, name))
            done.add(name)

        for name in self.scanners:
            visit(name, ())


def load_scanners(file_path: str | None = None) -> ScannersMetadata:
    """The scan tree in force. Raises MetadataError listing all that is wrong in the file."""
    metadata = ScannersMetadata()
    metadata.parse_metadata_file(file_path)
    return metadata
