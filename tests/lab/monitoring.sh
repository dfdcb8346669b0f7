#!/usr/bin/env bash
# Breaks one thing after the other on a real OpenStack that is monitored, and looks whether its
# status, those of its links and cliques, and a message say so within two intervals; puts each one
# back, and looks whether all is green again. Prints a table; ends with the number of failed steps.
#
#   monitoring.sh [STEP...]    steps tapdown tag unplug bridge dnsmasq router nic peer vxlan switch
#                              domain agent host
#
# The environment must have been scanned well, with enable_monitoring, and `calipso up` be running.
# Nobody else may change the cloud meanwhile. Needs, as environment variables:
#   LAB_SSH_CONFIG    ssh configuration that names every host
#   OS_AUTH_URL OS_PASSWORD    as the other scripts of this folder
# May be given: LAB_ENV (lab), LAB_INTERVAL (15, seconds between two checks), PYTHON, CALIPSO.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lab/steps.sh
source "$here/steps.sh"
interval=${LAB_INTERVAL:-15}
limit=$((2 * interval + 15)) # two intervals, the tick, and the round itself

on() { ssh -n -F "$LAB_SSH_CONFIG" "$@"; }

# look PATTERN VALUE: prints `red` when an object, a link, a clique and a message say so
look() {
    "$python" "$here/watched.py" --calipso "$calipso" --env "$env" "$@"
}

# broken NAME TYPE OBJECT LABEL OTHERS [SECONDS]: wait for the status, put back, wait for green.
# OTHERS is a regular expression of what may change colour besides: names of kinds and ids.
broken() {
    local name=$1 wait=${6:-$limit}
    expect "$name: $2 $3 is $4 within $wait s" \
        look --red --type "$2" --id "$3" --label "$4" --others "$5" --seconds "$wait"
    put_back
    expect "$name: put back, all is green within $limit s" look --green --seconds "$limit"
}

tap_of() { on "$1" "ovs-vsctl --bare --columns=name find Port 'tag!=[]' | grep ^tap | sort | head -1"; }
port() { on compute-1 "ls /sys/class/net | grep ^qbr | sort | head -1 | sed s/^qbr//"; }

tapdown() {
    local tap
    tap=$(tap_of compute-2)
    undo="on compute-2 ip link set $tap up"
    on compute-2 "ip link set $tap down"
    broken "tap down" vnic "compute-2-$tap" Error "$tap|^object instance|^link instance-vnic"
}

tag() {
    local tap old
    tap=$(tap_of compute-2)
    old=$(on compute-2 "ovs-vsctl get Port $tap tag")
    undo="on compute-2 ovs-vsctl set Port $tap tag=$old"
    on compute-2 "ovs-vsctl set Port $tap tag=999"
    broken "another tag" vnic "compute-2-$tap" Warning "$tap|^object instance|^link instance-vnic"
}

unplug() {
    local id
    id=$(port)
    undo="on compute-1 ip link set tap$id master qbr$id"
    on compute-1 "ip link set tap$id nomaster"
    broken "tap out of its bridge" vconnector "compute-1-qbr$id" Warning "$id"
}

bridge() {
    local id
    id=$(port)
    undo="on compute-1 ip link set qbr$id up"
    on compute-1 "ip link set qbr$id down"
    broken "Linux bridge down" vconnector "compute-1-qbr$id" Error "$id"
}

dnsmasq() {
    local pid net
    pid=$(on network-1 "pgrep -o dnsmasq")
    net=$(on network-1 "tr '\\0' ' ' </proc/$pid/cmdline | grep -o 'dhcp/[0-9a-f-]*' | head -1 | cut -d/ -f2")
    undo="on network-1 pkill -CONT dnsmasq"
    on network-1 "for p in \$(pgrep dnsmasq); do grep -q $net /proc/\$p/cmdline && kill -STOP \$p; done"
    broken "dnsmasq stopped" vservice "network-1-qdhcp-$net" Error "qdhcp-$net"
}

router() {
    local space device
    space=$(on network-1 "ip netns list | grep -o '^qrouter-[0-9a-f-]*' | sort | head -1")
    device=$(on network-1 "ip -n $space -o link | grep -o 'qr-[0-9a-f-]*' | sort | head -1")
    undo="on network-1 ip -n $space link set $device up"
    on network-1 "ip -n $space link set $device down"
    broken "device of a router down" vnic "network-1-$space-$device" Error "$space"
}

nic() {
    undo="on network-1 ip link set eth2 up"
    on network-1 "ip link set eth2 down"
    broken "NIC down" host_pnic network-1-eth2 Error "network-1-eth2"
}

peer() {
    local address
    address=$(on compute-2 "ovs-vsctl --bare --columns=options find Interface type=vxlan" |
        grep -o 'local_ip=[0-9.]*' | head -1 | cut -d= -f2)
    undo="on compute-2 iptables -D INPUT -d $address -p icmp -j DROP"
    on compute-2 "iptables -I INPUT -d $address -p icmp -j DROP"
    broken "a tunnel peer that does not answer" otep compute-1-otep Warning "otep"
}

vxlan() {
    local device
    device=$(on compute-3 "ls /sys/class/net | grep ^vxlan- | sort | head -1")
    undo="on compute-3 ip link set $device up"
    on compute-3 "ip link set $device down"
    broken "tunnel device down" otep "compute-3-otep-$device" Error "$device"
}

switch() {
    undo="on compute-1 pkill -CONT ovs-vswitchd"
    on compute-1 "pkill -STOP ovs-vswitchd"
    broken "Open vSwitch stopped" vedge compute-1-OVS Error "compute-1|otep" # its peers do not answer
}

domain() {
    local uuid
    uuid=$(on compute-2 "virsh list --uuid | grep . | sort | head -1")
    undo="on compute-2 virsh resume $uuid >/dev/null"
    on compute-2 "virsh suspend $uuid >/dev/null"
    broken "domain suspended" instance "$uuid" Warning "$uuid"
}

agent() {
    local id
    id=$("$calipso" inventory list --env "$env" --type network_agent --host network-1 -c id -f value |
        grep neutron-metadata)
    undo="on network-1 pkill -CONT -f neutron-metadata-agent"
    on network-1 "pkill -STOP -f neutron-metadata-agent"
    broken "agent stopped" network_agent "$id" Error "network_agent" 150
}

host() {
    undo="'$python' '$here/sshd.py' start compute-3"
    "$python" "$here/sshd.py" stop compute-3
    broken "ssh server stopped" host compute-3 Error "compute-3" $((4 * interval + 45))
}

# shellcheck disable=SC2046
steps ${@:-tapdown tag unplug bridge dnsmasq router nic peer vxlan switch domain agent host}
