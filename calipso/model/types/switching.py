"""What joins instances to NICs on a host: vNICs, services, bridges, switches, tunnels."""

from __future__ import annotations

from calipso.model.types.base import AGENT_COUNTERS, Field, ObjectType, Open, Search
from calipso.model.types.common import (
    AGENT,
    AGENT_OPEN,
    AGENTS,
    LINKS,
    NORTHBOUND,
    SOUTHBOUND,
    addresses,
    admin_state,
    first_addresses,
    mac,
    mtu,
    networks,
    state,
)

LIBVIRT = "`virsh dumpxml` on the host"
NAMESPACES = "`ip netns`, `ip -d -j addr` in the namespace"
OVS = "`ovs-vsctl` on the host"
ENDPOINTS = "Neutron tables `ml2_<type>_endpoints`"
PORT = "Neutron `GET /v2.0/ports`"
BOTH = f"{NORTHBOUND}, {SOUTHBOUND}"
SETTINGS = "`ovs-vsctl list Open_vSwitch` on the host"
INSTANCE_VNIC, VSERVICE_VNIC = "instance_vnic", "vservice_vnic"

VNIC = ObjectType(
    name="vnic",
    singular="vNIC",
    plural="vNICs",
    meaning="A virtual NIC: of an instance (its tap device), or of a service in its namespace.",
    identity="Of an instance `<host>-<device>`; of a vservice `<host>-<namespace>-<device>`, "
    "because device names may repeat across namespaces",
    parents=("vnics_folder",),
    rank=1,
    icon="plug",
    kind="vnic_type",
    fields=(
        Field(
            "pnic", "NIC a guest has (whole, or a function of it), or that is below macvtap.", LINKS
        ),
        Field("pci_address", "PCI address on the host of what the guest got.", LIBVIRT),
        Field("vhost_device", "Of vDPA: the host's device that the guest got.", LIBVIRT),
        Field("lower_devices", "Devices below the guest's macvtap, the nearest first.", LINKS),
        Field("socket", "Path of its vhost-user socket.", LIBVIRT),
        Field(
            "peer",
            "Other end of its veth pair: `device`, and `namespace` (empty: the host's own).",
            LINKS,
            only=VSERVICE_VNIC,
        ),
        Field("sub_ports", "Sub-ports of its trunk: `port_id`, `network`, `vlan`.", PORT),
        Field(
            "vnic_type",
            f"`{INSTANCE_VNIC}` or `{VSERVICE_VNIC}`.",
            "the fetcher",
            column=True,
            example=INSTANCE_VNIC,
        ),
        Field("device", "Name of the device.", f"{LIBVIRT}, {LINKS}", search=Search.WORD),
        mac("MAC address that the guest or the service uses.", f"{LIBVIRT}, {LINKS}"),
        state(),
        admin_state(),
        mtu(),
        addresses("Addresses in the namespace, with prefix length."),
        *first_addresses(),
        Field("port_id", "Id of its Neutron port.", PORT),
        networks("Id of its network.", PORT),
        Field("instance_id", "Id of the instance.", LIBVIRT, only=INSTANCE_VNIC),
        Field(
            "local_name",
            "libvirt's name of the instance.",
            LIBVIRT,
            search=Search.WORD,
            only=INSTANCE_VNIC,
        ),
        Field(
            "host_mac_address",
            "MAC address of the tap.",
            LINKS,
            search=Search.MAC,
            only=INSTANCE_VNIC,
        ),
        Field("source_bridge", "Bridge that libvirt plugged it into.", LIBVIRT, only=INSTANCE_VNIC),
        Field("master", "Bridge or switch that the tap is a port of.", LINKS, only=INSTANCE_VNIC),
        Field("model_type", "Model that the guest sees.", LIBVIRT, only=INSTANCE_VNIC),
        Field(
            "ip_addresses",
            "IP addresses of its Neutron port.",
            PORT,
            search=Search.ADDRESS,
            column=True,
            only=INSTANCE_VNIC,
        ),
        *(
            Field(name, f"`<{name}>` of the `<interface>` element.", LIBVIRT, only=INSTANCE_VNIC)
            for name in (
                "address",
                "alias",
                "driver",
                "mac",
                "model",
                "source",
                "target",
                "virtualport",
                "vlan",
            )
        ),
        Field("vservice_id", "Id of the vservice.", NAMESPACES, only=VSERVICE_VNIC),
        Field("kind", "Kind of the device in the kernel.", NAMESPACES, only=VSERVICE_VNIC),
        Field("cidr", "Subnet of its first address.", NAMESPACES, only=VSERVICE_VNIC),
        Field("netmask", "Mask of that subnet (IPv4).", NAMESPACES, only=VSERVICE_VNIC),
    ),
    open=(
        Open("Attributes of the `<interface>` element.", LIBVIRT, names="@.+"),
        Open("Other parts of the `<interface>` element.", LIBVIRT),
    ),
    notes=(
        "An interface of an instance whose device is not on the host gives no object but a warning."
    ),
)

