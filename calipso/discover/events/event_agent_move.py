"""EventAgentMove: an operator gave a network or router to an agent, or took it away."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, word, words
from calipso.discover.events.notification import data_of
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventAgentMove(EventRescan):
    """The network or router, with the hosts that run it before and after."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the network or the router."""
        data = data_of(notification)
        agent = data.get("agent")
        inner = agent if isinstance(agent, dict) else data
        hosts = words(word(inner, "host"), word(data, "host"))
        if network := word(inner, "network_id"):
            yield Target(Scope.NETWORK, network, hosts, deep=True, looks=1)
        if router := word(inner, "router_id"):
            yield Target(Scope.ROUTER, router, hosts, deep=True, looks=1)
