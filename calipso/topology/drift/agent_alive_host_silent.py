"""A host that could not be read, while its agents report to Neutron."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.model.documents import Record
from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class AgentAliveHostSilent(DriftRule):
    """Neutron hears the host, and the scan does not."""

    severity = DriftSeverity.MAJOR
    sentence = "The agents of a host report to Neutron, and the host itself could not be read."
    remedy = "Check the login to the host: `calipso env test ENVIRONMENT`."
    reads: ClassVar[Reads] = {"network_agent": ("alive", "binary"), "host": ()}

    def find(self, facts: Facts) -> Iterator[Found]:
        """Hosts with stale objects of their own and an agent that is alive."""
        alive: dict[str, list[Record]] = defaultdict(list)
        for agent in facts.of("network_agent"):
            if agent.get("alive"):
                alive[str(agent.get("host"))].append(agent)
        for host, since in sorted(facts.silent.items()):
            item = facts.get("host", host)
            if item is None or not alive.get(host):
                continue
            names = ", ".join(sorted(str(agent["binary"]) for agent in alive[host]))
            yield Found(
                item,
                f"{host} could not be read since {since:%Y-%m-%d %H:%M} UTC, and Neutron hears "
                f"{names} there",
                tuple(said("api", agent, f"{agent['binary']}: alive") for agent in alive[host]),
                since=since,
            )
