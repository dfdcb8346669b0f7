"""A route of a host: the device that it leaves by is up."""

from monitoring.checks import base
from monitoring.checks.base import Facts, Item, Result

#: Fields of the object that the check reads; no others are loaded.
FIELDS = ("device",)


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the device of the route is up."""
    name = str(item.get("device") or "")
    device = facts.devices.get(name)
    if device is None:
        return base.error(f"{name} is gone")
    if not device.up:
        return base.error(f"{name} is down", at_once=True)
    return base.ok(f"{name} is up")


if __name__ == "__main__":
    base.run(evaluate)
