"""What a person names as an end of a path, found in the inventory."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from calipso.analysis.path.store_world import StoreWorld, networks_with
from calipso.errors import ConfigError, NotFound
from calipso.model.documents import Document
from calipso.topology.path import ends
from calipso.topology.path.ends import ANYWHERE, End
from calipso.topology.path.ovn_places import service_place
from calipso.topology.path.places_of import dhcp_places
from calipso.topology.path.world import addresses_of

#: Types of objects that can be an end, and the order in which a name is looked up.
TYPES = ("instance", "port", "vnic", "router", "vservice", "network", "floating_ip")

INTERNET = "internet"
#: Words before the colon that name a service of an instance.
SERVICES: dict[str, Callable[[StoreWorld, Document], End]] = {
    "dhcp": ends.dhcp_of,
    "metadata": ends.metadata_of,
}
SHOWN = 5


def find_end(world: StoreWorld, word: str) -> End:
    """The end that a word names.

    A word is: an instance, port, vNIC, router, floating IP or network by id or name; one of their
    addresses; `internet`; an address outside; `dhcp:INSTANCE`; `metadata:INSTANCE`; `TYPE:WORD`
    where a name alone means several things. Raises NotFound, and ConfigError for several.
    """
    text = word.strip()
    if text.lower() == INTERNET:
        return End("the internet", outside=ANYWHERE)
    kind, _, rest = text.partition(":")
    if kind in SERVICES and rest:
        return SERVICES[kind](world, _named(world, rest, ("instance",)))
    if kind in TYPES and rest:
        return of_object(world, _named(world, rest, (kind,)))
    try:
        address = str(ip_address(text))
    except ValueError:
        return of_object(world, _named(world, text, TYPES))
    return _of_address(world, address)


def find_instance(world: StoreWorld, word: str) -> Document:
    """The instance with this id, name or address. Raises NotFound, ConfigError for several."""
    try:
        address = str(ip_address(word.strip()))
    except ValueError:
        return _named(world, word.strip(), ("instance",))
    end = _of_address(world, address)
    owner = next((place.owner for place in end.places if place.owner), None)
    if owner is None or owner["type"] != "instance":
        raise NotFound(f"no instance has the address {word}", hint=f"calipso search {word!r}")
    return dict(owner)


def of_object(world: StoreWorld, item: Document) -> End:
    """The end that an object is. Raises ConfigError for a type that is none."""
    kind = str(item["type"])
    if kind == "instance":
        return ends.of_instance(world, item)
    if kind == "port":
        return ends.of_port(world, item)
    if kind == "network":
        return ends.of_network(item)
    if kind == "floating_ip":
        return _of_floating(world, item)
    if kind == "router":
        networks = [str(network) for network in item.get("network") or ()]
        return ends.of_router(world, str(item["id"]), str(item.get("name")), networks, "")
    if kind == "vservice" and item.get("router_id"):
        name, networks = str(item.get("name")), [str(n) for n in item.get("network") or ()]
        return ends.of_router(world, str(item["router_id"]), name, networks, str(item["host"]))
    if kind == "vservice" and item.get("network_id"):
        network = str(item["network_id"])
        if (place := service_place(world, item)) is not None:
            return End(str(item.get("name") or item["id"]), [place], item=item)
        found = [p for p in dhcp_places(world, network) if p.host == item.get("host")]
        return End(str(item.get("name") or item["id"]), found, item=item)
    if kind == "vnic" and item.get("port_id"):
        port = world.one("port", str(item["port_id"]))
        if port is not None:
            return ends.of_port(world, dict(port))
    raise ConfigError(
        f"{kind} {item.get('name') or item['id']} cannot be an end of a path",
        hint=f"Name one of: {', '.join(TYPES)}, an address, internet, dhcp:INSTANCE.",
    )


def _of_floating(world: StoreWorld, item: Document) -> End:
    """A floating IP: the port it leads to, reached by its address."""
    address = str(item.get("floating_ip_address") or item.get("name") or "")
    port = world.one("port", str(item.get("port_id"))) if item.get("port_id") else None
    if port is None:
        text = "it is joined to no port"
        return End(f"floating IP {address}", floating=item, item=item, missing=text)
    found = ends.of_port(world, dict(port))
    return End(f"floating IP {address}", found.places, floating=item, address="", item=item)


def _of_address(world: StoreWorld, address: str) -> End:
    networks = networks_with(world.inv, world.environment, address)
    found = [
        dict(port)
        for network in networks
        for port in world.ports_of(network)
        if address in addresses_of(port)
    ]
    if not networks:
        return End(address, outside=address)
    if len(found) > 1:
        shown = "; ".join(f"port:{port['id']}" for port in found[:SHOWN])
        raise ConfigError(
            f"{address} is the address of {len(found)} ports: {shown}",
            hint="Networks may use one range more than once: name the port or the instance.",
        )
    if not found:
        raise NotFound(
            f"no port has the address {address}",
            hint=f"It belongs to a subnet of network {networks[0]}; calipso search {address}",
        )
    port = found[0]
    if port.get("device_owner") == "network:floatingip":
        floating = world.one("floating_ip", str(port.get("device_id")))
        if floating is not None:
            return _of_floating(world, dict(floating))
    return ends.of_port(world, port, address)


def _named(world: StoreWorld, word: str, types: tuple[str, ...]) -> Document:
    """The object with this id, otherwise with this name."""
    for field in ("id", "name", "port_name", "object_name"):
        for kind in types:
            if field == "port_name" and kind != "port":
                continue
            found = world.named(kind, field, word)
            if len(found) > 1:
                shown = "; ".join(f"{kind}:{item['id']}" for item in found[:SHOWN])
                raise ConfigError(
                    f"{word} means {len(found)} objects: {shown}", hint="Give the id."
                )
            if found:
                return found[0]
    raise NotFound(
        f"{world.environment}: no {' or '.join(types)} with id or name {word}",
        hint=f"calipso search {word!r}",
    )
