#!/usr/bin/env bash
# Breaks one plug after the other on a real OpenStack, scans, and looks whether CLI and API say so;
# puts each one back. Prints what they say; ends with the number of steps that failed.
#
#   faults.sh [STEP...]        steps tag999 tag4095 tap qvo linkdown agent namespace error shelve
#
# The environment must have been scanned well, and `calipso up` be running. Nobody else may change
# the cloud meanwhile. Needs, as environment variables:
#   LAB_SSH_CONFIG    ssh configuration that names every host
#   OS_AUTH_URL OS_USERNAME OS_PASSWORD OS_PROJECT_NAME     the cloud, administrator (last four steps)
# May be given: LAB_ENV (lab), PYTHON, CALIPSO; LAB_API and LAB_API_TOKEN (address of the REST API
# and a token for it: what it says is printed too); LAB_OVS_HOST (compute-2: taps in Open vSwitch)
# and LAB_HYBRID_HOST (compute-1: taps in Linux bridges).

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lab/steps.sh
source "$here/steps.sh"
network_host=${LAB_NETWORK_HOST:-network-1}
native=${LAB_OVS_HOST:-compute-2}
hybrid=${LAB_HYBRID_HOST:-compute-1}

on() { ssh -n -F "$LAB_SSH_CONFIG" "$@"; }

scan() { "$calipso" scan run "$env" --watch >/dev/null; }

# says TYPE OBJECT CODE: the object has the problem
says() {
    "$calipso" inventory show "$2" --type "$1" --env "$env" -f json |
        "$python" -c 'import json,sys
codes = [p["code"] for p in json.load(sys.stdin).get("problems") or []]
print("     ", sys.argv[1], "says", codes); sys.exit(sys.argv[2] not in codes)' "$2" "$3"
}

# silent TYPE OBJECT: it has no problem
silent() {
    local found
    found=$("$calipso" inventory show "$2" --type "$1" --env "$env" -f json) &&
        ! grep -q '"problems"' <<<"$found"
}
no_path() { ! grep -q '^path: ' <<<"$shown"; }
whole() {
    shown=$("$calipso" clique show "$1" --env "$env") && ! no_path && ! grep -q '^no path' <<<"$shown"
}

rest() {
    [ -n "${LAB_API_TOKEN:-}" ] || return 0
    curl -sS -G -H "Authorization: Bearer $LAB_API_TOKEN" "$LAB_API/api/v1/inventory" \
        -d env_name="$env" -d problems=true -d fields=type,name,problems | "$python" -m json.tool
}

owner_of() {
    "$calipso" inventory show "$1" --type vnic --env "$env" -f json |
        "$python" -c 'import json,sys; print(json.load(sys.stdin)["instance_id"])'
}

# broken NAME TYPE OBJECT CODE VNIC: scan and look, put back, scan and look
broken() {
    local owner
    owner=$(owner_of "$5")
    expect "$1: scan" scan
    expect "$1: $3 says $4" says "$2" "$3" "$4"
    expect "$1: its instance says cut_off" says instance "$owner" cut_off
    shown=$("$calipso" clique show "$owner" --env "$env" 2>&1)
    sed 's/^/      /' <<<"$shown"
    expect "$1: no path leads to the network" no_path
    "$calipso" link list --env "$env" --state down | sed 's/^/      /'
    rest
    put_back
    sleep 3 # Open vSwitch opens a device again
    expect "$1: put back, scan" scan
    expect "$1: $3 says nothing any more" silent "$2" "$3"
    expect "$1: nor does its instance" silent instance "$owner"
    expect "$1: the path is whole" whole "$owner"
}

tagged() {
    local port tag
    port=$(on "$native" "ovs-vsctl --bare --columns=name find Port 'tag!=[]' | grep ^tap | sort | head -1")
    tag=$(on "$native" "ovs-vsctl get Port $port tag")
    undo="on $native ovs-vsctl set Port $port tag=$tag"
    on "$native" "ovs-vsctl set Port $port tag=$1"
    broken "$port of $native has tag $1 instead of $tag" vnic "$native-$port" "$2" "$native-$port"
}

# the first port of the hybrid host, without its prefix
port() { on "$hybrid" "ls /sys/class/net | grep ^qbr | sort | head -1 | sed s/^qbr//"; }

tag999() { tagged 999 wrong_vlan; }
tag4095() { tagged 4095 dead_vlan; }

