"""Ports of leaves that NICs of hosts are on."""

from __future__ import annotations

from collections import defaultdict

from calipso.discover.fetchers.aci.fabric_ports import port_fields
from calipso.discover.fetchers.cli.switches import seen_on_switches
from calipso.model.documents import Document
from calipso.model.hosts import short
from calipso.model.inventory import Fetched
from calipso.sources.aci.aci_access import AciAccess
from calipso.sources.aci.fabric import Fabric, Neighbour, Node, mac_of
from calipso.topology.neighbours import Seen

#: Id of a NIC -> what shows that it is on a port: `lldp` of the leaf, or `learned`.
Shown = dict[str, str]


class AciFetchSwitchPnic(AciAccess):
    """Ports of a switch with a NIC of the inventory; the parent is the switch.

    What shows it, best first: what the leaf hears by LLDP (`lldpAdjEp`), what the NIC hears, where
    the leaf has learned the MAC address of the NIC (`epmMacEp`). A MAC address that several NICs
    have, or that several ports have learned, shows nothing.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        fabric, node = self.fabric(), self.fabric().by_id(parent_id)
        if node is None:
            return []
        seen = {one.port_name: one for one in seen_on_switches(self).get(parent_id, ())}
        shown = self._shown(fabric, node)
        return [
            port_fields(fabric, node, port, "hostlink")
            | _connected(shown.get(port, {}))
            | _said(seen.get(port))
            for port in sorted({*shown, *seen})
        ]

    def _shown(self, fabric: Fabric, node: Node) -> dict[str, Shown]:
        """Port -> the NICs that the leaf itself shows to be there."""
        nics = self.context.shared("aci:nics", lambda: _Nics(self._stored_nics()))
        learned = self.context.shared("aci:learned", lambda: self.learned(nics.by_mac))
        ports: defaultdict[str, Shown] = defaultdict(dict)
        for mac, (where, port) in learned.items():
            if where == node.dn and mac in nics.by_mac:
                ports[port][nics.by_mac[mac]] = "learned"
        for neighbour in fabric.neighbours.get(node.dn, ()):
            if nic := nics.of(neighbour):
                ports[neighbour.port][nic] = "lldp"
        return dict(ports)

    def _stored_nics(self) -> list[Document]:
        wanted = ("id", "name", "host", "mac_address", "permanent_mac_address", "members")
        return self.inv.find(self.env, "host_pnic", wanted)


class _Nics:
    """NICs of the inventory by what a leaf can know of them."""

    def __init__(self, nics: list[Document]) -> None:
        owners: defaultdict[str, set[str]] = defaultdict(set)
        self._by_name: dict[tuple[str, str], str] = {}
        for nic in nics:
            self._by_name[short(str(nic.get("host"))), str(nic["name"])] = str(nic["id"])
            mac = nic.get("permanent_mac_address") or nic.get("mac_address")
            if not nic.get("members") and (mac := mac_of(str(mac or ""))):
                owners[mac].add(str(nic["id"]))
        self.by_mac = {mac: min(ids) for mac, ids in owners.items() if len(ids) == 1}

    def of(self, neighbour: Neighbour) -> str:
        """Id of the NIC that a leaf hears; empty when none is that, for sure."""
        named = (short(neighbour.name), neighbour.port_name)
        return self.by_mac.get(neighbour.mac, "") or self._by_name.get(named, "")


def _connected(shown: Shown) -> Fetched:
    told = [{"nic": nic, "evidence": how} for nic, how in sorted(shown.items())]
    return {"connected_nics": told} if told else {}


def _said(seen: Seen | None) -> Fetched:
    vlan = seen.told.get("vlan") if seen else None
    return {"vlan": vlan} if vlan is not None else {}
