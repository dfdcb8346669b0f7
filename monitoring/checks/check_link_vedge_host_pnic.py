"""A switch and a NIC that is its port."""

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
    port = facts.switch.get(name)
    if port is None and name in facts.devices:
        if facts.devices[name].kind == "bond" or facts.devices[name].master not in (
            "",
            "ovs-system",
        ):
            return base.ok("{} is joined through another device".format(name))
        return base.error("{} is not a port of the switch".format(name))
    if port is not None and port.error:
        return base.error("{}: {}".format(name, port.error))
    return base.ok("{} is a port of the switch".format(name))


if __name__ == "__main__":
    base.run(evaluate)
