"""A Linux bridge and a switch that a veth pair joins."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("source_label", "target_label", "attributes")


def evaluate(item: Item, facts: Facts) -> Result:
    """Return the worst of the plug and of both ends."""
    return base.link_result(item, facts, _plug(item, facts))


def _plug(item: Item, facts: Facts) -> Result:
    name = str(item.get("target_label") or "")
    if not name:
        return base.ok("both ends are there")
    port = facts.switch.get(name)
    if port is None:
        return base.error("{} is not a port of the switch".format(name))
    if port.error:
        return base.error("{}: {}".format(name, port.error))
    for device in (name, str(item.get("source_label") or name)):
        if device in facts.devices and not facts.devices[device].up:
            return base.error("{} is down".format(device))
    tag = (item.get("attributes") or {}).get("tag")
    if tag is not None and port.tag != tag:
        return base.warning("{} has tag {}, the scan found {}".format(name, port.tag, tag))
    return base.ok("{} is a port of {}".format(name, port.bridge))


if __name__ == "__main__":
    base.run(evaluate)