tap() {
    local id
    id=$(port)
    undo="on $hybrid ip link set tap$id master qbr$id"
    on "$hybrid" "ip link set tap$id nomaster"
    broken "tap$id out of its bridge" vnic "$hybrid-tap$id" tap_not_in_bridge "$hybrid-tap$id"
}

qvo() {
    local id outer inner mtu
    id=$(port)
    outer=$(on "$hybrid" "cat /sys/class/net/qvo$id/address")
    inner=$(on "$hybrid" "cat /sys/class/net/qvb$id/address")
    mtu=$(on "$hybrid" "cat /sys/class/net/qvo$id/mtu")
    undo="on $hybrid 'ip link add qvo$id address $outer mtu $mtu type veth peer name qvb$id address \
$inner mtu $mtu && ip link set qvb$id master qbr$id up && ip link set qvo$id promisc on up'"
    on "$hybrid" "ip link del qvo$id"
    broken "qvo$id removed" vconnector "$hybrid-qbr$id" veth_broken "$hybrid-tap$id"
}

linkdown() {
    local id
    id=$(port)
    undo="on $hybrid ip link set tap$id up"
    on "$hybrid" "ip link set tap$id down"
    broken "tap$id down" vnic "$hybrid-tap$id" link_down "$hybrid-tap$id"
}

# -- what the API shows ------------------------------------------------------------------

trouble() { "$python" "$here/trouble.py" "$@"; }
show() { "$calipso" inventory show "$@" --env "$env" | sed 's/^/      /'; }
dhcp() { on "$network_host" "pkill -$1 -f '[n]eutron-dhcp-agent'"; }
agent_id() {
    "$calipso" inventory list --env "$env" --type network_agent -f json --limit 0 -c id -c name -c host |
        "$python" -c 'import json,sys
print(next(a["id"] for a in json.load(sys.stdin)
           if a["name"] == "neutron-dhcp-agent" and a["host"] == sys.argv[1]))' "$network_host"
}

agent() {
    local id
    id=$(agent_id)
    undo="dhcp CONT"
    dhcp STOP
    trouble alive neutron-dhcp-agent "$network_host" no
    expect "agent stopped: scan" scan
    expect "agent stopped: it says agent_down" says network_agent "$id" agent_down
    show "$id" --type network_agent
    put_back
    trouble alive neutron-dhcp-agent "$network_host" yes
    expect "agent goes on: scan" scan
    expect "agent goes on: it says nothing any more" silent network_agent "$id"
}

# a network is made while the agent stands still: no namespace; then deleted likewise: an orphan
namespace() {
    local id
    undo="dhcp CONT"
    dhcp STOP
    id=$(trouble network)
    expect "no namespace: scan" scan
    expect "no namespace: network says namespace_missing" says network "$id" namespace_missing
    show "$id" --type network
    dhcp CONT
    for _ in $(seq 60); do on "$network_host" "ip netns" | grep -q "qdhcp-$id" && break; sleep 2; done
    expect "the agent made it: scan" scan
    expect "the agent made it: network says nothing any more" silent network "$id"
    dhcp STOP
    trouble forget "$id"
    expect "orphan: scan" scan
    expect "orphan: vservice says namespace_orphan" \
        says vservice "$network_host-qdhcp-$id" namespace_orphan
    show "$network_host-qdhcp-$id" --type vservice
    put_back
    for _ in $(seq 60); do on "$network_host" "ip netns" | grep -q "qdhcp-$id" || break; sleep 2; done
    expect "the agent removed it: scan" scan
}

error() {
    local id
    id=$(trouble error)
    undo="trouble remove $id"
    expect "instance in ERROR: scan" scan
    expect "instance in ERROR: it says instance_error" says instance "$id" instance_error
    show "$id" --type instance
    "$calipso" clique show "$id" --env "$env" 2>&1 | sed 's/^/      /'
    put_back
    expect "instance removed: scan" scan
}

shelve() {
    local id
    id=$(trouble shelve "${LAB_SHELVED:-demo-web-1}")
    undo="trouble unshelve $id"
    expect "shelved: scan" scan
    "$calipso" inventory show "$id" --type instance --env "$env" -f json |
        "$python" -c 'import json,sys
item = json.load(sys.stdin)
print("     ", item["name_path"], "|", item.get("no_host_reason"))'
    "$calipso" clique show "$id" --env "$env" 2>&1 | sed 's/^/      /'
    put_back
    expect "unshelved: scan" scan
    expect "unshelved: the path is whole" whole "$id"
}

[ $# -gt 0 ] || set -- tag999 tag4095 tap qvo linkdown agent namespace error shelve
steps "$@"
