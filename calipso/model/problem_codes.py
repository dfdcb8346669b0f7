"""What can be wrong with an object: stable codes, one sentence each.

`docs/problems.md` has a paragraph for each code; a guard test compares the two.
"""

from __future__ import annotations

#: Code of a problem -> what it says about the object.
CODES: dict[str, str] = {
    "misplaced": "The parent that the cloud names for it is not in the inventory.",
    "namespace_unreadable": "The namespace of the service cannot be entered.",
    "neighbours_unreadable": "The host runs LLDP, but its neighbours cannot be read.",
    "network_info_unreadable": "Nova's cache of the instance's network is not valid JSON.",
    "network_unknown": "The port belongs to a network that is not in the inventory.",
    "port_unplugged": "A running instance has no interface for this port that is bound to it.",
    "tap_missing": "The instance has an interface whose device is not on the host.",
    "tunnel_address_missing": "No device of the host has the tunnel address of its agent.",
    "tunnel_way_unknown": "No way is known from the address of the tunnels to a NIC.",
}
