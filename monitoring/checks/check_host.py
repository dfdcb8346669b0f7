"""A host: it answers in time, and its clock is right."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

#: Fields of the object that the check reads.
FIELDS = ()

#: Seconds: an answer that takes longer is slow; a clock that differs by more is wrong.
SLOW, CLOCK = 5.0, 2.0


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the host answers in time. A host without an answer never comes here."""
    _, load = facts.clock
    seconds = facts.more.get("seconds")
    offset = facts.more.get("clock_offset")
    if offset is not None and abs(offset) > CLOCK:
        side = "ahead" if offset > 0 else "behind"
        return base.warning("its clock is {:.1f} s {}".format(abs(offset), side))
    if seconds is not None and seconds > SLOW:
        return base.warning("it needed {:.1f} s to answer".format(seconds), "load " + load)
    return base.ok("it answers", "load " + load)


if __name__ == "__main__":
    base.run(evaluate)
