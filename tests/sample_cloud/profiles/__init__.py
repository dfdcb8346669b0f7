"""Profiles: clouds as deployment tools make them, small, each with its own truth."""

from __future__ import annotations

from collections.abc import Callable

from .aci import aci
from .bonds import kernel_bond, ovs_bond, teamd
from .direct import macvtap, vdpa
from .kolla import kolla_ovs
from .neighbours import ironic, kubernetes
from .openstack_ansible import osa_lxb, osa_ovs
from .ovn import ovn
from .passthrough import dpdk, sriov, switchdev
from .routers import dvr, ha
from .site import Site
from .tenants import regions, segments, trunk

#: Name of a profile -> draws it from a seed.
PROFILES: dict[str, Callable[[int], Site]] = {
    "kolla-ovs": kolla_ovs,
    "osa-lxb": osa_lxb,
    "osa-ovs": osa_ovs,
    "ovs-bond": ovs_bond,
    "kernel-bond": kernel_bond,
    "teamd": teamd,
    "dpdk": dpdk,
    "sriov": sriov,
    "switchdev": switchdev,
    "vdpa": vdpa,
    "macvtap": macvtap,
    "ovn": ovn,
    "trunk": trunk,
    "segments": segments,
    "ha": ha,
    "dvr": dvr,
    "kubernetes": kubernetes,
    "ironic": ironic,
    "regions": regions,
    "aci": aci,
}
