"""EventSubnet: the common base of the handlers of subnets."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventSubnet(EventRescan):
    """The network of the subnet and the hosts of its DHCP servers, twice: agents follow later.

    The notification of a deleted subnet may lack its network; then the inventory knows it.
    """

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the networks of the subnets."""
        for subnet in items_of(notification, "subnet"):
            network = word(subnet, "network_id") or self._known(word(subnet, "id"))
            if network:
                yield Target(Scope.NETWORK, network, deep=True, looks=1)

    def _known(self, subnet: str) -> str:
        query = {"environment": self.inv.environment, "type": "network"}
        for network in self.inv.find_items(query, ["id", "subnet_ids"]):
            if subnet in (network.get("subnet_ids") or ()):
                return str(network["id"])
        return ""
