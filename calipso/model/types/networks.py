"""What Neutron and Nova give to a project: networks, ports, instances."""

from __future__ import annotations

from calipso.model.types.base import Field, ObjectType, Open, Search
from calipso.model.types.common import NORTHBOUND, SOUTHBOUND

NETWORKS = "Neutron `GET /v2.0/networks`"
SUBNETS = "Neutron `GET /v2.0/subnets`"
PORTS = "Neutron `GET /v2.0/ports`"
OVN = f"{NORTHBOUND}, {SOUTHBOUND}"
SERVERS = "Nova `GET /servers/detail`"
ADDRESSES = "Neutron's ports, otherwise Nova table `instance_info_caches`"
CACHES = "Nova table `instance_info_caches`, otherwise the ports"


def _of_neutron(source: str) -> tuple[Field, ...]:
    """Fields that Neutron gives to networks and ports alike."""
    return (
        Field("status", "`ACTIVE`, `DOWN`, `BUILD` or `ERROR`.", source, column=True),
        Field("admin_state_up", "False: somebody switched it off.", source),
        Field("project_id", "Id of its project.", source),
        Field("tenant_id", "Id of its project, under its old name.", source),
        Field("project", "Name of its project.", f"{source}, Keystone", column=True),
        Field("description", "Text of its owner.", source),
        Field("tags", "Its tags.", source),
        Field("port_security_enabled", "False: addresses are not checked.", source),
        Field("created_at", "When it was made.", source, unit="time, UTC"),
        Field("updated_at", "When it was last changed.", source, unit="time, UTC", volatile=True),
        Field("revision_number", "Number of its changes.", source, volatile=True),
    )


NETWORK = ObjectType(
    name="network",
    singular="network",
    plural="networks",
    meaning="A network of Neutron, with its subnets and segments.",
    identity="Neutron id",
    parents=("networks_folder",),
    focal_point=True,
    rank=8,
    icon="cloud",
    fields=(
        *_of_neutron(NETWORKS),
        Field("network", "Its own id: links and cliques compare it.", NETWORKS),
        Field("provider:network_type", "`vxlan`, `vlan`, `flat`, ...", NETWORKS, column=True),
        Field("provider:physical_network", "Physical network of a VLAN or flat one.", NETWORKS),
        Field(
            "provider:segmentation_id",
            "VLAN id or VNI.",
            NETWORKS,
            search=Search.WORD,
            column=True,
        ),
        Field(
            "segments",
            "The three fields above for each segment of several.",
            NETWORKS,
            search=Search.PARTS,
        ),
        Field("router:external", "True: floating IPs come from it.", NETWORKS),
        Field("shared", "True: every project may use it.", NETWORKS),
        Field("is_default", "True: the default external network.", NETWORKS),
        Field("mtu", "Largest packet.", NETWORKS, unit="bytes"),
        Field("availability_zones", "Zones with a service of the network.", NETWORKS),
        Field("availability_zone_hints", "Zones its owner asked for.", NETWORKS),
        Field("ipv4_address_scope", "Address scope of its IPv4 subnets.", NETWORKS),
        Field("ipv6_address_scope", "Address scope of its IPv6 subnets.", NETWORKS),
        Field(
            "ovn",
            "What OVN has of it: `tunnel_key` (its number on the wire, other than Neutron's "
            "`provider:segmentation_id`), `ports` (how many), `physical` (`port`, "
            "`physical_network`, `vlan`), `dhcp` (of each subnet what guests are told).",
            OVN,
            volatile=("ports",),
            only="OVN",
        ),
        Field(
            "subnets",
            "Id → subnet as Neutron has it: `cidr`, `gateway_ip`, `enable_dhcp`, `host_routes`, "
            "`dns_nameservers`, `allocation_pools`, `subnetpool_id`, ...",
            SUBNETS,
            volatile=("*.updated_at", "*.revision_number"),
        ),
        Field("subnet_ids", "Ids of its subnets.", SUBNETS),
        Field("cidrs", "Ranges of its subnets.", SUBNETS, search=Search.NETWORK, column=True),
    ),
    open=(Open("Other fields of Neutron's network.", NETWORKS),),
    notes=(
        "A network without a project (Neutron's own for HA routers) is below the admin project. "
        "Subnets and segments are kept here, not as objects."
    ),
)

