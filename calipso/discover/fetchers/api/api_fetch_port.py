"""One port."""

from __future__ import annotations

from calipso.discover.fetchers.api.api_fetch_ports import ApiFetchPorts
from calipso.model.inventory import Fetched
from calipso.sources.records import Records


class ApiFetchPort(ApiFetchPorts):
    """The port of an id, as ApiFetchPorts returns it; empty when it is gone.

    Handlers of events use it; `parent_id` is the port's own id.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        records = Records("port", self.key)
        return records.answer(
            [
                port
                for region in self.regions("network")
                for port in self.ports(region, {"id": parent_id}, records)
            ]
        )
