"""An agent of Neutron: it reports in time."""

try:
    from . import base
    from .base import Facts, Item, Result
except ImportError:  # run as a program
    import base  # type: ignore[import-not-found,no-redef]
    from base import Facts, Item, Result  # type: ignore[no-redef]

FIELDS = ("binary", "agent_type", "host", "admin_state_up")


def evaluate(item: Item, facts: Facts) -> Result:
    """Return whether Neutron hears of the agent. `facts.more["agents"]` has them by id."""
    agents = facts.more.get("agents")
    if agents is None:
        raise base.NotRead("the agents were not read from Neutron")
    binary = str(item.get("binary") or "")
    key = str(item["id"])
    key = key[len(binary) + 1 :] if key.startswith(binary + "-") else key
    agent = agents.get(key)
    if agent is None:
        return base.error("Neutron does not know the agent any more")
    if agent.get("admin_state_up") is False:
        return base.ok("the agent is switched off in Neutron")
    if not agent.get("alive"):
        seen = agent.get("heartbeat_timestamp")
        return base.error("the agent is dead; Neutron heard of it last at {}".format(seen))
    return base.ok("the agent reports")


if __name__ == "__main__":
    base.run(evaluate)
