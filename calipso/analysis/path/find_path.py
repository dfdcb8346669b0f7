"""`find_path`: the one entry for command line, API and whoever else asks for a path."""

from __future__ import annotations

from calipso.analysis.path.finding_ends import find_end
from calipso.analysis.path.store_world import StoreWorld
from calipso.errors import ConfigError
from calipso.model.answer import Answer
from calipso.model.path import PROTOCOLS
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.path.both import between
from calipso.topology.path.security import Packet


def find_path(
    inv: InventoryMgr, environment: str, start: str, goal: str, packet: Packet | None = None
) -> Answer:
    """The answer to: do packets get from one end to the other and back?

    With a packet, security groups must let it pass; without, they must let anything pass.

    The ends are words, see `find_end`. Raises NotFound, and ConfigError for a word that means
    several things.
    """
    world = StoreWorld(inv, environment)
    return between(world, find_end(world, start), find_end(world, goal), packet)


def packet_of(protocol: str | None, port: int | None) -> Packet:
    """The packet of these words.

    Raises ConfigError for a port without a protocol, and for a protocol that nobody knows.
    """
    if port is not None and not protocol:
        raise ConfigError("a port needs a protocol", hint="For example tcp and 22.")
    name = (protocol or "").lower()
    number = int(name) if name.isdecimal() and name.isascii() and len(name) <= 3 else -1
    if name and name not in PROTOCOLS and not 0 <= number <= 255:
        raise ConfigError(
            f"there is no protocol {protocol}",
            hint=f"A number up to 255, or one of: {', '.join(PROTOCOLS)}.",
        )
    return Packet(name, port)
