"""What OVN says of networks."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.ovn.cloud import ovn_cloud
from calipso.discover.fetchers.ovn.words import network_words
from calipso.errors import ErrorKind
from calipso.hostparse.ovsdb_notation import text
from calipso.model.inventory import Fetched
from calipso.sources.ovn.ovn_access import OvnAccess

#: Logical ports that are named in one problem.
SHOWN = 5


class OvnFetchNetworks(OvnAccess):
    """Adds `ovn` to networks: the number on the wire beside Neutron's, physical networks, DHCP."""

    sources: ClassVar[tuple[str, ...]] = ("cli",)
    enriches: ClassVar[bool] = True

    def get(self, parent_id: str) -> list[Fetched]:
        cloud = ovn_cloud(self)
        if parent_id not in cloud.facts.switches:
            self.problem(
                ("network", parent_id),
                code="logical_switch_missing",
                message=f"network {parent_id}: OVN has no logical switch neutron-{parent_id}",
                hint="neutron-ovn-db-sync-util compares both, and repairs OVN.",
                kind=ErrorKind.REPORTED,
            )
            return []
        self._tell_of_orphans(parent_id)
        return [{"id": parent_id, "ovn": network_words(cloud, parent_id)}]

    def _tell_of_orphans(self, network: str) -> None:
        """Report logical ports of Neutron that Neutron does not have any more."""
        facts, known = ovn_cloud(self).facts, self._known()
        orphans = sorted(
            text(row.get("name"))
            for row in facts.ports_of(facts.switches[network])
            if known
            and text(row.get("type")) != "localnet"
            and text(row.get("name")) not in known
            # Octavia's provider makes ports of its own
            and not text(row.get("name")).startswith(("ovn-lb-vip-", "ovn-lb-hm-"))
        )
        if orphans:
            more = f" and {len(orphans) - SHOWN} more" if len(orphans) > SHOWN else ""
            self.problem(
                ("network", network),
                code="logical_port_orphan",
                message=f"network {network}: OVN has logical ports that Neutron does not have: "
                f"{', '.join(orphans[:SHOWN])}{more}",
                hint="Neutron lost their removal. neutron-ovn-db-sync-util removes them; a port "
                "made during the scan is found by the next one.",
                kind=ErrorKind.REPORTED,
            )

    def _known(self) -> set[str]:
        """Ids of the ports that this scan has read; none where it could not read them."""

        def read() -> set[str]:
            stored = self.inv.find(self.env, "port", ["id", "scan_id"])
            current = any(port.get("scan_id") == self.context.scan_id for port in stored)
            return {str(port["id"]) for port in stored} if current else set()

        return self.context.shared("ovn:known_ports", read)
