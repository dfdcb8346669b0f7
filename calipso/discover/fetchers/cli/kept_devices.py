"""Objects of devices that `ip` did not describe in valid JSON: they stay as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

from bson import ObjectId

from calipso.errors import ParseError, PartialAnswer
from calipso.hostparse.iplink import Broken, Devices
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess


def keep_broken(
    fetcher: CliAccess, host: str, object_type: str, field: str, found: list[Fetched], **where: str
) -> list[Fetched]:
    """Return the objects as they were found.

    Raises PartialAnswer with them if a stored object is that of a device of the host that cannot be
    read this time. `field` has the name of an object's device; `where` selects the stored objects.
    """
    devices = fetcher.devices(host)
    unread = stored_of_broken(fetcher, host, devices, object_type, field, **where)
    if unread:
        error = broken_devices(host, devices.broken)
        raise PartialAnswer([error], found, unread=unread, warning=True)
    return found


def stored_of_broken(
    fetcher: CliAccess, host: str, devices: Devices, object_type: str, field: str, **where: str
) -> list[ObjectId]:
    """Return the `_id`s of the stored objects whose device cannot be read this time."""
    if not devices.broken:
        return []
    stored = fetcher.inv.find(fetcher.env, object_type, (field, *where), host=host)
    return [
        item["_id"]
        for item in stored
        if item.get(field) and devices.may_have(str(item[field]))
        if all(item.get(key) == value for key, value in where.items())
    ]


def broken_devices(host: str, broken: Sequence[Broken]) -> ParseError:
    """Return one error for devices that cannot be read."""
    more = f", and {len(broken) - 1} more like it" if len(broken) > 1 else ""
    return ParseError(
        f"{host}: {broken[0].why}{more}",
        hint="Update iproute2 there, or remove the device. What is stored of it stays as it was "
        "read before.",
    )
