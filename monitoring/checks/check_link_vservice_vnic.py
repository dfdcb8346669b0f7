"""A service and its vNIC."""

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
    space = str((item.get("source_object") or {}).get("local_service_id") or "")
    device = str((item.get("target_object") or {}).get("device") or "")
    found = facts.namespaces.get(space)
    if found is not None and found.devices is not None and device not in found.devices:
        return base.error("{} is not in {}".format(device, space))
    return base.ok("{} is in {}".format(device, space))


if __name__ == "__main__":
    base.run(evaluate)
