"""A network: Neutron says that it works."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("name",)


def evaluate(item: Item, facts: Facts) -> Result:
    """Return the state in Neutron. `facts.more["networks"]` has the networks by id."""
    networks = facts.more.get("networks")
    if networks is None:
        raise base.NotRead("the networks were not read from Neutron")
    network = networks.get(str(item["id"]))
    if network is None:
        return base.error("Neutron does not know the network any more")
    if network.get("admin_state_up") is False:
        return base.ok("the network is switched off in Neutron")
    status = str(network.get("status") or "")
    if status == "ACTIVE":
        return base.ok("Neutron says ACTIVE")
    if not status:
        return base.unknown("Neutron says no status")
    return (base.error if status == "ERROR" else base.warning)("Neutron says " + status)


if __name__ == "__main__":
    base.run(evaluate)
