#!/usr/bin/env bash
# Wires a real OpenStack in the ways that other people's clouds are wired, with real commands, one
# change after the other; scans, and holds the result against the truth. Puts each change back, and
# holds the result of a scan against the truth again. Ends with the number of steps that failed.
#
#   wiring.sh [STEP...]        steps veth bond trunk namespace linkdown guestdown tag4095 pair open
#
# The environment must have been added, and `calipso up` be running. Nobody else may change the
# cloud meanwhile. Needs, as environment variables:
#   LAB_SSH_CONFIG    ssh configuration that names every host
#   OS_AUTH_URL OS_USERNAME OS_PASSWORD OS_PROJECT_NAME     the cloud, administrator
# May be given: LAB_ENV (lab), PYTHON, CALIPSO, LAB_OVS_HOST (compute-2: taps in Open vSwitch, NIC
# LAB_NIC (eth2) in the bridge LAB_BRIDGE (br-ex)).

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lab/steps.sh
source "$here/steps.sh"
host=${LAB_OVS_HOST:-compute-2}
nic=${LAB_NIC:-eth2}
bridge=${LAB_BRIDGE:-br-ex}

on() { ssh -n -F "$LAB_SSH_CONFIG" "$host" "set -e; $*"; }

# scan: what it printed is shown when it failed
scan() {
    local said
    said=$("$calipso" scan run "$env" --watch 2>&1) || { tail -5 <<<"$said"; return 1; }
}
ports() { "$python" "$here/ports.py" "$@"; }

# truth: its totals, and what is not right
truth() {
    local said code
    said=$("$python" "$here/truth.py" --calipso "$calipso" --env "$env")
    code=$?
    grep -E '^(TOTAL|missing|extra|different)' <<<"$said" | sed 's/^/      /'
    return $code
}

# links_of TYPE OBJECT: the links of the type that the object has, as `source -> target state`
links_of() {
    "$calipso" link list --env "$env" --type "$1" --object "$2" --direct --limit 0 -f json |
        "$python" -c 'import json,sys
for link in sorted(json.load(sys.stdin), key=lambda link: link["target_id"]):
    told = link.get("attributes") or {}
    print(link["source_id"], "->", link["target_id"], link["state"],
          *["uplink"] * bool(told.get("uplink")), told.get("reason", ""))'
}

# links TYPE OBJECT WANTED: print them; one is so
links() {
    local found
    found=$(links_of "$1" "$2") && sed 's/^/      /' <<<"$found" && grep -qE -e "$3" <<<"$found"
}

# no_links TYPE OBJECT: it has none of the type
no_links() {
    local found
    found=$(links_of "$1" "$2") && [ -z "$found" ]
}

# field TYPE OBJECT FIELD WANTED: the object has this value, a Python literal
field() {
    "$calipso" inventory show "$2" --type "$1" --env "$env" -f json |
        "$python" -c 'import ast,json,sys
found = json.load(sys.stdin).get(sys.argv[1])
print("     ", sys.argv[1], "is", found); sys.exit(found != ast.literal_eval(sys.argv[2]))' "$3" "$4"
}

# leads INSTANCE NUMBER: paths lead from it to so many networks
leads() {
    local shown found
    shown=$("$calipso" clique show "$1" --env "$env" 2>&1)
    found=$(grep -c '^path: ' <<<"$shown")
    grep -E '^(path|no path)' <<<"$shown" | sed 's/^/      /'
    [ "$found" -eq "$2" ]
}

# wired NAME: scan, and look whether the truth was found
wired() {
    expect "$1: scan" scan
    expect "$1: truth: missing 0, extra 0, different 0" truth
}

back() {
    put_back
    sleep 3 # Open vSwitch opens a device again
    wired "$1: put back"
}

# a tap in Open vSwitch, and the instance it belongs to
tap() { on "ovs-vsctl --bare --columns=name find Port 'tag!=[]' | grep ^tap | sort | head -1"; }
owner() {
    "$calipso" inventory show "$host-$1" --type vnic --env "$env" -f json |
        "$python" -c 'import json,sys; print(json.load(sys.stdin)["instance_id"])'
}

# the NIC in a Linux bridge, and a veth pair from there to the bridge of Open vSwitch
veth() {
    undo="on 'ovs-vsctl --if-exists del-port $bridge cal-ovs; ip link set $nic nomaster;
        ip link del cal-lnx; ip link del br-cal; ovs-vsctl add-port $bridge $nic'"
    on "ip link add br-cal type bridge; ip link add cal-ovs type veth peer name cal-lnx
        ovs-vsctl del-port $bridge $nic -- add-port $bridge cal-ovs
        ip link set $nic master br-cal; ip link set cal-lnx master br-cal
        for d in cal-ovs cal-lnx br-cal; do ip link set \$d up; done"
    wired "veth into a Linux bridge before $nic"
    expect "the Linux bridge is the way out of the switch" \
        links vconnector-vedge "$host-br-cal" "^$host-br-cal -> $host-OVS up uplink"
    expect "it leads to the NIC" links vconnector-host_pnic "$host-br-cal" "-> $host-$nic up"
    expect "the NIC carries its networks" links host_pnic-network "$host-$nic" " up"
    back veth
}

