"""The notifications that the services of a real cloud send for a change of a generated one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..cloud import Item


class Notice(NamedTuple):
    """One notification: where it goes, and what it says."""

    exchange: str
    topic: str
    event_type: str
    payload: Item


def notices_of(operation: str, done: Item) -> Iterator[Notice]:
    """What nova and neutron tell of a change that was made; nova in both of its formats."""
    if operation in ("create_instance", "delete_instance"):
        verb = operation.partition("_")[0]
        for port in done["port_details"]:
            yield neutron("port", verb, port)
        for floating in done["floating"]:
            yield neutron("floatingip", verb, floating)
        yield from nova(f"instance.{verb}.end", done)
    elif operation == "rename_instance":
        yield from nova("instance.update", done)
    elif operation == "add_router_interface":
        for port in done["ports"]:
            inside = {"id": done["id"], "network_id": done["network"], "port_id": port}
            payload = {"router_interface": inside}
            yield Notice("neutron", "notifications", "router.interface.create", payload)


def neutron(resource: str, verb: str, item: Item) -> Notice:
    """The one notification of Neutron; of a deleted thing also its id."""
    payload: Item = {resource: item}
    if verb == "delete":
        payload[f"{resource}_id"] = item["id"]
    return Notice("neutron", "notifications", f"{resource}.{verb}.end", payload)


def nova(event_type: str, done: Item) -> Iterator[Notice]:
    """The legacy notification of Nova, and the versioned one."""
    legacy = {
        "instance_id": done["id"],
        "display_name": done["name"],
        "host": done["host"],
        "state": "active",
    }
    yield Notice("nova", "notifications", f"compute.{event_type}", legacy)
    inner: dict[str, Any] = {"uuid": done["id"], "display_name": done["name"]}
    inner |= {"host": done["host"], "state": "active"}
    versioned = {"nova_object.name": "InstancePayload", "nova_object.data": inner}
    yield Notice("nova", "versioned_notifications", event_type, versioned)
