"""Open vSwitch of hosts with ovn-controller."""

from __future__ import annotations

from typing import ClassVar

from calipso.discover.fetchers.db.host_answers import bridges, devices, wiring
from calipso.discover.fetchers.db.ovs_vedge import switch_fields
from calipso.discover.fetchers.kept_ways import keep_ways
from calipso.discover.fetchers.ovn.cloud import ovn_cloud
from calipso.discover.fetchers.ovn.hosts import (
    chassis_problems,
    chassis_words,
    ovn_host,
    runs_ovn,
)
from calipso.discover.fetchers.ways import barred_by
from calipso.model.inventory import Fetched
from calipso.sources.ovn.ovn_access import OvnAccess


class OvnFetchVedges(OvnAccess):
    """The vedge of a host with OVN: bridges and ports from the host, its chassis from OVN.

    A host has one when Neutron lists an agent of OVN there or OVN has a chassis of its name.
    `ovs-vsctl` must then answer.
    """

    sources: ClassVar[tuple[str, ...]] = ("cli",)
    batch_size: ClassVar[int | None] = 8

    def get(self, parent_id: str) -> list[Fetched]:
        host = self.host_of(parent_id)
        if not runs_ovn(self, host):
            return []
        cloud, said, there = ovn_cloud(self), ovn_host(self, host), bridges(self, host)
        words, identity = chassis_words(cloud, host, said), f"{host}-OVN"
        for told in chassis_problems(cloud, host, said, set(there)):
            self.problem(("vedge", identity), **told._asdict(), host=host)
        switch = switch_fields(
            there,
            devices(self, host),
            words["bridge_mappings"],
            wiring(self, host),
            barred_by(words["configurations"]),
            has_endpoint=True,
        )
        found = {"id": identity, "name": identity, "host": host, **words, **switch}
        return keep_ways(self, host, wiring(self, host), "vedge", [found])
