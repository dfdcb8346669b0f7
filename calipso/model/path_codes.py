"""Why a path does not work, or is unknown: stable codes, with one sentence each.

A hop can also have the code of a problem of its object (`problem_codes`). `docs/path.md` has a
paragraph for each code; a guard test compares the two.
"""

from __future__ import annotations

#: Code of a hop or an answer -> what it says.
CODES: dict[str, str] = {
    "bond_member_down": "A member of a bond has no link; the others carry the traffic.",
    "connected": "Packets get there and back.",
    "device_missing": "A namespace has no device of the port.",
    "device_unknown": "No device of the port was read, and nothing says that there is none.",
    "end_missing": "What an end names does not exist, such as a DHCP server that nobody wants.",
    "floating_ip_unused": "The floating IP leads to no port.",
    "gateway_missing": "No port has the address that the subnet names as gateway.",
    "guest_routes": "The gateway is a guest, and what it does is not known.",
    "dhcp_missing": "No DHCP server exists for a network of the instance that wants one.",
    "instance_nowhere": "The instance is on no host.",
    "instance_not_running": "The instance does not run.",
    "link_unknown": "The state of a link between two objects was not read.",
    "mapping_missing": "The agent of the host maps no bridge to the physical network.",
    "mtu_small": "A device on the way is too small for packets of the network's size.",
    "namespace_gone": "The host does not have the namespace of the router or server.",
    "nat_missing": "OVN has no translation of addresses that Neutron wants.",
    "network_disabled": "The network is switched off in Neutron.",
    "no_address": "A port of the instance has no address.",
    "nothing_wrong": "All checks of an instance's network are well.",
    "no_floating_ip": "Nobody outside can begin a connection to something without a floating IP.",
    "no_gateway": "The subnet has no gateway and no host route to the goal.",
    "no_pair": "Neither end is in the cloud.",
    "no_port": "The end has no port on any network.",
    "no_route": "A router has no route to the goal.",
    "no_way_out": "On the host, nothing leads from the device to the wire or to a tunnel.",
    "not_read": "Something on the way could not be read.",
    "not_routed_outside": "The packet leaves the cloud, and no router leads it back in.",
    "one_way_broken": "The ends reach each other, but not on all their addresses.",
    "patch_missing": "The bridges of the switch are not joined.",
    "port_disabled": "The port is switched off in Neutron.",
    "port_unbound": "The port is bound to no host.",
    "ranges_overlap": "Two networks have the same range, so the packet stays on the first.",
    "router_disabled": "The router is switched off in Neutron.",
    "router_no_gateway": "The router has no route to the goal, and no external gateway.",
    "router_nowhere": "No host has the router.",
    "router_standby": "The highly available router is standby on the host that should serve it.",
    "routed_outside": "Two networks are joined by routers outside the cloud.",
    "routing_loop": "Too many routers follow each other.",
    "security_blocks": "No rule of the port's security groups lets the packet pass.",
    "security_unknown": "The security groups of the port were not read.",
    "snat_missing": "The distributed router has no central port for translated addresses.",
    "snat_off": "The router translates no addresses, so answers need routes outside.",
    "tags_differ": "Two ports of one network have different tags on one switch.",
    "tunnel_error": "Open vSwitch cannot use the tunnel to the other host.",
    "tunnel_missing": "A host has no tunnel to the other host.",
    "tunnels_down": "Open vSwitch can use no tunnel of the host.",
    "wrong_segment": "The agent has wired the port to another VLAN or VNI than the network has.",
}
