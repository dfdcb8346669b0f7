"""The access class of each source, found by its declaration in `calipso.model.sources`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from calipso.model.sources import BY_NAME
from calipso.utils.metadata_parser import load_class


def access_class(name: str, plugins: str) -> type[Any]:
    """The class that asks a source: a declared one, or `<plugins>.<name>.<name>_access`.

    Raises MetadataError with the nearest name for a source that is in neither place.
    """
    if name not in BY_NAME:
        return load_class(f"{name.capitalize()}Access", plugins)
    module, _, found = BY_NAME[name].access.partition(":")
    access: type[Any] = getattr(import_module(module), found)
    return access
