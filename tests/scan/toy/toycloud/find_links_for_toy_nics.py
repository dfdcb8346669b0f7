"""Links of the toy cloud."""

from __future__ import annotations

from calipso.discover.find_links import FindLinks
from tests.scan.toy.toycloud import cloud


class FindLinksForToyNics(FindLinks):
    """host_pnic-network stands for host and NIC: a link type that exists."""

    def add_links(self) -> None:
        """A link from each NIC to its host."""
        if cloud().get("finder") == "broken":
            raise KeyError("a finder with a defect")
        hosts = {host["id"]: host for host in self.find("host")}
        for nic in self.find("host_pnic"):
            self.link(nic, hosts[nic["host"]], link_type="host_pnic-network", link_name="in")
            if nic["id"] in cloud().get("loose", ()):
                self.problem(nic, code="veth_broken", message=f"{nic['id']} is loose")
