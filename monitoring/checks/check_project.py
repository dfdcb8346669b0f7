"""A project: Keystone says that it is enabled."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("name",)


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether the project is enabled. `facts.more["projects"]` has them by id."""
    projects = facts.more.get("projects")
    if projects is None:
        raise base.NotRead("the projects were not read from Keystone")
    project = projects.get(str(item["id"]))
    if project is None:
        return base.error("Keystone does not know the project any more")
    if project.get("enabled") is False:
        return base.warning("the project is disabled")
    return base.ok("the project is enabled")


if __name__ == "__main__":
    base.run(evaluate)
