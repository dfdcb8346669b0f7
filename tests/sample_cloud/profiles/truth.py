"""What is true of a profile: which things there are, which of them touch, where cliques lead.

Things are named by what a person would call them, never by the scanner's ids:

    host_pnic     compute-1/ens1f0          vconnector   compute-1/br-mgmt
    vedge         compute-1                 otep         compute-1/10.0.0.1 (LXB: /VNI)
    instance, network, switch: their names  switch_pnic  leaf-1/Ethernet1
    vservice      network-1/qdhcp-<id>      its vNIC     network-1/qdhcp-<id>/<device>
    vNIC of an instance: <instance>/<port id>
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: Kind, and the name of the thing.
Key = tuple[str, str]
#: Link type, names of source and target.
LinkKey = tuple[str, str, str]


@dataclass
class Way:
    """Where the clique of a focal point must lead: exactly these, of each kind."""

    networks: set[str] = field(default_factory=set)
    nics: set[str] = field(default_factory=set)
    #: NICs that may be in it because they are members of one that must be
    members: set[str] = field(default_factory=set)
    switch_ports: set[str] = field(default_factory=set)


class Truth:
    """Collected while a profile is drawn."""

    def __init__(self) -> None:
        self.objects: dict[Key, dict[str, Any]] = {}
        self.links: dict[LinkKey, dict[str, Any]] = {}
        #: Sets of links of which one must be there, whole
        self.either: list[list[set[LinkKey]]] = []
        #: Links that say nothing wrong, but need not be there
        self.allowed: set[LinkKey] = set()
        self.cliques: dict[Key, Way] = {}

    def thing(self, kind: str, name: str, **fields: Any) -> str:
        """There is such a thing, with these fields; its name."""
        self.objects.setdefault((kind, name), {}).update(fields)
        return name

    def link(
        self,
        kind: str,
        source: str,
        target: str,
        networks: Iterable[str] | None = None,
        state: str = "up",
    ) -> LinkKey:
        """Two things touch; `networks` are the names of those whose frames pass, when known;
        `state` is "" where the host cannot see it."""
        key = (kind, source, target)
        known = self.links.setdefault(key, {"state": state})
        if networks is not None:
            known["networks"] = known.get("networks", frozenset()) | frozenset(networks)
        return key

    def one_of(self, *chains: Iterable[LinkKey]) -> None:
        """One of these chains of links is there; which one is a matter of taste."""
        self.either.append([set(chain) for chain in chains])

    def way(self, kind: str, name: str) -> Way:
        """The way of a focal point, to be added to."""
        return self.cliques.setdefault((kind, name), Way())
