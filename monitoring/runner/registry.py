"""Registry: which check judges which type, from monitoring_checks.json.

Besides it, files named `*_monitoring_checks.json` in the own configuration directory add checks of
a package of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from calipso.settings import settings
from calipso.utils.metadata_parser import MetadataParser, find_config
from monitoring.checks.base import Evaluate, Facts

OWN_PACKAGE = "monitoring.checks"
FACTS = ("host", "api")
#: Fields that every check may read.
ALWAYS = ("type", "id", "name", "object_name", "host")


Counters = Callable[[list[Any], Facts], dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Check:
    """One check: its type, its function, the fields it reads, and where its facts come from."""

    type: str
    module: str
    evaluate: Evaluate
    fields: tuple[str, ...]
    facts: str
    #: What the next round compares: `counters(items, facts)`.
    counters: Counters | None = None

    @property
    def of_link(self) -> bool:
        """True for the check of a link type."""
        return "-" in self.type


class ChecksMetadata(MetadataParser):
    """One file: `checks`, a list of `type`, `check` (module), `facts`; `package`, if not ours."""

    file_name = "monitoring_checks.json"

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[Check] = []

    def get_required_fields(self) -> list[str]:
        """`checks`."""
        return ["checks"]

    def validate_metadata(self, metadata: dict[str, Any]) -> None:
        """Each check exists and has `evaluate` and `FIELDS`."""
        package = str(metadata.get("package", OWN_PACKAGE))
        listed = metadata.get("checks", [])
        if not isinstance(listed, list):
            self.problem("checks", listed, "a list of objects")
            return
        for index, entry in enumerate(listed):
            where = f"checks[{index}]"
            if not isinstance(entry, dict) or not {"type", "check"} <= entry.keys():
                self.problem(where, entry, "an object with type and check")
            elif entry.get("facts", "host") not in FACTS:
                self.problem(f"{where}.facts", entry["facts"], "host or api")
            else:
                self._load_check(where, package, entry)

    def _load_check(self, where: str, package: str, entry: Mapping[str, Any]) -> None:
        try:
            module = import_module(f"{package}.{entry['check']}")
        except ImportError as error:
            self.problem(f"{where}.check", entry["check"], f"a module of {package} ({error})")
            return
        evaluate, fields = getattr(module, "evaluate", None), getattr(module, "FIELDS", None)
        if not callable(evaluate) or not isinstance(fields, tuple):
            self.problem(f"{where}.check", entry["check"], "a module with evaluate and FIELDS")
            return
        facts = str(entry.get("facts", "host"))
        counters = getattr(module, "counters", None)
        kind = str(entry["type"])
        self.checks.append(Check(kind, module.__name__, evaluate, fields, facts, counters))


def load_checks() -> dict[str, Check]:
    """Return the checks in force by type. Raises MetadataError."""
    paths = [find_config(ChecksMetadata.file_name)]
    own = settings().config_dir
    if own is not None:
        paths += sorted(Path(own).glob("*_monitoring_checks.json"))
    return _read(tuple((path, path.stat().st_mtime) for path in paths))


@lru_cache(maxsize=4)
def _read(paths: tuple[tuple[Path, float], ...]) -> dict[str, Check]:
    found: dict[str, Check] = {}
    for path, _ in paths:
        metadata = ChecksMetadata()
        metadata.parse_metadata_file(path)
        found |= {check.type: check for check in metadata.checks}
    return found
