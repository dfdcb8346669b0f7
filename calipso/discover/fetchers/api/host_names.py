"""One machine with two names: one of Nova and Neutron uses the domain, the other does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from calipso.model.documents import Document
from calipso.model.hosts import in_other_domain, same_host, short


class Names(NamedTuple):
    """Names of one host, Neutron's -> Nova's; and doubtful pairs."""

    aliases: dict[str, str]
    doubtful: list[tuple[str, str]]


def names_of_hosts(services: Iterable[Document], agents: Iterable[Document]) -> Names:
    """Match names of Neutron that Nova does not know with names of Nova.

    Two names mean one machine when one name is the other with a domain or in capitals, no third
    host has such a name, and one host has only Nova's services and the other only Neutron's agents.
    If only the names fit, the pair is doubtful. So is a pair of this kind in different domains.
    """
    nova = {str(service["host"]) for service in services}
    neutron = {
        str(agent["host"]) for agent in agents if agent.get("agent_type") != "Baremetal Node"
    }
    like: dict[str, list[str]] = defaultdict(list)
    by_short: dict[str, list[str]] = defaultdict(list)
    for name in nova:
        by_short[short(name)].append(name)
    for name in sorted(neutron - nova):
        like[name] = sorted(other for other in by_short[short(name)] if same_host(name, other))
    claimed = [other for found in like.values() for other in found]
    aliases: dict[str, str] = {}
    doubtful: list[tuple[str, str]] = []
    for name, others in like.items():
        for other in others:
            single = len(others) == 1 and claimed.count(other) == 1
            if single and other not in neutron:
                aliases[name] = other
            else:
                doubtful.append((name, other))
        if not others:
            alone = (other for other in by_short[short(name)] if other not in neutron)
            doubtful += [(name, other) for other in sorted(alone) if in_other_domain(name, other)]
    return Names(aliases, doubtful)


def renamed(agents: Iterable[Document], names: Names) -> list[Document]:
    """Return the agents, their hosts under Nova's names."""
    return [
        agent | {"host": names.aliases.get(str(agent["host"]), str(agent["host"]))}
        for agent in agents
    ]
