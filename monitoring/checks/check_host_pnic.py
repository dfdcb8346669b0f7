"""A NIC of a host: it is up, at its speed, with all members of a bond."""

from typing import Dict, List, Optional

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("local_name", "name", "state", "speed", "dpdk", "clique", "members")

#: Share of packets that may fail, and how many must fail before the share counts.
MOST_FAILING, FEWEST = 0.01, 10


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the NIC works. One that nothing uses may be down."""
    name = str(item.get("local_name") or item.get("name"))
    if item.get("dpdk"):
        return _in_user_space(name, facts)
    device = facts.devices.get(name)
    if device is None:
        return base.error("{} is gone".format(name), at_once=True)
    if not device.up:
        why = "has no carrier" if device.admin_up else "is switched off"
        if not item.get("clique", True):
            return base.ok("{} {}; nothing uses it".format(name, why))
        return base.error("{} {}".format(name, why), at_once=True)
    for found in (_members(name, facts), _speed(item, name, facts), _errors(name, facts)):
        if found is not None:
            return found
    return base.ok("{} is up".format(name))


def _in_user_space(name: str, facts: Facts) -> Result:
    port = facts.switch.get(name)
    if port is None:
        return base.unknown("Open vSwitch has no interface {}".format(name))
    if port.error or not port.up:
        return base.error("{}: {}".format(name, port.error or "the line is down"), at_once=True)
    return base.ok("{} is up".format(name))


def _members(name: str, facts: Facts) -> "Optional[Result]":
    if facts.devices[name].kind != "bond":
        return None
    down = sorted(m for m, state in facts.bonds.get(name, {}).items() if state != "up")
    if not down:
        return None
    return base.warning("member {} of {} is down".format(", ".join(down), name))


def _speed(item: Item, name: str, facts: Facts) -> "Optional[Result]":
    wanted = item.get("speed")
    if not isinstance(wanted, int) or not wanted:
        return None
    try:
        now = facts.speeds.get(name)
    except base.NotRead:
        return None
    if now is None or now >= wanted:
        return None
    text = "{} runs at {} Mbit/s, the scan found {}"
    return base.warning(text.format(name, now // 10**6, wanted // 10**6))


def _errors(name: str, facts: Facts) -> "Optional[Result]":
    before, now = facts.previous.get(name), facts.devices[name].counters
    if not before:
        return None
    grown = {key: now.get(key, 0) - int(value) for key, value in before.items()}
    if min(grown.values()) < 0:
        return None  # the counters began again
    failed = sum(grown.get(side + "_errors", 0) for side in ("rx", "tx"))
    packets = sum(grown.get(side + "_packets", 0) for side in ("rx", "tx"))
    if failed < FEWEST or failed <= MOST_FAILING * max(packets, 1):
        return None
    return base.warning("{}: {} errors in {} packets".format(name, failed, packets + failed))


def counters(items: "List[Item]", facts: Facts) -> "Dict[str, Dict[str, int]]":
    """Return what the next round compares: the counters of the NICs."""
    names = {str(item.get("local_name") or item.get("name")) for item in items}
    return {name: facts.devices[name].counters for name in names if name in facts.devices}


if __name__ == "__main__":
    base.run(evaluate)
