"""What a host is asked for the facts of all checks: each text once, all in one round trip.

No text holds data of a cloud. Loops run on the host, with their variables quoted.
"""

#: Name -> text, and the program that it needs (which decides in what container it runs).
COMMANDS = {
    "links": ("ip -d -s -j addr show", "ip"),
    "namespaces": (
        "l=$(ip netns list) || exit\n"
        "printf '%s\\n' \"$l\" | while read -r ns rest; do\n"
        '  [ -n "$ns" ] || continue\n'
        "  printf 'netns: %s\\n' \"$ns\"\n"
        '  ip -n "$ns" -d -j addr show\n'
        "  printf '\\nexit: %s\\nroutes: ' \"$?\"\n"
        "  ip -n \"$ns\" route show default | tr '\\n' ';'\n"
        "  echo\n"
        "done",
        "ip netns",
    ),
    "ovs": (
        "ovs-vsctl --timeout=15 --format=json"
        " -- --columns=_uuid,name,ports list Bridge"
        " -- --columns=_uuid,name,tag,interfaces list Port"
        " -- --columns=_uuid,name,type,options,link_state,admin_state,external_ids,error"
        " list Interface",
        "ovs-vsctl",
    ),
    "ovs_flows": ("ovs-ofctl -t 5 dump-aggregate br-int", "ovs-vsctl"),
    "processes": (
        "l=$(ps -eo pid,stat,args) || exit\n"
        "printf '%s\\n' \"$l\" | grep -E "
        "'[d]nsmasq|[o]vs-vswitchd|[o]vsdb-server|[h]aproxy|[k]eepalived|[r]advd' || :",
        "ps",
    ),
    "domains": (
        "r=$(virsh list --state-running --uuid) || exit\n"
        "a=$(virsh list --all --uuid) || exit\n"
        'printf \'%s\\n==\\n%s\\n\' "$r" "$a"',
        "virsh",
    ),
    "bonds": (
        'for f in /proc/net/bonding/*; do [ -f "$f" ] || continue;'
        ' printf \'== %s\\n\' "${f##*/}"; cat "$f"; done',
        "cat",
    ),
    "speeds": (
        "for d in /sys/class/net/*; do\n"
        '  read -r s 2>/dev/null <"$d/speed" && printf \'%s %s\\n\' "${d##*/}" "$s"\n'
        "done; :",
        "cat",
    ),
    "ha": (
        "for f in /var/lib/neutron/ha_confs/*/state; do\n"
        '  [ -f "$f" ] || continue\n'
        '  d=${f%/state}; printf \'%s %s\\n\' "${d##*/}" "$(cat "$f")"\n'
        "done; :",
        "cat",
    ),
    "host": ("date +%s.%N; cat /proc/loadavg", "cat"),
}

#: Commands that only some drivers need: not asked of hosts without them.
OF_OVS = frozenset({"ovs", "ovs_flows"})
