"""An instance and its vNIC."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("source_label", "target_label", "attributes")


def evaluate(item: Item, facts: Facts) -> Result:
    """Return the worst of both ends."""
    return base.link_result(item, facts, base.ok("both ends are there"))


if __name__ == "__main__":
    base.run(evaluate)
