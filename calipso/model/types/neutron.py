"""Types of Neutron that say what may pass and where it goes: routers, floating IPs, rules."""

from __future__ import annotations

from calipso.model.types.base import Field, ObjectType, Open, Search

ROUTERS = "Neutron `GET /v2.0/routers`"
FLOATING = "Neutron `GET /v2.0/floatingips`"
GROUPS = "Neutron `GET /v2.0/security-groups`"
PORTS = "Neutron's ports of the router"


def _owned(source: str) -> tuple[Field, ...]:
    """Fields that all three have."""
    return (
        Field("region", "Region whose Neutron lists it.", source),
        Field("project", "Name of its project.", f"{source}, Keystone", column=True),
        Field("project_id", "Id of its project.", source),
        Field("tenant_id", "Id of its project, under its old name.", source),
        Field("description", "Text of its owner.", source),
        Field("tags", "Its tags.", source),
        Field("created_at", "When it was made.", source, unit="time, UTC"),
        Field("updated_at", "When it was last changed.", source, unit="time, UTC", volatile=True),
        Field("revision_number", "Number of its changes.", source, volatile=True),
    )


ROUTER = ObjectType(
    name="router",
    singular="router",
    plural="routers",
    meaning="A router as Neutron wants it. Where it really is, a vservice on a host says.",
    identity="Neutron id",
    parents=("routers_folder",),
    icon="router",
    fields=(
        *_owned(ROUTERS),
        Field("status", "`ACTIVE`, `DOWN` or `ERROR`.", ROUTERS, column=True),
        Field("admin_state_up", "False: somebody switched it off.", ROUTERS),
        Field("distributed", "True: it is on the hosts of the guests too.", ROUTERS),
        Field("ha", "True: several hosts have it, one of them active.", ROUTERS),
        Field(
            "external_gateway_info",
            "`network_id`, `external_fixed_ips`, `enable_snat` of its gateway.",
            ROUTERS,
        ),
        Field("enable_snat", "True: it translates source addresses.", ROUTERS),
        Field("routes", "Its own routes: `destination`, `nexthop`.", ROUTERS),
        Field(
            "interfaces",
            "Its ports: `port_id`, `device_owner`, `network_id`, `mac_address`, `fixed_ips`.",
            PORTS,
        ),
        Field("network", "Ids of the networks of these ports.", PORTS),
        Field("hosts", "Hosts that Neutron has bound its ports to.", PORTS, column=True),
        Field("availability_zones", "Zones of the agents that serve it.", ROUTERS),
        Field("availability_zone_hints", "Zones that were asked for.", ROUTERS),
        Field("flavor_id", "Flavor that says which driver serves it.", ROUTERS),
    ),
    open=(Open("Other fields of Neutron's router.", ROUTERS),),
)

FLOATING_IP = ObjectType(
    name="floating_ip",
    singular="floating IP",
    plural="floating IPs",
    meaning="An address of an external network that a router translates to one inside.",
    identity="Neutron id; its name is the address",
    parents=("floating_ips_folder",),
    icon="address",
    fields=(
        *_owned(FLOATING),
        Field("status", "`ACTIVE`, `DOWN` or `ERROR`.", FLOATING, column=True),
        Field(
            "floating_ip_address",
            "The address outside.",
            FLOATING,
            search=Search.ADDRESS,
            column=True,
        ),
        Field("fixed_ip_address", "The address inside.", FLOATING, column=True),
        Field("floating_network_id", "Id of the external network.", FLOATING),
        Field("port_id", "Id of the port that has the address inside.", FLOATING),
        Field("router_id", "Id of the router that translates.", FLOATING),
        Field("port_forwardings", "Single ports that it forwards.", FLOATING),
        Field("port_details", "What Neutron says of that port.", FLOATING, volatile=("status",)),
    ),
    open=(Open("Other fields of Neutron's floating IP.", FLOATING),),
)

SECURITY_GROUP = ObjectType(
    name="security_group",
    singular="security group",
    plural="security groups",
    meaning="A group of rules that say which packets a port may send and get.",
    identity="Neutron id",
    parents=("security_groups_folder",),
    icon="shield",
    fields=(
        *_owned(GROUPS),
        Field("stateful", "False: answers need rules of their own.", GROUPS),
        Field("shared", "True: other projects may use it.", GROUPS),
        Field(
            "rules",
            "List of `id`, `direction`, `ethertype`, `protocol`, `port_range_min`, "
            "`port_range_max`, `remote_ip_prefix`, `remote_group_id`, `remote_address_group_id`.",
            GROUPS,
            unordered=True,
        ),
        Field("remote_groups", "Ids of the groups that its rules name.", GROUPS),
    ),
    open=(Open("Other fields of Neutron's security group.", GROUPS),),
)

TYPES = (ROUTER, FLOATING_IP, SECURITY_GROUP)
