"""A virtual switch: Open vSwitch runs, has its bridges, and its ports are open."""

from typing import Dict, List

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("bridges", "name")

INTEGRATION = "br-int"
#: Ports that the line names.
NAMED = 5


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the switch forwards what it should."""
    missing = [name for name in ("ovs-vswitchd", "ovsdb-server") if not _runs(name, facts)]
    if missing:
        return base.error("{} does not run".format(" and ".join(missing)))
    names = [str(bridge["name"]) for bridge in item.get("bridges") or [{"name": INTEGRATION}]]
    ports = facts.switch
    gone = sorted(name for name in names if name not in ports)
    if INTEGRATION in gone:
        return base.error("bridge {} is gone".format(INTEGRATION))
    if gone:
        return base.warning("bridge {} is gone".format(", ".join(gone)))
    if INTEGRATION in names and facts.flows == 0:
        return base.error("{} has no flows, so it forwards nothing".format(INTEGRATION))
    bad = sorted(port.name for port in ports.values() if port.error)
    if bad:
        more = " and {} more".format(len(bad) - NAMED) if len(bad) > NAMED else ""
        detail = "\n".join("{}: {}".format(name, ports[name].error) for name in bad)
        text = "cannot open {}{}".format(", ".join(bad[:NAMED]), more)
        return base.warning(text, detail)
    before = int((facts.previous.get("ovs-vswitchd") or {}).get("pid", 0))
    if before and before not in _pids("ovs-vswitchd", facts):
        return base.warning("ovs-vswitchd started again since the last round")
    return base.ok("Open vSwitch runs, {} interfaces".format(len(ports)))


def _pids(name: str, facts: Facts) -> "List[int]":
    return [
        pid
        for pid, state, line in facts.processes
        if not state.startswith(("Z", "T")) and _program(line) == name
    ]


def _runs(name: str, facts: Facts) -> bool:
    return bool(_pids(name, facts))


def _program(line: str) -> str:
    """Name of the program; a daemon with a monitor calls itself `ovs-vswitchd: monitoring ...`."""
    first = line.split(None, 1)[0]
    monitor = first.endswith(":")
    return "" if monitor else first.rpartition("/")[2]


def counters(items: "List[Item]", facts: Facts) -> "Dict[str, Dict[str, int]]":
    """Return what the next round compares: the pid of the switch."""
    pids = _pids("ovs-vswitchd", facts)
    return {"ovs-vswitchd": {"pid": max(pids)}} if pids else {}


if __name__ == "__main__":
    base.run(evaluate)
