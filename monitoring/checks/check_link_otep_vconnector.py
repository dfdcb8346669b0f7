"""A tunnel endpoint and the Linux bridge that it belongs to."""

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
    otep, bridge = item.get("source_object") or {}, item.get("target_object") or {}
    tunnel, name = str(otep.get("tunnel_device") or ""), bridge.get("bridge_name")
    device = facts.devices.get(tunnel)
    if tunnel and name and device is not None and device.master != name:
        return base.error("{} is not a member of {}".format(tunnel, name))
    return base.ok("both ends are there")


if __name__ == "__main__":
    base.run(evaluate)
