"""Profiles: clouds as deployment tools make them, small, each with its own truth."""

from __future__ import annotations

from collections.abc import Callable

from tests.sample_cloud.profiles.kolla import kolla_ovs
from tests.sample_cloud.profiles.openstack_ansible import osa_lxb, osa_ovs
from tests.sample_cloud.profiles.site import Site

#: Name of a profile -> draws it from a seed.
PROFILES: dict[str, Callable[[int], Site]] = {
    "kolla-ovs": kolla_ovs,
    "osa-lxb": osa_lxb,
    "osa-ovs": osa_ovs,
}
