"""A NIC and the bond of which it is a member."""

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
    name = str((item.get("source_object") or {}).get("local_name") or "")
    bond = str((item.get("target_object") or {}).get("local_name") or "")
    device = facts.devices.get(name)
    if device is not None and bond in facts.devices and device.master != bond:
        return base.error("{} is not a member of {}".format(name, bond))
    state = facts.bonds.get(bond, {}).get(name)
    if state not in (None, "up"):
        return base.error("{} is {} in {}".format(name, state, bond))
    return base.ok("{} is a member of {}".format(name, bond))


if __name__ == "__main__":
    base.run(evaluate)
