"""A small cloud for paths, drawn in this process so that a test can break any part of it.

Three hosts: network-1 with DHCP and a central router, compute-1 and compute-2 with guests.

    red (VXLAN 1001)   web, db on compute-1; app on compute-2
    blue (VLAN 100)    mail on compute-1, both on compute-2 (with a second NIC in red)
    public (flat)      gateway of the router; web has a floating IP
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from tests.sample_cloud.environment import environment
from tests.sample_cloud.generate.plan import FloatingIp, Instance, Network, Port, Router
from tests.sample_cloud.profiles.cloud import SiteCloud
from tests.sample_cloud.profiles.drawing import DrawnHost
from tests.sample_cloud.profiles.plugs import dhcp, plug_ovs, router
from tests.sample_cloud.profiles.site import Site
from tests.sample_cloud.profiles.tenants import ovs_host
from tests.sample_cloud.serve.http import ApiServer
from tests.sample_cloud.serve.mysql import DatabaseServer
from tests.sample_cloud.serve.ssh import SshServer
from tests.sample_cloud.serve.stage import Stage

TUNNELS = {"network-1": "10.0.7.1", "compute-1": "10.0.7.2", "compute-2": "10.0.7.3"}
ROLES = {"network-1": ("controller", "network")}
NAME = "paths"


class PathCloud:
    """The drawing, with names for its parts."""

    def __init__(self, seed: int = 1) -> None:
        self.site = Site(seed)
        site = self.site
        self.public = site.network("public", "flat", external=True)
        self.blue = site.network("blue", "vlan", 100)
        self.red = site.network("red", "vxlan", 1001)
        for name, local in TUNNELS.items():
            drawn = ovs_host(
                site,
                name,
                *ROLES.get(name, ("compute",)),
                mappings={"physnet1": "br-ex"},
                tunnel=local,
            )
            drawn.tunnels(local, [ip for other, ip in TUNNELS.items() if other != name])
        node = self.host("network-1")
        site.network_node(node)
        for network in (self.red, self.blue):
            dhcp(site, node, network)
        self.gate = router(site, node, "gate", [self.red, self.blue], self.public)
        guests: dict[str, tuple[str, tuple[Network, ...]]] = {
            "web": ("compute-1", (self.red,)),
            "db": ("compute-1", (self.red,)),
            "app": ("compute-2", (self.red,)),
            "mail": ("compute-1", (self.blue,)),
            "both": ("compute-2", (self.blue, self.red)),
        }
        self.guests: dict[str, Instance] = {}
        for name, (host, networks) in guests.items():
            self.guests[name] = site.instance(name, self.host(host))
            plug_ovs(site, self.guests[name], *networks)
        self.floating = self._floating("web")

    def host(self, name: str) -> DrawnHost:
        """A drawn host."""
        return self.site.hosts[name]

    def port(self, guest: str, number: int = 0) -> Port:
        """A port of a guest."""
        return self.guests[guest].ports[number]

    def tap(self, guest: str, number: int = 0) -> str:
        """Name of the tap of a guest."""
        return f"tap{self.port(guest, number).short}"

    def router_port(self, network: Network, gate: Router | None = None) -> Port:
        """The router's port on a network."""
        found = gate or self.gate
        return next(port for port in found.interfaces if port.network is network)

    def _floating(self, guest: str) -> FloatingIp:
        held = self.site.builder.add_port(
            self.public, "network:floatingip", self.site.names.uuid("fip", guest), project_id=""
        )
        found = FloatingIp(held.device_id, self.port(guest), held, self.gate, 1)
        self.site.plan.floating_ips.append(found)
        self.gate.floating.append(found)
        return found


@contextmanager
def served(site: Site, name: str = NAME, faults: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Serve a drawing over the real protocols; the document of its environment."""
    stage = Stage(SiteCloud(site))
    for fault in faults:
        stage.faults.add(fault)
    api, database, ssh = ApiServer(stage), DatabaseServer(stage), SshServer(stage)
    for server in (api, database, ssh):
        server.start()
    try:
        yield environment(
            stage,
            name,
            api_port=api.port,
            db_port=database.port,
            ssh_port=ssh.port,
            host_port=ssh.host_port,
        )
    finally:
        api.shutdown()
        api.server_close()


def scan(site: Site, name: str = NAME, faults: tuple[str, ...] = ()) -> dict[str, Any]:
    """Scan a drawing into the inventory of this test; the record of the scan."""
    with served(site, name, faults) as document:
        EnvironmentStore().add(document, replace=True)
        return run_local(ScanRequest(environment=name))
