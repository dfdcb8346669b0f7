"""Hosts, what runs on them for Neutron, and their hardware."""

from __future__ import annotations

from calipso.model.types.base import Field, ObjectType, Open, Search
from calipso.model.types.common import (
    AGENT,
    AGENT_OPEN,
    LINKS,
    addresses,
    admin_state,
    first_addresses,
    mac,
    mtu,
    state,
)

SERVICES = "Nova `GET /os-services`"
HYPERVISORS = "Nova `GET /os-hypervisors/detail`"
AGENTS = "Neutron `GET /v2.0/agents`"
ETHTOOL = "`ethtool` on the host"
BONDING = "`/proc/net/bonding` on the host"
LLDP = "`lldpctl` on the host"
NODES = "APIC classes `fabricNode`, `topSystem`"
HEARD = "APIC class `lldpAdjEp`"
PORTS = "APIC class `ethpmPhysIf`"

HOST = ObjectType(
    name="host",
    singular="host",
    plural="hosts",
    meaning="A machine that runs one of Nova's services or of Neutron's agents.",
    identity="Host name as Nova's services and Neutron's agents have it",
    parents=("availability_zone",),
    icon="server",
    kind="host_type",
    fields=(
        Field("zone", "Its availability zone.", f"{SERVICES}, {AGENTS}", column=True),
        Field(
            "host_type",
            "List out of `Controller`, `Compute`, `Network`; `Baremetal` or `VMware` for a compute "
            "service that stands for machines elsewhere.",
            f"{SERVICES}, {AGENTS}",
            column=True,
        ),
        Field(
            "services",
            "Nova service → `available` (it reports in time), `active` (it is not disabled), "
            "`disabled_reason`, `forced_down`.",
            SERVICES,
            volatile=("*.updated_at",),
        ),
        Field(
            "network_agents",
            "Agent type → the same of Neutron's agent on the host.",
            AGENTS,
        ),
        Field("region", "Its region.", f"{SERVICES}, {AGENTS}"),
        Field(
            "other_names",
            "Names that Neutron has for the host, where they differ from Nova's.",
            AGENTS,
            search=Search.WORD,
        ),
        Field("os_id", "Id of the hypervisor.", HYPERVISORS),
        Field("hypervisor_hostname", "Name of the hypervisor.", HYPERVISORS, search=Search.WORD),
        Field("hypervisor_type", "Kind of hypervisor, such as `QEMU`.", HYPERVISORS),
        Field(
            "ip_address",
            "Address of the hypervisor.",
            HYPERVISORS,
            search=Search.ADDRESS,
            column=True,
        ),
        Field("config", "Configuration of its network agent, without counters.", AGENTS),
        Field(
            "OS",
            "`name`, `version`, `ID`, `ID_LIKE`, `architecture`, `hostname`.",
            "`/etc/os-release`, `uname` on the host",
        ),
        Field(
            "addresses",
            "Its addresses: a list of `device`, `address`.",
            LINKS,
            search=Search.ADDRESS,
        ),
    ),
    notes="A host that Nova does not know hangs below the zone of its agents, otherwise below "
    "`internal`.",
)

NETWORK_AGENT = ObjectType(
    name="network_agent",
    singular="network agent",
    plural="network agents",
    meaning="An agent of Neutron on a host.",
    identity="`<binary>-<agent id>`",
    parents=("network_agents_folder",),
    icon="agent",
    fields=(
        *AGENT,
        Field("alive", "True: it reports to Neutron in time.", AGENTS, column=True),
    ),
    open=(AGENT_OPEN,),
)