PORT = ObjectType(
    name="port",
    singular="port",
    plural="ports",
    meaning="A port of Neutron.",
    identity="Neutron id; its name is its MAC address",
    parents=("ports_folder",),
    icon="socket",
    fields=(
        Field("region", "Region whose Neutron lists it.", "Neutron `GET /v2.0/ports`"),
        *_of_neutron(PORTS),
        Field("port_name", "Neutron's name.", PORTS, search=Search.WORD),
        Field("mac_address", "Its MAC address.", PORTS, search=Search.MAC),
        Field("network_id", "Id of its network.", PORTS),
        Field(
            "fixed_ips",
            "List of `ip_address`, `subnet_id`.",
            PORTS,
            search=Search.ADDRESS,
            column=True,
        ),
        Field("device_id", "Id of the instance or router it belongs to.", PORTS),
        Field("device_owner", "What that is, such as `compute:az-east`.", PORTS, column=True),
        Field("binding:host_id", "Host that it is bound to.", PORTS, column=True),
        Field("binding:vif_type", "How it is plugged; `binding_failed`: it is not.", PORTS),
        Field("binding:vif_details", "Details of how it is plugged.", PORTS),
        Field("binding:vnic_type", "`normal`, `direct`, `macvtap`, ...", PORTS),
        Field("binding:profile", "What Nova passes to the driver.", PORTS),
        Field("allowed_address_pairs", "Further addresses it may use.", PORTS),
        Field("security_groups", "Ids of its security groups.", PORTS),
        Field("extra_dhcp_opts", "Its DHCP options.", PORTS),
        Field(
            "ovn",
            "What OVN has of it, beside Neutron's word: `type` of the logical port, `chassis` and "
            "`host` that have claimed it, `up` (its flows are there), `requested_host`, "
            "`additional_hosts` of a migration, `tunnel_key` and `network_key` on the wire, "
            "`port_groups` (security groups), `nat` (its floating IPs, and on which `host`), "
            "`parent_port` and `tag` of a sub-port, `gateway` (`host`, `wished_host`, "
            "`candidates`), `revision_number`.",
            OVN,
            volatile=("revision_number",),
            only="OVN",
        ),
    ),
    open=(Open("Other fields of Neutron's port.", PORTS),),
)

INSTANCE = ObjectType(
    name="instance",
    singular="instance",
    plural="instances",
    meaning="A server of Nova.",
    identity="UUID",
    parents=("instances_folder",),
    focal_point=True,
    rank=0,
    icon="machine",
    fields=(
        Field("uuid", "Its id.", SERVERS, search=Search.WORD),
        Field("local_name", "libvirt's name of it.", SERVERS, search=Search.WORD),
        Field("ip_address", "Its first address.", ADDRESSES),
        Field(
            "addresses",
            "All its fixed addresses, in the order of its NICs.",
            ADDRESSES,
            search=Search.ADDRESS,
            column=True,
        ),
        Field("network_names", "Names of its networks.", CACHES, column=True),
        Field("host_ip_address", "Address of its host.", "`ip_address` of the host"),
        Field("project", "Name of its project.", f"{SERVERS}, Keystone", column=True),
        Field("project_id", "Id of its project.", SERVERS),
        Field("status", "`ACTIVE`, `SHUTOFF`, `ERROR`, ...", SERVERS, column=True),
        Field("vm_state", "Nova's `vm_state`.", SERVERS),
        Field("power_state", "`running`, `shutdown`, `paused`, ...", SERVERS, column=True),
        Field(
            "flavor",
            "`name`, `vcpus`, `ram` (MiB), `disk` (GiB).",
            SERVERS,
        ),
        Field("availability_zone", "Its availability zone.", SERVERS),
        Field("created", "When it was made.", SERVERS, unit="time, UTC"),
        Field(
            "network_info",
            "Its NICs as Nova's cache has them.",
            CACHES,
            # the cache learns it seconds after the port is up
            volatile=("active",),
        ),
        Field("network", "Ids of its networks, in the order of its NICs.", CACHES),
        Field(
            "mac_address",
            "MAC address of its first NIC.",
            CACHES,
            search=Search.MAC,
        ),
        Field(
            "fault",
            "Nova's last failure of it: `code`, `message`, `created`.",
            f"{SERVERS}, Nova table `instance_faults`",
        ),
        Field("no_host_reason", "Why no host of the inventory has it.", SERVERS),
        Field("nova_host", "Host that Nova names, when the inventory lacks it.", SERVERS),
    ),
    notes="An instance that no host has, or whose host is not in the inventory, hangs below its "
    "project, or below the admin project when its own is gone. It moves when it gets a host, and "
    "back.",
)

TYPES = (NETWORK, PORT, INSTANCE)
