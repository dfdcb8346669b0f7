"""What OVN says of ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from calipso.discover.fetchers.ovn.cloud import OvnCloud, ovn_cloud
from calipso.discover.fetchers.ovn.port_problems import PORT_FIELDS, port_problems
from calipso.discover.fetchers.ovn.words import floating_ips, gateway_words, port_words
from calipso.errors import CalipsoError
from calipso.model.documents import Document
from calipso.model.inventory import Fetched
from calipso.sources.fetcher import Outcome
from calipso.sources.ovn.ovn_access import OvnAccess


class OvnFetchPorts(OvnAccess):
    """Adds `ovn` to the ports of a network: the chassis that has claimed it, whether it is up, the
    number on the wire, port groups, floating IPs; of a gateway port, where it is and should be.

    Reports what Neutron and OVN say differently of a port.
    """

    sources: ClassVar[tuple[str, ...]] = ("cli",)
    enriches: ClassVar[bool] = True

    def get_many(self, parent_ids: Sequence[str]) -> Iterator[Outcome]:
        try:
            cloud = ovn_cloud(self)
        except CalipsoError as error:
            yield from ((parent_id, error) for parent_id in parent_ids)
            return
        fips, gateways = floating_ips(cloud), _gateways(cloud)
        stored: dict[str, list[Document]] = {}
        for port in self.inv.find(self.env, "port", PORT_FIELDS):
            stored.setdefault(str(port.get("network_id")), []).append(port)
        for network in parent_ids:
            found: list[Fetched] = []
            for port in stored.get(network, ()):
                words = port_words(cloud, port["id"], fips) if _has(cloud, port["id"]) else {}
                if port["id"] in gateways:
                    words |= {"gateway": gateways[port["id"]]}
                for told in port_problems(cloud, port, words):
                    self.problem(("port", port["id"]), **told._asdict())
                if words:
                    found.append({"id": port["id"], "ovn": words})
            yield network, found


def _has(cloud: OvnCloud, port: str) -> bool:
    return port in cloud.facts.ports


def _gateways(cloud: OvnCloud) -> dict[str, Document]:
    """What is known of gateways by the id of the gateway port."""
    found = {}
    for router in cloud.facts.routers.values():
        if gateway := router.gateway:
            words = gateway_words(cloud, gateway)
            found[gateway.port] = {k: v for k, v in words.items() if k != "port_id"}
    return found
