"""Tables and columns of OVN's databases that Calipso reads, by the schemas of OVN 20.03 to 26.03.

Every column is optional: a release that lacks one is read without it. The flows (`Logical_Flow`)
and what routers have learned (`MAC_Binding`, `FDB`) are never asked for: they are most of the
southbound database, and no description of the network.
"""

from __future__ import annotations

NORTHBOUND, SOUTHBOUND = "OVN_Northbound", "OVN_Southbound"

#: Table of the northbound database -> columns. It is dumped whole; other columns are not kept.
NB_TABLES: dict[str, tuple[str, ...]] = {
    "NB_Global": ("nb_cfg", "sb_cfg", "hv_cfg", "nb_cfg_timestamp", "options", "name"),
    "Logical_Switch": ("name", "ports", "load_balancer", "other_config", "external_ids"),
    "Logical_Switch_Port": (
        *("name", "type", "addresses", "options", "up", "enabled", "tag", "parent_name"),
        *("dhcpv4_options", "dhcpv6_options", "ha_chassis_group", "external_ids"),
    ),
    "Logical_Router": (
        *("name", "enabled", "ports", "nat", "static_routes", "load_balancer", "options"),
        "external_ids",
    ),
    "Logical_Router_Port": (
        *("name", "mac", "networks", "enabled", "gateway_chassis", "ha_chassis_group"),
        *("options", "status", "external_ids"),
    ),
    "Logical_Router_Static_Route": ("ip_prefix", "nexthop", "output_port", "external_ids"),
    "Gateway_Chassis": ("name", "chassis_name", "priority"),
    "HA_Chassis_Group": ("name", "ha_chassis"),
    "HA_Chassis": ("chassis_name", "priority"),
    "NAT": (
        *("type", "external_ip", "logical_ip", "logical_port", "external_mac"),
        *("external_port_range", "external_ids"),
    ),
    "Load_Balancer": ("name", "vips", "protocol", "external_ids"),
    "DHCP_Options": ("cidr", "options", "external_ids"),
    "Port_Group": ("name", "ports", "acls", "external_ids"),
}

#: Table of the southbound database -> columns.
SB_TABLES: dict[str, tuple[str, ...]] = {
    "SB_Global": ("nb_cfg", "options"),
    "Chassis": ("name", "hostname", "encaps", "nb_cfg", "external_ids", "other_config"),
    "Encap": ("type", "ip", "chassis_name", "options"),
    "Datapath_Binding": ("tunnel_key", "external_ids", "type", "nb_uuid"),
    "Port_Binding": (
        *("logical_port", "type", "datapath", "tunnel_key", "chassis", "additional_chassis"),
        *("requested_chassis", "up", "parent_port", "tag", "ha_chassis_group", "virtual_parent"),
        "options",
    ),
    "HA_Chassis_Group": ("name", "ha_chassis", "ref_chassis"),
    "HA_Chassis": ("chassis", "priority"),
    "Chassis_Private": ("name", "chassis", "nb_cfg", "nb_cfg_timestamp", "external_ids"),
}

#: What a server says of itself: in the database `_Server`, since Open vSwitch 2.9.
SERVER_COLUMNS = ("name", "model", "connected", "leader", "index")
