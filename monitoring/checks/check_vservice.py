"""A service of Neutron: namespace, program, routes, and who is primary."""

from typing import Optional

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = (
    "service_type",
    "local_service_id",
    "network_id",
    "router_id",
    "gw_port_id",
    "admin_state_up",
    "ha_state",
)

PRIMARY = ("primary", "master")


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the service does its work; worst of it and its vNICs."""
    kind, space = str(item.get("service_type")), str(item.get("local_service_id"))
    if kind == "octavia":
        return base.with_parts(base.ok("its port is the service"), item.get("vnics") or (), facts)
    if item.get("admin_state_up") is False:
        return base.ok("it is switched off in Neutron")
    if space not in facts.namespaces:
        return base.error("namespace {} is gone".format(space))
    own = base.ok("namespace {} is there".format(space))
    if kind == "dhcp":
        own = _dhcp(item, facts)
    elif kind == "router":
        own = _router(item, facts)
    if own.value == base.ERROR:
        return own
    return base.with_parts(own, item.get("vnics") or (), facts)


def _dhcp(item: Item, facts: Facts) -> Result:
    network = str(item.get("network_id") or "")
    found = [
        state
        for _, state, line in facts.processes
        if network and network in line and line.split()[0].rpartition("/")[2] == "dnsmasq"
    ]
    if not found:
        return base.error("no dnsmasq runs for network {}".format(network))
    if all(state.startswith(("Z", "T")) for state in found):
        return base.error("dnsmasq of network {} does not work: {}".format(network, found[0]))
    return base.ok("dnsmasq runs")


def _router(item: Item, facts: Facts) -> Result:
    router = str(item.get("router_id") or "")
    ha = _ha(router, item, facts)
    if ha is not None and ha.value != base.OK:
        return ha
    standby = ha is not None and facts.ha.get(router) not in PRIMARY
    space = facts.namespaces[str(item["local_service_id"])]
    if item.get("gw_port_id") and not standby and not space.default_route:
        return base.error("the router has a gateway and no default route")
    return ha or base.ok("the router is there")


def _ha(router: str, item: Item, facts: Facts) -> "Optional[Result]":
    """Exactly one host is primary. `facts.more["ha"]` has the states on other hosts."""
    if not item.get("ha_state"):
        return None
    states = dict((facts.more.get("ha") or {}).get(router) or {})
    states[facts.host] = facts.ha.get(router, "")
    first = sorted(host for host, state in states.items() if state in PRIMARY)
    if len(first) == 1:
        return base.ok("{} is primary".format(first[0]))
    if not first:
        return base.error("no host is primary for the router")
    return base.error("{} hosts are primary: {}".format(len(first), ", ".join(first)))


if __name__ == "__main__":
    base.run(evaluate)
