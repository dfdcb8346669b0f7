"""The commands CLI fetchers may ask of a host.

All of them go to a host together, as one script (`bundle`). A text holds no data of the cloud:
where something is done per device, namespace or domain, the loop runs on the host and its
variable is quoted, so a name with shell metacharacters is only ever an argument.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command: `name` is its file name in recorded clouds, `tool` the program it needs.

    The tool decides in which container the command runs (`container`).
    """

    name: str
    text: str
    tool: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Answer:
    """What a command said. `lost` names why there is no whole answer (timeout, truncated)."""

    exit: int | None
    out: str
    err: str
    lost: str = ""


#: Distribution, version and architecture of the host.
OS_RELEASE = Command(
    "os_release",
    """cat /etc/os-release; echo; echo "ARCHITECTURE=$(uname -m)"; echo "HOSTNAME=$(uname -n)\"""",
    "cat",
)

#: Every network device of the host with its addresses.
LINKS = Command("links", "ip -d -j addr show", "ip", "Install iproute2 4.18 or newer.")

#: Per namespace a line `netns: <name>`, with ` (id: <number>)` where the host gave it one, its
#: devices as JSON, a line `exit: <status>`.
NAMESPACE_LINKS = Command(
    "namespace_links",
    "l=$(ip netns list) || exit\n"
    "printf '%s\\n' \"$l\" | while read -r ns rest; do\n"
    '  [ -n "$ns" ] || continue\n'
    '  case "$rest" in "(id: "*) ;; *) rest=;; esac\n'
    "  printf 'netns: %s\\n' \"$ns${rest:+ $rest}\"\n"
    '  ip -n "$ns" -d -j addr show\n'
    "  printf '\\nexit: %s\\n' \"$?\"\n"
    "done",
    "ip netns",
    "Install iproute2 4.18 or newer.",
)

#: The UUIDs of the running domains, one per line, then their XML documents. A domain that is
#: listed but has no document was gone, or could not be read.
DOMAINS = Command(
    "domains",
    "l=$(virsh list --uuid) || exit\n"
    'q=""\n'
    'for u in $l; do echo "$u"; q="${q}dumpxml $u;"; done\n'
    '[ -z "$q" ] || virsh "$q" || exit 0',
    "virsh",
    "Is libvirt running there? Compute hosts need `virsh`.",
)

#: Bridges, ports and interfaces of Open vSwitch, one JSON table a line, one transaction.
OVS = Command(
    "ovs",
    "ovs-vsctl --timeout=15 --format=json"
    " -- --columns=_uuid,name,ports,datapath_type,fail_mode list Bridge"
    " -- --columns=_uuid,name,tag,trunks,vlan_mode,bond_mode,other_config,interfaces list Port"
    " -- --columns=_uuid,name,type,options,ofport,mac_in_use,link_state,admin_state,"
    "external_ids,error,mtu,ifindex,status list Interface",
    "ovs-vsctl",
    "Is Open vSwitch installed there? This environment's mechanism_drivers says OVS.",
)

#: What ovn-controller of the host was told, which peers its tunnels lead to, what BFD says of them.
OVN_CHASSIS = Command(
    "ovn_chassis",
    "ovs-vsctl --timeout=15 --format=json"
    " -- --columns=external_ids list Open_vSwitch"
    " -- --columns=name,external_ids list Port"
    " -- --columns=name,bfd_status list Interface",
    "ovs-vsctl",
    "Is Open vSwitch installed there? This environment's mechanism_drivers says OVN.",
)

#: Devices that are NICs or may be: a line `== <device> <device|bonding|veth>`, then ethtool. Then
#: the PCI functions for networks, also those no device of the kernel drives: `== <address> pci`.
NICS = Command(
    "nics",
    "for d in /sys/class/net/*; do\n"
    "  n=${d##*/} k=\n"
    '  if [ -e "$d/device" ]; then k=device\n'
    '  elif [ -e "$d/bonding" ]; then k=bonding\n'
    "  else\n"
    '    case "$n" in lo|tap*|qv[bo]*|q[rg]-*|sg-*|ha-*|fg-*|fpr-*|rfp-*|ns-*|veth*) continue;;'
    " esac\n"
    '    read -r a <"$d/iflink" && read -r b <"$d/ifindex" && [ "$a" != "$b" ] || continue\n'
    "    k=veth\n"
    '    while read -r a; do case "$a" in DEVTYPE=*) k=;; esac; done <"$d/uevent"\n'
    '    [ -n "$k" ] || continue\n'
    "  fi\n"
    '  printf \'== %s %s\\n\' "$n" "$k"\n'
    '  ethtool "$n"; ethtool -i "$n"\n'
    "done\n"
    "for d in /sys/bus/pci/devices/*; do\n"
    '  read -r c 2>/dev/null <"$d/class" || continue\n'
    '  case "$c" in 0x02*) ;; *) continue;; esac\n'
    "  printf '== %s pci\\n' \"${d##*/}\"\n"
    '  [ ! -e "$d/driver" ] || { a=$(readlink "$d/driver"); echo "driver: ${a##*/}"; }\n'
    '  for n in "$d"/net/*; do [ ! -e "$n" ] || printf \'net: %s\\n\' "${n##*/}"; done\n'
    '  for f in "$d"/virtfn*; do\n'
    '    [ -e "$f" ] || continue\n'
    '    a=$(readlink "$f"); echo "virtfn: ${f##*/virtfn} ${a##*/}"\n'
    "  done\n"
    "done; :",
    "ethtool",
    "Install ethtool to see speed and driver of NICs.",
)

#: The kernel's bonding files: a line `== <bond>` before each.
BONDS = Command(
    "bonds",
    'for f in /proc/net/bonding/*; do [ -f "$f" ] || continue;'
    ' printf \'== %s\\n\' "${f##*/}"; cat "$f"; done',
    "cat",
)

#: Neighbours that speak LLDP.
LLDP = Command("lldp", "lldpctl -f json0", "lldpctl", "Install lldpd to see switch ports.")

#: Routes of the main table, IPv4 then IPv6: one JSON list a line.
ROUTES = Command(
    "routes",
    "ip -j -4 route show table main; echo; ip -j -6 route show table main; echo; :",
    "ip",
    "Install iproute2 4.18 or newer.",
)

#: Forwarding entries of VXLAN devices: a line `== <device>` before each JSON list.
FDB = Command(
    "fdb",
    "for d in /sys/class/net/*; do\n"
    "  while read -r a; do\n"
    '    [ "$a" = DEVTYPE=vxlan ] || continue\n'
    '    printf \'== %s\\n\' "${d##*/}"; bridge -j fdb show dev "${d##*/}"; echo\n'
    '  done <"$d/uevent"\n'
    "done; :",
    "bridge",
    "Install iproute2 4.18 or newer.",
)

COMMANDS: tuple[Command, ...] = (
    OS_RELEASE,
    LINKS,
    NAMESPACE_LINKS,
    DOMAINS,
    OVS,
    OVN_CHASSIS,
    NICS,
    BONDS,
    LLDP,
    FDB,
    ROUTES,
)

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}


def as_command(question: Command | str) -> Command:
    """A command of this list, also by its name, or one made of a plug-in's text."""
    if isinstance(question, Command):
        return question
    if question in BY_NAME:
        return BY_NAME[question]
    words = question.split()
    tool = " ".join(words[:2] if words[:2] == ["ip", "netns"] else words[:1])
    return Command(question, question, tool)
