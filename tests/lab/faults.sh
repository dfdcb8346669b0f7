#!/usr/bin/env bash
# Breaks one plug after the other on a real OpenStack, scans, and looks whether CLI and API say so;
# puts each one back. Prints what they say; ends with the number of steps that failed.
#
#   faults.sh [STEP...]        steps tag999 tag4095 tap qvo linkdown
#
# The environment must have been scanned well, and `calipso up` be running. Nobody else may change
# the cloud meanwhile. Needs, as environment variables:
#   LAB_SSH_CONFIG    ssh configuration that names every host
# May be given: LAB_ENV (lab), PYTHON, CALIPSO; LAB_API and LAB_API_TOKEN (address of the REST API
# and a token for it: what it says is printed too); LAB_OVS_HOST (compute-2: taps in Open vSwitch)
# and LAB_HYBRID_HOST (compute-1: taps in Linux bridges).
set -uo pipefail

env=${LAB_ENV:-lab}
python=${PYTHON:-python3}
calipso=${CALIPSO:-calipso}
native=${LAB_OVS_HOST:-compute-2}
hybrid=${LAB_HYBRID_HOST:-compute-1}
failed=0
undo=:

on() { ssh -n -F "$LAB_SSH_CONFIG" "$@"; }
put_back() { eval "$undo"; undo=:; }
trap put_back EXIT

# expect WHAT COMMAND...: run it, print one line
expect() {
    local what=$1
    shift
    if "$@"; then printf 'PASS  %s\n' "$what"; else
        printf 'FAIL  %s\n' "$what"
        failed=$((failed + 1))
    fi
}

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

[ $# -gt 0 ] || set -- tag999 tag4095 tap qvo linkdown
for step in "$@"; do
    printf '\n=== %s\n' "$step"
    "$step"
done
printf '\n%d failed\n' "$failed"
exit "$failed"
