"""Which environment the ends of a path are in, when nobody said it."""

from __future__ import annotations

from calipso.analysis.path.finding_ends import INTERNET, find_end
from calipso.analysis.path.store_world import StoreWorld
from calipso.errors import ConfigError, NotFound
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr


def environment_of(inv: InventoryMgr, given: str | None, *words: str) -> str:
    """The environment that is given, or the only one that knows the first of the words.

    Raises NotFound when none does, ConfigError when several do.
    """
    if given is not None:
        return str(EnvironmentStore().get(given).name)
    names = sorted(EnvironmentStore().names())
    word = next((word for word in words if word.lower() != INTERNET), words[0])
    known = names if len(names) == 1 else [name for name in names if _knows(inv, name, word)]
    if not known:
        raise NotFound(f"no environment has {word}", hint=f"calipso search {word!r}")
    if len(known) > 1:
        raise ConfigError(
            f"{word} is in {len(known)} environments: {', '.join(known[:5])}",
            hint="Choose one with --env.",
        )
    return known[0]


def _knows(inv: InventoryMgr, environment: str, word: str) -> bool:
    try:
        return not find_end(StoreWorld(inv, environment), word).outside
    except NotFound:
        return False
    except ConfigError:  # it means several things there
        return True
