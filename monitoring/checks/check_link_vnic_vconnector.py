"""A vNIC and the Linux bridge of which it is a member."""

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
    name = str((item.get("source_object") or {}).get("device") or "")
    bridge = (item.get("target_object") or {}).get("bridge_name")
    device = facts.devices.get(name)
    if device is None:
        return base.error("{} is not on the host".format(name))
    if bridge and device.master != bridge:
        return base.error("{} is not a member of {}".format(name, bridge))
    return base.ok("{} is a member of {}".format(name, bridge))


if __name__ == "__main__":
    base.run(evaluate)
