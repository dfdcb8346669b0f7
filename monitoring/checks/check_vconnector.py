"""A Linux bridge: it is up, and its members are there."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("bridge_name", "name", "interfaces_names", "state")


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the bridge joins what it should."""
    name = str(item.get("bridge_name") or item.get("object_name") or item["name"])
    bridge = facts.devices.get(name)
    if bridge is None:
        return base.error("{} is gone".format(name))
    members = {d.name for d in facts.devices.values() if d.master == name}
    wanted = {str(member) for member in item.get("interfaces_names") or ()}
    if not bridge.admin_up:
        return base.error("{} is switched off".format(name))
    if not bridge.up and (members or wanted) and item.get("state") != "down":
        return base.error("{} is down: no member has a carrier".format(name))
    missing = sorted(wanted - members)
    if missing:
        return base.warning("{} lacks its member {}".format(name, ", ".join(missing)))
    return base.ok("{} is up, {} members".format(name, len(members)))


if __name__ == "__main__":
    base.run(evaluate)
