"""One network."""

from __future__ import annotations

from calipso.discover.fetchers.api.api_fetch_networks import ApiFetchNetworks
from calipso.model.inventory import Fetched
from calipso.sources.records import Records


class ApiFetchNetwork(ApiFetchNetworks):
    """The network of an id with its subnets, as ApiFetchNetworks returns it; empty when it is gone.

    Handlers of events use it; `parent_id` is the network's own id.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        records = Records("network", self.key)
        return records.answer(
            [
                network
                for region in self.regions("network")
                for network in self.networks(region, {"id": parent_id}, records)
            ]
        )
