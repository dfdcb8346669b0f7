"""Profiles: clouds as deployment tools make them, small, each with its own truth."""

from __future__ import annotations

from collections.abc import Callable

from tests.sample_cloud.profiles.bonds import kernel_bond, ovs_bond, teamd
from tests.sample_cloud.profiles.kolla import kolla_ovs
from tests.sample_cloud.profiles.neighbours import ironic, kubernetes
from tests.sample_cloud.profiles.openstack_ansible import osa_lxb, osa_ovs
from tests.sample_cloud.profiles.passthrough import dpdk, sriov, switchdev
from tests.sample_cloud.profiles.routers import dvr, ha
from tests.sample_cloud.profiles.site import Site
from tests.sample_cloud.profiles.tenants import regions, segments, trunk

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
    "trunk": trunk,
    "segments": segments,
    "ha": ha,
    "dvr": dvr,
    "kubernetes": kubernetes,
    "ironic": ironic,
    "regions": regions,
}
