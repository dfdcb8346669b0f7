"""Services of networks on hosts: namespaces, and what OVN does without one."""

from __future__ import annotations

from calipso.model.types.base import Field, ObjectType, Search
from calipso.model.types.common import LINKS, NORTHBOUND, SOUTHBOUND, networks

NAMESPACES = "`ip netns`, `ip -d -j addr` in the namespace"
ROUTERS = "Neutron table `routers`"
PORT = "Neutron `GET /v2.0/ports`"
ROUTER = "router, snat"
BOTH = f"{NORTHBOUND}, {SOUTHBOUND}"

VSERVICE = ObjectType(
    name="vservice",
    singular="vservice",
    plural="vservices",
    meaning="A network namespace: a DHCP server, a router, or another service; or Octavia's health "
    "manager, which has a port and no namespace. With OVN a router or DHCP server has no namespace "
    "either: it is flows of the switch.",
    identity="`<host>-<namespace>`; named `qdhcp-<network name>`, `qrouter-<router name>`. With "
    "OVN `<host>-router-<router id>`, `<host>-dhcp-<network id>`",
    parents=("vservice_dhcps_folder", "vservice_routers_folder", "vservice_miscellaneous_folder"),
    focal_point=True,
    rank=0,
    icon="gear",
    kind="service_type",
    fields=(
        Field(
            "service_type",
            "`dhcp`, `router`, `snat`, `fip`, `metadata`, `octavia` or `misc`.",
            NAMESPACES,
            column=True,
        ),
        Field(
            "local_service_id",
            "Name of the namespace, or of the service.",
            NAMESPACES,
            search=Search.WORD,
        ),
        networks("Ids of the networks it is on.", PORT),
        Field("network_id", "Id of the network it serves.", NAMESPACES),
        Field("router_id", "Id of the router it is.", NAMESPACES, only=ROUTER),
        Field("status", "Status of the router.", ROUTERS, only=ROUTER),
        Field("admin_state_up", "False: somebody switched it off.", ROUTERS, only=ROUTER),
        Field("enable_snat", "True: it translates source addresses.", ROUTERS, only=ROUTER),
        Field("gw_port_id", "Id of the port to its external network.", ROUTERS, only=ROUTER),
        Field("flavor_id", "Flavor of the router.", ROUTERS, only=ROUTER),
        Field(
            "ha_state",
            "Of a highly available router: `active` on the host that has its addresses, otherwise "
            "`standby`.",
            LINKS,
            only=ROUTER,
        ),
        Field("project_id", "Id of its project.", ROUTERS, only=ROUTER),
        Field("distributed", "True: each host does its part of it.", NORTHBOUND, only="OVN"),
        Field("tunnel_key", "Number of the router in OVN.", SOUTHBOUND, only="router of OVN"),
        Field(
            "gateway",
            "`port_id`, `chassis` and `host` that have it, `wished_host`, `candidates` with "
            "`priority`.",
            BOTH,
            only="router of OVN",
        ),
        Field(
            "nat",
            "Translations: `type`, `external_ip`, `logical_ip`, `host` where it is done, "
            "`distributed`, `external_mac`, `port_id`, `floating_ip_id`.",
            BOTH,
            search=Search.PARTS,
            only="router of OVN",
        ),
        Field(
            "load_balancers",
            "`name`, `protocol`, `vips` (`address`, `backends`), `owner`; port forwardings too.",
            NORTHBOUND,
            only="router of OVN",
        ),
        Field(
            "routes",
            "Static routes: `destination`, `nexthop`, `external`.",
            NORTHBOUND,
            only="router of OVN",
        ),
        Field("dhcp", "What guests of each subnet are told.", NORTHBOUND, only="DHCP of OVN"),
    ),
)

TYPES = (VSERVICE,)
