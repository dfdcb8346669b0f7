"""NICs of hosts that no device of the kernel drives: Open vSwitch, or a guest, has them."""

from __future__ import annotations

from typing import Any

from calipso.discover.fetchers.kept_ways import nics_unread
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.topology.wiring.nodes import Kind, Node, Relation, Wiring


class CliFetchDpdkHostPnics(CliAccess):
    """NICs by their PCI address: DPDK interfaces of Open vSwitch, and physical functions that a
    driver of user space has. A host without Open vSwitch may still have the latter; when it, or
    the hardware, could not be read, the fetch fails and what is stored stays."""

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        wiring = self.wiring(host)
        if error := nics_unread(self, host, wiring):
            raise error
        found = [wiring.nodes[key] for key in wiring.nics if key.kind is not Kind.DEVICE]
        return [_pnic(host, wiring, node) for node in found]


def _pnic(host: str, wiring: Wiring, node: Node) -> Fetched:
    own = node.facts if node.kind is Kind.INTERFACE else None
    on = wiring.to(Relation.ON_FUNCTION, node.key)
    function = node if node.kind is Kind.FUNCTION else (on[0] if on else None)
    fields: dict[str, Any] = {
        "id": f"{host}-{node.name}",
        "name": node.name,
        "host": host,
        "local_name": node.name,
        "mac_address": own.mac if own else "",
        "state": own.state if own else "unknown",
        "admin_state": own.admin_state if own else "unknown",
        "addresses": [],
        "driver": function.facts.driver if function is not None and function.facts else "",
        "pci_address": function.name if function is not None else "",
        "dpdk": own is not None,
    }
    if own is not None and own.mtu is not None:
        fields["mtu"] = own.mtu
    return fields