VCONNECTOR = ObjectType(
    name="vconnector",
    singular="vConnector",
    plural="vConnectors",
    meaning="A Linux bridge: `qbr` of hybrid plugging, `brq` of the Linux bridge agent, or one "
    "that Neutron did not make.",
    identity="`<host>-<bridge>`",
    parents=("vconnectors_folder",),
    focal_point=True,
    rank=2,
    icon="bridge",
    kind="connector_type",
    fields=(
        Field("ways_out", "Ways to NICs: `nic`, `via`, `vlans`, `only_vlans`, `switches`.", LINKS),
        Field("mapped_ways", "Physical network → the same for the device it is mapped to.", LINKS),
        Field("connector_type", "`bridge`.", LINKS),
        Field("bridge_name", "Name of the bridge.", LINKS, search=Search.WORD),
        mac(),
        state(),
        admin_state(),
        mtu(),
        addresses(),
        *first_addresses(),
        Field("stp_enabled", "`yes`: it speaks spanning tree.", LINKS),
        Field(
            "interfaces",
            "Device → `name`, `mac_address`, `state`, `kind`, `lower`, `port_id`, `network`.",
            LINKS,
        ),
        Field("interfaces_names", "Names of these devices.", LINKS, column=True),
        networks("Ids of the networks of its ports."),
        Field(
            "configurations",
            "What the Linux bridge agent of the host reports.",
            AGENTS,
            volatile=AGENT_COUNTERS,
            only="Linux bridge agent",
        ),
    ),
)

VEDGE = ObjectType(
    name="vedge",
    singular="vEdge",
    plural="vEdges",
    meaning="The virtual switch of a host: Open vSwitch.",
    identity="`<host>-OVS`; with ovn-controller `<host>-OVN`",
    parents=("vedges_folder",),
    rank=3,
    icon="vswitch",
    fields=(
        *AGENT,
        Field("agent_id", "Id of its agent.", AGENTS),
        Field(
            "ports",
            "Interface → `id` (OpenFlow number), `bridge`, `port`, `type`, `internal`, `tag`, "
            "`trunks`, `bond_mode`, `mac_address`, `state`, `admin_state`, `port_id`, `error`, "
            "`other_config` (what the agent noted: network, local VLAN `tag`, `segmentation_id`), "
            "`options` of a tunnel. Tunnels to other hosts are in the endpoint of the switch; here "
            "are those of a switch without one.",
            OVS,
        ),
        Field("patch_ports", "Interface → `bridge`, `peer`, `peer_bridge`.", OVS),
        Field(
            "bridges",
            "List of `name`, `physical_network`, `uplinks`, `ways_out`, `ends_at`, "
            "`datapath_type`, `fail_mode`.",
            OVS,
        ),
        Field("uplinks", "Interfaces that leave the host.", f"{OVS}, {LINKS}", column=True),
        Field("bridge_mappings", "Physical network → bridge.", AGENTS),
        Field("pnic", "Without tunnels: the NIC by which all traffic leaves.", f"{OVS}, {LINKS}"),
        Field("system_id", "The chassis that the host names itself.", SETTINGS, only="OVN"),
        Field("chassis", "Name of its chassis in OVN.", SOUTHBOUND, column=True, only="OVN"),
        Field("chassis_uuid", "Id of the row of its chassis.", SOUTHBOUND, only="OVN"),
        Field("chassis_hostname", "The host as its chassis names it.", SOUTHBOUND, only="OVN"),
        Field("gateway", "True: routers may have their gateway here.", SOUTHBOUND, only="OVN"),
        Field(
            "alive",
            "False: ovn-controller is behind by more than one count and 75 seconds.",
            BOTH,
            only="OVN",
        ),
    ),
    open=(AGENT_OPEN,),
    notes=(
        "With OVN, `configurations` and `bridge_mappings` are from the host's Open vSwitch and its "
        "chassis, not from Neutron's table of agents; `agent_id` is the name of the chassis."
    ),
)

