"""Problems that an object can have: stable codes, with one sentence each.

`docs/problems.md` has a paragraph for each code; a guard test compares the two.
"""

from __future__ import annotations

#: Code of a problem -> what it says about the object.
CODES: dict[str, str] = {
    "agent_down": "The network agent does not report to Neutron any more.",
    "binding_failed": "Neutron could not bind the port to its host.",
    "bound_elsewhere": "The device is on one host, Neutron has bound its port to another.",
    "compute_service_down": "Nova's compute service on the host does not report any more.",
    "cut_off": "A fault on the path to the wire cuts the instance or service off.",
    "dead_vlan": "The port is in the VLAN of ports that the agent has not wired.",
    "driver_not_read": "The host uses a mechanism driver that no fetcher reads.",
    "host_name_in_two_regions": "Hosts of another region have the names of some of its hosts.",
    "host_named_twice": "Nova and Neutron have different names for the host, or seem to.",
    "instance_error": "Nova has the instance in the state ERROR.",
    "instance_host_unknown": "Nova has the instance on a host that is not in the inventory.",
    "link_down": "A device on the way is down.",
    "mac_ambiguous": "Interfaces have one MAC, and nothing shows which of the ports each is.",
    "misplaced": "The parent that the cloud names for it is not in the inventory.",
    "namespace_missing": "Neutron wants a namespace on a host that does not have it.",
    "namespace_orphan": "The namespace belongs to a network or router that Neutron does not have.",
    "namespace_unreadable": "The namespace of the service cannot be entered or read.",
    "neighbours_unreadable": "The host runs LLDP, but its neighbours cannot be read.",
    "network_info_unreadable": "Nova's cache of the instance's network is not valid JSON.",
    "network_unknown": "The port belongs to a network that is not in the inventory.",
    "nic_sees_several_switch_ports": "By LLDP the NIC is on more than one switch port.",
    "port_down": "Neutron reports DOWN for a port that is plugged.",
    "port_error": "Open vSwitch cannot use the port.",
    "port_unplugged": "A running instance has no interface for this port that is bound to it.",
    "router_active_nowhere": "A highly available router is active on none of its hosts.",
    "router_active_twice": "A highly available router is active on several hosts at once.",
    "service_down": "A service of Nova on the host does not report any more.",
    "switch_port_shared": "By LLDP several hosts are on one switch port.",
    "tap_missing": "The instance has an interface whose device is not on the host.",
    "tap_not_in_bridge": "The tap is not in the bridge that libvirt put it into.",
    "tunnel_address_missing": "No device of the host has the tunnel address of its agent.",
    "tunnel_way_unknown": "No way is known from the address of the tunnels to a NIC.",
    "value_changed": "A value of it cannot be stored as its source gives it.",
    "veth_broken": "The veth pair between the Linux bridge and Open vSwitch is not whole.",
    "wrong_network": "The agent has wired the port to another network than Neutron says.",
    "wrong_vlan": "The port's VLAN tag is not the one its network has on this host.",
}