# a second NIC (the far end of its wire is in a namespace that this host does not have) and a bond
bond() {
    undo="on 'ovs-vsctl --if-exists del-port $bridge bond-cal -- add-port $bridge $nic
        ip link del eth9; kill \$(cat /run/calipso-far); rm /run/calipso-far'"
    on "setsid unshare -n sleep 3600 >/dev/null 2>&1 & echo \$! >/run/calipso-far; sleep 1
        far=\$(cat /run/calipso-far); ip link add eth9 type veth peer name far9 netns \$far
        nsenter -t \$far -n ip link set far9 up; ip link set eth9 up
        ovs-vsctl del-port $bridge $nic -- \
            add-bond $bridge bond-cal $nic eth9 bond_mode=active-backup"
    wired "bond of Open vSwitch"
    expect "both members are NICs of the switch" \
        links vedge-host_pnic "$host-eth9" "-> $host-eth9 up"
    expect "the first too" links vedge-host_pnic "$host-$nic" "-> $host-$nic up"
    on ip link set eth9 down
    wired "one member of the bond down"
    expect "that member is down" links vedge-host_pnic "$host-eth9" "-> $host-eth9 down link_down"
    expect "the other is not" links vedge-host_pnic "$host-$nic" "-> $host-$nic up"
    back bond
}

# what Neutron's agent leaves behind: patches of the integration bridge to a bridge that is gone
tidy() {
    on 'have=" $(ovs-vsctl --bare --columns=name list Port | tr "\n" " ") "
        for p in $(ovs-vsctl list-ports br-int | grep -E "^(tpi|spi)-" || true); do
            peer=$(ovs-vsctl get Interface $p options:peer | tr -d \")
            case $have in *" $peer "*) ;; *) ovs-vsctl del-port br-int $p ;; esac
        done'
}

# tap_is_up INSTANCE: libvirt sets it up a little after Nova says ACTIVE
tap_is_up() {
    local device
    device=$(on "virsh domiflist $1 | awk 'NR>2 && NF {print \$1}'") && [ -n "$device" ] || return 1
    for _ in $(seq 30); do
        on "ip -br link show $device" | grep -q LOWER_UP && return 0
        sleep 1
    done
    return 1
}

trunk() {
    local id
    id=$(ports trunk "$host") || { expect "trunk: made" false; return; }
    undo="ports untrunk $id >/dev/null; tidy"
    expect "trunk: the tap of its instance is up" tap_is_up "$id"
    wired "trunk with two sub-ports"
    on "ovs-vsctl --format=csv --no-heading --columns=name,tag list Port | grep -E '^(tap|tpt|spt)-?'" |
        sed 's/^/      /'
    expect "paths lead to the network of the port and to those of both sub-ports" leads "$id" 3
    back trunk
}

# two namespaces with devices called like the NICs, one also joined to the host
namespace() {
    undo="on 'ip netns del cal-a; ip netns del cal-b'"
    on "ip netns add cal-a; ip netns add cal-b
        ip link add $nic netns cal-a type veth peer name eth1 netns cal-b
        ip link add eth0 netns cal-a type veth peer name cal-pod
        ip -n cal-a link set $nic up; ip -n cal-b link set eth1 up
        ip -n cal-a link set eth0 up; ip link set cal-pod up"
    wired "namespace with a device called like the NIC"
    expect "its two ends are joined" \
        links vnic-vnic "$host-cal-a-$nic" "^$host-cal-a-$nic -> $host-cal-b-eth1 up"
    expect "the other end of its eth0 is the host's cal-pod" \
        field vnic "$host-cal-a-eth0" peer '{"device": "cal-pod", "namespace": ""}'
    expect "it is no port of the switch" no_links vnic-vedge "$host-cal-a-$nic"
    expect "the NIC is still one" links vedge-host_pnic "$host-$nic" "-> $host-$nic up"
    back namespace
}

# cut NAME TAP: no path of its instance leads to the network of this tap
cut() {
    local id
    id=$(owner "$2")
    wired "$1"
    links_of vnic-vedge "$host-$2" | sed 's/^/      /'
    links_of instance-vnic "$host-$2" | sed 's/^/      /'
    expect "$1: no path leads to the network" leads "$id" 0
    back "$1"
    expect "$1: the path is whole again" leads "$id" 1
}

linkdown() {
    local device
    device=$(tap)
    undo="on ip link set $device up"
    on "ip link set $device down"
    cut "link of $device down" "$device"
}

guestdown() {
    local device guest
    device=$(tap)
    guest=$(owner "$device")
    undo="on virsh -q domif-setlink $guest $device up"
    on "virsh -q domif-setlink $guest $device down"
    cut "libvirt has set the link of $device down" "$device"
}

tag4095() {
    local device tag
    device=$(tap)
    tag=$(on "ovs-vsctl get Port $device tag")
    undo="on ovs-vsctl set Port $device tag=$tag"
    on "ovs-vsctl set Port $device tag=4095"
    cut "tag 4095 on $device" "$device"
}

pair() {
    local id
    id=$(ports pair "$host")
    undo="ports unpair $id >/dev/null"
    wired "allowed address pair"
    "$calipso" inventory show "$id" --type port --env "$env" -f json |
        grep -A4 allowed_address_pairs | sed 's/^/      /'
    back pair
}

open() {
    local word
    word=$(ports open "$host")
    undo="ports close $word >/dev/null"
    wired "port without security"
    expect "the port says so" field port "${word%%,*}" port_security_enabled False
    back open
}

[ $# -gt 0 ] || set -- veth bond trunk namespace linkdown guestdown tag4095 pair open
steps "$@"
