"""The drift rules in force: drift_rules.json, and files named `*_drift_rules.json`.

The files are read as those of link finders are: package, base class, class names. A file of its
own in the own configuration directory adds rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calipso.errors import MetadataError
from calipso.settings import settings
from calipso.topology.drift.drift_rule import DriftRule
from calipso.utils.metadata_parser import MetadataParser, find_config, load_class

OWN_PACKAGE = "calipso.topology.drift"


class DriftRulesMetadata(MetadataParser):
    """One file: package, base class, rule classes."""

    file_name = "drift_rules.json"

    def __init__(self) -> None:
        super().__init__()
        self.rules: list[type[DriftRule]] = []

    def get_required_fields(self) -> list[str]:
        """`rules_package` and `drift_rules`."""
        return ["rules_package", "drift_rules"]

    def validate_metadata(self, metadata: dict[str, Any]) -> None:
        """Each rule exists once, subclasses DriftRule, and says what it must."""
        package = str(metadata.get("rules_package", OWN_PACKAGE))
        names = metadata.get("drift_rules", [])
        if not isinstance(names, list):
            self.problem("drift_rules", names, "a list of class names")
            return
        for index, name in enumerate(names):
            where = f"drift_rules[{index}]"
            if names.index(name) != index:
                self.problem(where, name, "each rule once")
                continue
            try:
                found = load_class(str(name), package)
            except MetadataError as error:
                self.problems += [f"{self.path}: {where}: {text}" for text in error.problems]
                continue
            if not issubclass(found, DriftRule):
                self.problem(where, name, "a subclass of DriftRule")
            elif not all(hasattr(found, part) for part in ("severity", "sentence", "remedy")):
                self.problem(where, name, "a rule with severity, sentence and remedy")
            else:
                self.rules.append(found)


def load_drift_rules() -> dict[str, type[DriftRule]]:
    """Rule classes in force by code, in the order of the files. Raises MetadataError."""
    paths = [find_config(DriftRulesMetadata.file_name)]
    own = settings().config_dir
    if own is not None:
        paths += sorted(Path(own).glob("*_drift_rules.json"))
    rules: dict[str, type[DriftRule]] = {}
    for path in paths:
        metadata = DriftRulesMetadata()
        metadata.parse_metadata_file(path)
        for found in metadata.rules:
            rules.setdefault(found.code(), found)
    return rules


def described(rules: Mapping[str, type[DriftRule]]) -> list[dict[str, Any]]:
    """The rules as rows: code, severity, sentence, remedy."""
    return [
        {
            "rule": code,
            "severity": rule.severity.value,
            "sentence": rule.sentence,
            "remedy": rule.remedy,
            "rests_on": list(rule.problems),
        }
        for code, rule in rules.items()
    ]
