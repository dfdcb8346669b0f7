"""Shapes of JSON: which keys there are below which, and what types their values have."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET  # what our own servers made
from collections.abc import Iterable
from typing import Any

from calipso.recording.recorder import CREDENTIAL

Shape = dict[str, set[str]]  # path of keys -> types of the values there

#: Maps whose keys are data: names of networks, hosts and bridges.
FREE = re.compile(
    r"(^|/)(addresses|hosts|metadata|bridge_mappings|interface_mappings|bound_drivers|"
    r"resource_provider_hypervisors|resource_provider_bandwidths|binding:profile|links)$"
)


def shape(values: Iterable[Any]) -> Shape:
    """The shape of all values together; lists count as their items, null says nothing."""
    found: Shape = {}
    for value in values:
        _add(found, "", value)
    return found


def _add(found: Shape, path: str, value: Any) -> None:
    if isinstance(value, str) and value[:1] == "{" and value[-1:] == "}":
        value = json.loads(value)
    if isinstance(value, dict):
        free = FREE.search(path)
        for key, below in value.items():
            if not CREDENTIAL.search(key):
                _add(found, f"{path}/{'*' if free else key}", below)
    elif isinstance(value, list):
        for item in value:
            _add(found, path, item)
    types = found.setdefault(path, set())
    if value is not None:
        types.add(_type(value))


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def differences(generated: Shape, recorded: Shape) -> list[str]:
    """What is only in one, or of another type, as lines to read."""
    lines = [f"only generated: {path}" for path in _only_in(generated, recorded)]
    lines += [f"only recorded: {path}" for path in _only_in(recorded, generated)]
    for path in sorted(set(generated) & set(recorded)):
        ours, theirs = generated[path], recorded[path]
        if ours and theirs and not ours & theirs:
            lines.append(f"{path}: generated {sorted(ours)}, recorded {sorted(theirs)}")
    return lines


def _only_in(one: Shape, other: Shape) -> list[str]:
    """Paths of the first; not those below a map that is empty in the other."""
    return [
        path
        for path in sorted(set(one) - set(other))
        if "/*" not in path or f"{path.partition('/*')[0]}/*" in other
    ]


def xml_paths(text: str) -> set[str]:
    """Paths of elements and attributes of a document."""
    paths: set[str] = set()

    def walk(element: ET.Element, path: str) -> None:
        here = f"{path}/{element.tag.rpartition('}')[2]}"
        paths.add(here)
        paths.update(f"{here}@{name}" for name in element.attrib)
        for child in element:
            walk(child, here)

    walk(ET.fromstring(text), "")
    return paths