OTEP = ObjectType(
    name="otep",
    singular="tunnel endpoint",
    plural="tunnel endpoints",
    meaning="An overlay tunnel endpoint: one for the Open vSwitch of a host, or one for each "
    "tunnel device of the Linux bridge agent.",
    identity="`<host>-otep`, or `<host>-otep-<tunnel device>`. With OVN a further address of the "
    "chassis is `<host>-otep-<address>`",
    parents=("vedge", "vconnector"),
    rank=4,
    icon="tunnel",
    kind="overlay_type",
    fields=(
        Field("ways_out", "Ways to NICs: `nic`, `via`, `vlans`, `only_vlans`, `switches`.", LINKS),
        Field("ends_at", "Where no way leads out: last `device`, and `reason`.", LINKS),
        Field(
            "ip_address",
            "Address of the endpoint.",
            f"{ENDPOINTS}, {SOUTHBOUND}, {LINKS}",
            search=Search.ADDRESS,
            column=True,
        ),
        Field("overlay_type", "`vxlan`, `gre` or `geneve`.", f"{AGENTS}, {LINKS}", column=True),
        Field(
            "tunnel_types",
            "Tunnel types of the agent or chassis.",
            f"{AGENTS}, {SOUTHBOUND}",
            only="Open vSwitch",
        ),
        Field("udp_port", "UDP port of the packets.", f"{ENDPOINTS}, {OVS}, {LINKS}"),
        Field("device", "Device that has the address.", LINKS, search=Search.WORD),
        mac(),
        state(),
        admin_state(),
        mtu(),
        Field("pnics", "NICs by which its packets leave.", LINKS),
        Field("vconnector", "Id of the Linux bridge that has the address, or of its own.", LINKS),
        Field(
            "tunnels",
            "Of each type of tunnel: `type`, and what most tunnels have in common: `bridge`, "
            "`state`, `admin_state`, `options`. `remote_addresses`: peers of this type, if "
            "not all.",
            OVS,
            only="Open vSwitch",
        ),
        Field(
            "odd_tunnels",
            "Tunnels with an `error`, or unlike the others: `name`, `id` (OpenFlow number), "
            "`type`, `remote_ip`, and what differs.",
            OVS,
            only="Open vSwitch",
        ),
        Field(
            "tunnels_state",
            "`up`: Open vSwitch can use at least one tunnel. `down`: none.",
            OVS,
            only="Open vSwitch",
        ),
        Field(
            "bfd",
            "Tunnels between chassis that may be gateways: `name`, `remote_ip`, `state`, "
            "`remote_state`, `diagnostic`.",
            OVS,
            only="OVN",
        ),
        Field("vni", "VNI of its network.", LINKS, column=True, only="Linux bridge agent"),
        Field("tunnel_device", "Its device.", LINKS, only="Linux bridge agent"),
        Field(
            "remote_addresses",
            "Addresses of other endpoints that a tunnel leads to.",
            f"{OVS}; `bridge fdb` on the host",
            unordered=True,
        ),
        networks("Ids of the networks of its Linux bridge.", LINKS),
    ),
)

TYPES = (VNIC, VCONNECTOR, VEDGE, OTEP)
