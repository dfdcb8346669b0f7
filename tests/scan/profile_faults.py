"""What a scan gets wrong of the profiles today, line by line: whoever mends it takes it out.

The lines are those of `python -m tests.scan.profiles --all`.
"""

from __future__ import annotations

from collections.abc import Iterable

BLUE = "25baaf59-28e7-466f-be14-6e8c7813bd98"
RED = "a3c43540-d751-4b0f-a064-dc64efc0c167"
ROUTER = "qrouter-6d6efb4f-8855-4921-97d0-b65f3c6c8593"
GATEWAY = f"network-2/{ROUTER}/qg-7e12ea06-77"
NOT_READ = (
    "SR-IOV NIC agent{} is not read: the links of SR-IOV ports to the NICs that carry them are"
    " missing"
)


def _instance(name: str, *ports: str) -> list[str]:
    kind = "clique of instance to switch ports: missing"
    return [f"{kind}: {name}: no way to switch_pnic {port}" for port in ports]


def _vservice(name: str, *ports: str) -> list[str]:
    kind = "clique of vservice to switch ports: missing"
    return [f"{kind}: {name}: no way to switch_pnic {port}" for port in ports]


def _unknown(*links: str) -> list[str]:
    return [f"{link}: truth up, inventory unknown" for link in links]


#: No link joins a bond or a team to its members: cliques end at it, before the switch ports
#: that its members are plugged into.
BONDS: dict[str, list[str]] = {
    "osa-lxb": [
        *_instance("web", "leaf-1/6", "leaf-2/6"),
        *_instance("both", "leaf-1/10", "leaf-2/10"),
        *_vservice(f"infra1/qdhcp-{BLUE}", "leaf-1/2", "leaf-2/2"),
        *_vservice(f"infra1/qdhcp-{RED}", "leaf-1/2", "leaf-2/2"),
        *_vservice(f"infra1/{ROUTER}", "leaf-1/2", "leaf-2/2"),
    ],
    "osa-ovs": [
        *_instance("web", "leaf-1/6", "leaf-2/6"),
        *_instance("both", "leaf-1/10", "leaf-1/9", "leaf-2/10", "leaf-2/9"),
        *_vservice(f"infra1/qdhcp-{BLUE}", "leaf-1/2", "leaf-2/2"),
        *_vservice(f"infra1/qdhcp-{RED}", "leaf-1/1", "leaf-2/1"),
        *_vservice(f"infra1/{ROUTER}", "leaf-1/1", "leaf-1/2", "leaf-2/1", "leaf-2/2"),
    ],
    "kernel-bond": [
        *_instance("web", "leaf-3/2", "leaf-4/2"),
        *_instance("both", "leaf-1/2", "leaf-2/2", "leaf-3/2", "leaf-4/2"),
        *_vservice(f"control-1/qdhcp-{BLUE}", "leaf-3/1", "leaf-4/1"),
        *_vservice(f"control-1/qdhcp-{RED}", "leaf-1/1", "leaf-2/1"),
        *_vservice(f"control-1/{ROUTER}", "leaf-1/1", "leaf-2/1", "leaf-3/1", "leaf-4/1"),
    ],
    "teamd": [
        *_instance("web", "leaf-1/2", "leaf-2/2"),
        *_instance("both", "leaf-1/2", "leaf-2/2"),
        *_vservice(f"control-1/qdhcp-{BLUE}", "leaf-1/1", "leaf-2/1"),
        *_vservice(f"control-1/qdhcp-{RED}", "leaf-1/1", "leaf-2/1"),
        *_vservice(f"control-1/{ROUTER}", "leaf-1/1", "leaf-2/1"),
    ],
}

#: Profile -> every line that a scan tells of it. A profile that is not here is right.
FAULTS: dict[str, list[str]] = {
    **BONDS,
    # Cliques do not go from Open vSwitch to a Linux bridge that is its way out.
    "kolla-ovs": [
        "clique of instance: missing: web: no way to network blue",
        "clique of instance: missing: web: no way to host_pnic compute-1/eno1",
        *_instance("web", "leaf-1/Ethernet2"),
        f"clique of vservice: missing: control-1/qdhcp-{BLUE}: no way to network blue",
        f"clique of vservice: missing: control-1/qdhcp-{BLUE}: no way to host_pnic control-1/eno1",
        *_vservice(f"control-1/qdhcp-{BLUE}", "leaf-1/Ethernet1"),
    ],
    # vNICs by vhost-user have no state, though Open vSwitch tells it.
    "dpdk": _unknown(
        "instance-vnic: different: both -> both/02fccdc0-f462-4ab3-9014-bacdf8b998c9",
        "instance-vnic: different: both -> both/b012e61b-3daf-4b75-a758-1cd426ceaab3",
        "instance-vnic: different: web -> web/9b84ff0b-7b41-47a8-9a11-75dac72ced26",
        "vnic-vedge: different: both/02fccdc0-f462-4ab3-9014-bacdf8b998c9 -> compute-2",
        "vnic-vedge: different: both/b012e61b-3daf-4b75-a758-1cd426ceaab3 -> compute-2",
        "vnic-vedge: different: web/9b84ff0b-7b41-47a8-9a11-75dac72ced26 -> compute-1",
    ),
    # The agent of SR-IOV counts as not read; a NIC given to a guest carries no network.
    "sriov": [
        f"error: sriov: {NOT_READ.format(' on compute-1')}",
        "host_pnic-network: missing: compute-1/0000:d8:00.0 -> fast",
        "clique of instance: missing: whole: no way to network fast",
        f"problem: extra: host: compute-1: driver_not_read: compute-1: {NOT_READ.format('')}",
    ],
    # Cliques do not lead to networks of sub-ports.
    "trunk": [
        "clique of instance: missing: firewall: no way to network green",
        "clique of instance: missing: firewall: no way to network red",
        "clique of instance: missing: firewall: no way to host_pnic node-2/eno1",
        *_instance("firewall", "leaf-1/2"),
    ],
    # The gateway of a standby router counts as bound elsewhere.
    "ha": [
        *_unknown(f"vnic-vedge: different: {GATEWAY} -> network-2"),
        f"problem: extra: vnic: {GATEWAY}: bound_elsewhere: network-2: qg-7e12ea06-77 is here, but"
        " Neutron has bound its port to network-1",
    ],
    # No link joins the namespaces of a distributed router.
    "dvr": [
        f"vnic-vnic: missing: compute-1/{ROUTER}/rfp-6d6efb4f-8 -> "
        "compute-1/fip-d2384375-695a-40dd-8412-bed92809d8c3/fpr-6d6efb4f-8",
    ],
    # The device of a namespace is joined to a bridge by name, not by its veth pair.
    "kubernetes": [
        f"vnic-vconnector: missing: node-2/cni-{space}/eth0 -> node-2/cni0"
        for space in (
            "2a1f6d5c-794d-4d64-afc1-d63d834d9008",
            "45f4f92f-f46b-43b6-a0c3-c7fe0b304fa4",
        )
    ],
}


def unlike(profile: str, told: Iterable[str]) -> list[str]:
    """What was told and is no known fault of the profile, and known faults not told any more."""
    left = list(FAULTS.get(profile, []))
    new = []
    for line in told:
        if line in left:
            left.remove(line)
        else:
            new.append(f"new: {line}")
    return new + [f"mended, take it out of FAULTS: {line}" for line in left]