HOST_PNIC = ObjectType(
    name="host_pnic",
    singular="NIC",
    plural="NICs",
    meaning="What reaches out of a host: a device with hardware below it, or a bond.",
    identity="`<host>-<device>`",
    parents=("pnics_folder",),
    focal_point=True,
    rank=5,
    icon="nic",
    fields=(
        Field("local_name", "Name of the device.", LINKS, search=Search.WORD),
        mac(),
        Field(
            "permanent_mac_address",
            "MAC address of the hardware, where another one is set.",
            LINKS,
            search=Search.MAC,
        ),
        state(),
        admin_state(),
        mtu(),
        addresses(),
        *first_addresses(),
        Field(
            "speed",
            "Speed of the line; for a bond, of its active members.",
            ETHTOOL,
            unit="bit/s",
            column=True,
        ),
        Field("duplex", "`full` or `half`.", ETHTOOL),
        Field("driver", "Driver of the kernel.", f"{ETHTOOL}; `bonding` for a bond"),
        Field("firmware_version", "Version of its firmware.", ETHTOOL),
        Field("bus_info", "Its place on the bus.", ETHTOOL),
        Field(
            "lldp",
            "Neighbour: `system_name`, `chassis_id`, `port_id`, `port_description`, "
            "`management_addresses`, `vlan`, `capabilities`.",
            LLDP,
            search=Search.PARTS,
        ),
        Field(
            "virtual_functions",
            "Its functions: `number`, `pci_address`, `device`, `mac_address`.",
            LINKS,
        ),
        Field("pci_address", "Of a NIC no device of the kernel drives: where it is.", ETHTOOL),
        Field("dpdk", "True: Open vSwitch drives it, in user space.", ETHTOOL),
        Field("lldp_others", "Further neighbours on the same line.", LLDP),
        Field("master", "Linux bridge or switch that it is a port of.", LINKS),
        Field("EtherChannel", "True: a bond, or a member of one.", LINKS),
        Field("EtherChannel Master", "Of a member: id of the bond. Of a bond: empty.", LINKS),
        Field("members", "Of a bond: member → what the kernel says of it.", BONDING),
    ),
    open=(
        Open("What `ethtool` prints.", ETHTOOL, names=r"[A-Z][A-Za-z -]*( \(.*\))?"),
        Open("What the kernel says of a bond.", BONDING, names=r"(802\.3ad|802\[dot\]3ad|[A-Z]).*"),
    ),
    notes=(
        "On a host that is itself a namespace or a container, a veth counts as a NIC when its "
        "other end is outside and no virtual switch of the host made it."
    ),
)

SWITCH = ObjectType(
    name="switch",
    singular="switch",
    plural="switches",
    meaning="A physical switch: one that a host sees by LLDP, or a leaf or spine of Cisco ACI.",
    identity="`switch-<chassis id>`, a slash as `_`; of ACI `switch-pod-1__node-101-leaf`",
    fields=(
        Field("chassis_id", "How it names itself.", LLDP),
        Field("management_addresses", "Its addresses.", f"{LLDP}; {NODES}", search=Search.ADDRESS),
        Field("role", "Of ACI: `leaf` or `spine`.", NODES, column=True),
        Field("dn", "Of ACI: its distinguished name.", NODES),
        Field("state", "Of ACI: what the fabric says of it, such as `active`.", NODES),
        Field("ip_address", "Of ACI: its address in the fabric.", NODES),
        Field("model", "Of ACI: hardware.", NODES),
        Field("serial", "Of ACI: serial number.", NODES),
        Field("version", "Of ACI: software.", NODES),
        Field("capabilities", "What it says it does: `Bridge`, `Router`, ...", LLDP),
    ),
    parents=("switches_folder",),
    rank=7,
    icon="switch",
    notes=(
        "One object however many hosts see it; a leaf of ACI that hosts see is the object that the "
        "APIC names. Otherwise it is made of what the inventory has of NICs: it "
        "goes when no stored NIC sees it any more, not when a host cannot be read."
    ),
)

SWITCH_PNIC = ObjectType(
    name="switch_pnic",
    singular="switch port",
    plural="switch ports",
    meaning="A port of a physical switch that a NIC or another switch is on.",
    identity="`<switch id>-<port>`, a slash as `_`; of ACI as `__`",
    fields=(
        Field("role", "Of ACI: `hostlink`, `uplink` or `downlink`.", HEARD, column=True),
        Field("state", "Of ACI: `up`, `down` or `unknown`.", PORTS, column=True),
        Field("speed", "Of ACI: as the fabric writes it, such as `25G`.", PORTS),
        Field("connected_to", "Of ACI: id of the port at the other end.", HEARD),
        Field(
            "connected_nics",
            "Of ACI: `nic` (id) and `evidence`: `lldp`, or `learned` for its MAC address.",
            f"{HEARD}, `epmMacEp`",
        ),
        Field("description", "What the switch says of the port.", LLDP),
        Field("vlan", "VLAN of untagged frames there.", LLDP),
    ),
    parents=("switch",),
    focal_point=True,
    rank=6,
    icon="switch-port",
)

AGENT_WORD = ObjectType(
    name="agent",
    singular="agent",
    plural="agents",
    meaning="A word of the original model for a network agent.",
    identity="None",
    icon="agent-word",
    planned="`network_agent` is used instead.",
)

TYPES = (HOST, NETWORK_AGENT, HOST_PNIC, SWITCH, SWITCH_PNIC, AGENT_WORD)
