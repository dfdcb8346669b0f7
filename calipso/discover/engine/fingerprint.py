"""The fingerprint of what decides links and cliques besides the inventory."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import calipso
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.discover.find_links_metadata import load_link_finders
from calipso.model.environment import Environment
from calipso.stores.inventory.inventory_mgr import InventoryMgr

#: Fields of an environment that finders and clique types ask for.
FIELDS = (
    *("name", "environment_type", "distribution", "distribution_version"),
    *("mechanism_drivers", "type_drivers", "extra_conditions"),
)

#: Code that all finders share.
SHARED = ("topology/**/*.py", "model/types/*.py", "discover/*.py", "discover/cliques/*.py")


def fingerprint(environment: Environment, inv: InventoryMgr) -> str:
    """Return a text that differs when the same inventory may give other links or cliques: other
    finders or code of them, clique types, constraints, or settings of the environment."""
    finders = load_link_finders()
    types, constraints = load_clique_types(inv)
    settings = {name: getattr(environment, name) for name in FIELDS}
    modules = sorted({found.__module__ for found in finders.values()})
    parts = (list(finders), types, constraints, settings, _code(tuple(modules)))
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@cache
def _code(modules: tuple[str, ...]) -> str:
    """Digest of the sources, read once a process: a process runs the code that it has loaded."""
    digest = hashlib.sha256(calipso.__version__.encode())
    for path in _paths(modules):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _paths(modules: tuple[str, ...]) -> Iterator[Path]:
    root = Path(calipso.__file__).parent
    for pattern in SHARED:
        yield from sorted(root.glob(pattern))
    for name in modules:
        if file := getattr(sys.modules.get(name), "__file__", None):
            yield Path(file)
