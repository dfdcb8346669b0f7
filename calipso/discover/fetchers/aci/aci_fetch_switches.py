"""Leaves and spines of a Cisco ACI fabric."""

from __future__ import annotations

from calipso.model.inventory import Fetched
from calipso.sources.aci.aci_access import AciAccess
from calipso.sources.aci.fabric import Node


class AciFetchSwitches(AciAccess):
    """Switches of the fabric, from `fabricNode` and `topSystem`; the parent is the folder of
    switches.

    A leaf that hosts also see by LLDP is one object: this one.
    """

    def get(self, parent_id: str) -> list[Fetched]:
        return [_fields(node) for _, node in sorted(self.fabric().nodes.items())]


def _fields(node: Node) -> Fetched:
    facts, system = node.facts, node.system
    fields = {
        "id": node.id,
        "name": facts.get("name") or node.dn,
        "role": node.role,
        "dn": node.dn,
        "state": facts.get("fabricSt") or "unknown",
        "ip_address": system.get("address") or facts.get("address"),
        "management_addresses": node.addresses,
        "model": facts.get("model"),
        "serial": facts.get("serial"),
        "version": facts.get("version") or system.get("version"),
    }
    return {key: value for key, value in fields.items() if value}
