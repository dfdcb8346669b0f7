"""An instance: its domain is as Nova says, and its vNICs work."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("status", "name")

#: States in which Nova wants the domain to run.
RUNNING = frozenset({"ACTIVE", "REBOOT", "HARD_REBOOT", "PASSWORD"})
#: States on the way to another one: a difference is no fault.
CHANGING = frozenset({"BUILD", "MIGRATING", "RESIZE", "VERIFY_RESIZE", "REBUILD", "DELETED"})


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the domain runs as Nova says; worst of it and its vNICs."""
    own = _domain(item, facts)
    if own.value != base.OK or str(item.get("status")) not in RUNNING:
        return own
    return base.with_parts(own, item.get("vnics") or (), facts)


def _domain(item: Item, facts: Facts) -> Result:
    key, status = str(item["id"]), str(item.get("status") or "")
    domains = facts.domains
    if not status:
        return base.unknown("the state in Nova is not known")
    if status in CHANGING:
        return base.ok("Nova says {}".format(status))
    if key in domains.running:
        if status in RUNNING:
            return base.ok("its domain runs")
        if status in ("PAUSED", "SUSPENDED", "RESCUE", "ERROR"):
            return base.ok("Nova says {}, its domain is there".format(status))
        return base.warning("Nova says {}, but its domain runs".format(status))
    if status not in RUNNING:
        return base.ok("Nova says {}, its domain does not run".format(status))
    if key in domains.all:
        return base.warning("Nova says {}, but its domain does not run".format(status))
    return base.error("Nova says {}, but its domain is gone".format(status))


if __name__ == "__main__":
    base.run(evaluate)
