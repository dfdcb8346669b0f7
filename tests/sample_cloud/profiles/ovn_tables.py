"""The two databases of OVN of a site, printed as the controller's clients print them.

Rows follow from the plan: Neutron's networks, ports, routers and floating IPs, and where a profile
has put them. `release` leaves out the columns that an older OVN does not have.
"""

from __future__ import annotations

from typing import Any

from ..generate.links import compact
from ..generate.names import Names
from ..generate.plan import Network, Port, Router
from .ovs import ovs_map

Row = dict[str, Any]
NONE: list[Any] = ["set", []]

#: Columns that came with a release, in both databases.
SINCE: dict[str, dict[str, tuple[str, ...]]] = {
    "22.06": {"Port_Binding": ("additional_chassis",)},
    "23.09": {"Logical_Router_Port": ("status",)},
}
#: Schema versions by release.
VERSIONS = {
    "22.03": ("6.1.0", "20.21.0"),
    "23.03": ("7.0.0", "20.27.0"),
    "24.03": ("7.3.0", "20.33.0"),
}
SOUTH = ("SB_Global", "Chassis", "Encap", "Datapath_Binding", "Port_Binding", "HA_Chassis_Group")


def several(items: list[Any]) -> Any:
    """A set, as OVSDB writes it: one item stands bare."""
    return items[0] if len(items) == 1 else ["set", items]


class OvnTables:
    """Tables of both databases. Things are added by a profile, then printed."""

    def __init__(self, names: Names, release: str = "23.03") -> None:
        self.names = names
        self.release = release
        self.north: dict[str, list[Row]] = {}
        self.south: dict[str, list[Row]] = {table: [] for table in SOUTH}
        self.chassis: dict[str, str] = {}  # host -> name of its chassis
        self.fips: list[tuple[str, Row]] = []  # id of the router, and the row
        self.count = 7
        self._keys: dict[str, int] = {}

    def uuid(self, *words: str) -> list[str]:
        """The id of a row."""
        return ["uuid", self.names.uuid("ovn-row", "/".join(words))]

    def add(self, table: str, key: str, **columns: Any) -> list[str]:
        """A row of the northbound database."""
        identity = self.uuid("nb", table, key)
        self.north.setdefault(table, []).append({"_uuid": identity, **columns})
        return identity

    def put(self, table: str, key: str, **columns: Any) -> list[str]:
        """A row of the southbound database."""
        identity = self.uuid("sb", table, key)
        self.south.setdefault(table, []).append({"_uuid": identity, **columns})
        return identity

    # -- hosts -----------------------------------------------------------------------------

    def host(self, name: str, chassis: str, ip: str, mappings: str, *, gateway: bool) -> None:
        """A chassis with a Geneve address."""
        self.chassis[name] = chassis
        encap = self.put(
            "Encap", chassis, type="geneve", ip=ip, chassis_name=chassis,
            options=ovs_map({"csum": "true"}),
        )  # fmt: skip
        settings = {"datapath-type": "", "ovn-bridge-mappings": mappings}
        settings["ovn-cms-options"] = "enable-chassis-as-gw" if gateway else ""
        old = ovs_map(settings if self.release < "22.09" else {})
        row = self.put(
            "Chassis", chassis, name=chassis, hostname=name, encaps=encap, nb_cfg=0,
            external_ids=old, other_config=ovs_map(settings),
        )  # fmt: skip
        self.put(
            "Chassis_Private", chassis, name=chassis, chassis=row, nb_cfg=self.count,
            nb_cfg_timestamp=1764500000000, external_ids=ovs_map({}),
        )  # fmt: skip

    def at(self, host: str) -> list[Any]:
        """The reference to a host's chassis; none for no host."""
        return self.uuid("sb", "Chassis", self.chassis[host]) if host in self.chassis else NONE

    # -- networks --------------------------------------------------------------------------

    def network(self, network: Network, segment_id: str) -> None:
        """A logical switch with a port for each of Neutron's, and its way to a physical network."""
        path = self._datapath(network.id, network.name, "logical-switch")
        ports = [
            self.port(port, path) for port in network.ports if port.owner != "network:floatingip"
        ]
        if network.physical_network:
            tag = network.segment if network.kind == "vlan" else None
            options = {"network_name": network.physical_network}
            ports.append(self._localnet(segment_id, path, options, tag))
        self.add(
            "Logical_Switch", network.id, name=f"neutron-{network.id}", ports=several(ports),
            load_balancer=NONE, other_config=ovs_map({}),
            external_ids=ovs_map({"neutron:network_name": network.name}),
        )  # fmt: skip
        for subnet in network.subnets:
            if subnet.dhcp:
                self.add(
                    "DHCP_Options", subnet.id, cidr=str(subnet.cidr),
                    options=ovs_map({"router": subnet.gateway, "server_id": subnet.gateway,
                                     "mtu": str(network.mtu), "lease_time": "43200"}),
                    external_ids=ovs_map({"subnet_id": subnet.id}),
                )  # fmt: skip

    def port(self, port: Port, path: list[str]) -> list[str]:
        """A logical port and its binding."""
        kind = {"network:distributed": "localport"}.get(port.owner, "")
        if port.owner.startswith("network:router"):
            kind = "router"
        guest = not kind
        options = {"router-port": f"lrp-{port.id}"} if kind == "router" else {}
        options |= {"requested-chassis": port.host.name} if guest and port.host else {}
        dhcp = [
            self.uuid("nb", "DHCP_Options", subnet.id)
            for subnet, _ in port.fixed
            if subnet.dhcp and guest
        ]
        up = bool(guest and port.host)
        revision = "4" if port.host else "1"
        row = self.add(
            "Logical_Switch_Port", port.id, name=port.id, type=kind, up=up or kind == "router",
            addresses="router" if kind == "router" else f"{port.mac} {port.fixed[0][1]}",
            options=ovs_map(options), enabled=True, tag=NONE, parent_name=NONE,
            dhcpv4_options=several(dhcp), dhcpv6_options=NONE, ha_chassis_group=NONE,
            external_ids=ovs_map({
                "neutron:device_id": port.device_id, "neutron:device_owner": port.owner,
                "neutron:revision_number": revision,
            }),
        )  # fmt: skip
        chassis = port.host.name if guest and port.host else ""
        shown = {"router": "patch"}.get(kind, kind)
        self.binding(port.id, shown, path, self.at(chassis), up=up, options=options)
        return row

    def _localnet(
        self, segment: str, path: list[str], options: dict[str, str], tag: int | None
    ) -> list[str]:
        name = f"provnet-{segment}"
        self.binding(name, "localnet", path, NONE, up=False, options=options)
        return self.add(
            "Logical_Switch_Port", name, name=name, type="localnet", addresses="unknown",
            options=ovs_map(options), up=False, enabled=NONE, parent_name=NONE,
            tag=NONE if tag is None else tag, dhcpv4_options=NONE, dhcpv6_options=NONE,
            ha_chassis_group=NONE, external_ids=ovs_map({}),
        )  # fmt: skip

    def binding(
        self,
        name: str,
        kind: str,
        path: list[str],
        chassis: list[Any],
        *,
        up: bool,
        options: dict[str, str],
    ) -> None:
        """A row of `Port_Binding`."""
        self.put(
            "Port_Binding", name, logical_port=name, type=kind, datapath=path,
            tunnel_key=len(self.south["Port_Binding"]) + 1, chassis=chassis,
            additional_chassis=NONE, requested_chassis=NONE, up=up, parent_port=NONE, tag=NONE,
            ha_chassis_group=NONE, virtual_parent=NONE, options=ovs_map(options),
        )  # fmt: skip

    def _datapath(self, identity: str, name: str, kind: str) -> list[str]:
        ids = {
            "name": f"neutron-{identity}",
            "name2": name,
            kind: self.uuid("nb", kind, identity)[1],
        }
        self._keys[identity] = len(self._keys) + 1
        return self.put(
            "Datapath_Binding", identity, tunnel_key=self._keys[identity], external_ids=ovs_map(ids)
        )

    # -- routers ---------------------------------------------------------------------------

    def router(self, router: Router, candidates: list[str], active: str) -> None:
        """A router with its gateway on one of these hosts; the first is wished."""
        path = self._datapath(router.id, router.name, "logical-router")
        ports = [*router.interfaces, *([router.gateway] if router.gateway else [])]
        rows = [self._router_port(router, port, candidates, path) for port in ports]
        nat = []
        if router.gateway:
            name = f"lrp-{router.gateway.id}"
            options = {"distributed-port": name}
            self.binding(
                f"cr-{name}", "chassisredirect", path, self.at(active), up=True, options=options
            )
            nat += [self._snat(router, router.gateway, port) for port in router.interfaces]
            own = [row for of, row in self.fips if of == router.id]
            nat += [self.add("NAT", str(row["external_ip"]), **row) for row in own]
        route = self.add(
            "Logical_Router_Static_Route", router.id, ip_prefix="0.0.0.0/0", output_port=NONE,
            nexthop=router.gateway.fixed[0][0].gateway if router.gateway else "",
            external_ids=ovs_map({"neutron:is_ext_gw": "true"}),
        )  # fmt: skip
        self.add(
            "Logical_Router", router.id, name=f"neutron-{router.id}", enabled=True,
            ports=several(rows), nat=several(nat), static_routes=route, load_balancer=NONE,
            options=ovs_map({}), external_ids=ovs_map({"neutron:router_name": router.name}),
        )  # fmt: skip

    def _router_port(
        self, router: Router, port: Port, candidates: list[str], path: list[str]
    ) -> list[str]:
        name, outer = f"lrp-{port.id}", port is router.gateway
        chassis = [
            self._candidate(name, host, len(candidates) - at)
            for at, host in enumerate(candidates if outer else ())
        ]
        self.binding(name, "patch", path, NONE, up=False, options={"peer": port.id})
        networks = [f"{address}/{subnet.cidr.prefixlen}" for subnet, address in port.fixed]
        return self.add(
            "Logical_Router_Port", name, name=name, mac=port.mac, networks=several(list(networks)),
            enabled=NONE, gateway_chassis=several(chassis), ha_chassis_group=NONE,
            options=ovs_map({}), status=ovs_map({}), external_ids=ovs_map({}),
        )  # fmt: skip

    def _candidate(self, name: str, host: str, priority: int) -> list[str]:
        chassis = self.chassis[host]
        return self.add(
            "Gateway_Chassis",
            f"{name}/{host}",
            name=f"{name}_{chassis}",
            chassis_name=chassis,
            priority=priority,
        )

    def _snat(self, router: Router, gateway: Port, port: Port) -> list[str]:
        return self.add(
            "NAT", f"{router.id}/{port.id}", type="snat", external_ip=gateway.fixed[0][1],
            logical_ip=str(port.fixed[0][0].cidr), logical_port=NONE, external_mac=NONE,
            external_ids=ovs_map({}),
        )  # fmt: skip

    def floating(self, router: Router, external: str, port: Port, mac: str) -> None:
        """A floating IP of a port, before its router is added; with a MAC it is distributed."""
        ids = {"neutron:fip_id": self.names.uuid("fip", external)}
        if mac:
            ids["neutron:fip_external_mac"] = port.mac
        row = {
            "type": "dnat_and_snat",
            "external_ip": external,
            "logical_ip": port.fixed[0][1],
            "logical_port": port.id,
            "external_mac": mac or NONE,
            "external_ids": ovs_map(ids),
        }
        self.fips.append((router.id, row))

    # -- print -----------------------------------------------------------------------------

    def text(self) -> str:
        """What the script of a scan prints."""
        north, south = VERSIONS[self.release]
        globals_ = {"nb_cfg": self.count, "sb_cfg": self.count, "hv_cfg": self.count}
        identity = self.uuid("nb", "NB_Global", "")
        whole: dict[str, list[Row]] = {
            **self.north,
            "NB_Global": [{"_uuid": identity, **globals_, "nb_cfg_timestamp": 1764500000000,
                           "options": ovs_map({}), "name": ""}],
        }  # fmt: skip
        parts = [self._server("nb", "OVN_Northbound"), f"\n== nb {north}\n"]
        for table in sorted(whole):
            rows = self._shown(table, whole[table])
            headings = sorted({name for row in rows for name in row})
            data = [[row.get(name, NONE) for name in headings] for row in rows]
            parts.append(
                compact({"caption": f"{table} table", "data": data, "headings": headings}) + "\n"
            )
        parts += [self._server("sb", "OVN_Southbound"), f"\n== sb {south} {' '.join(self.south)}\n"]
        results = [{"rows": self._shown(name, rows)} for name, rows in self.south.items()]
        return "".join(parts) + compact(results) + "\n"

    def _shown(self, table: str, rows: list[Row]) -> list[Row]:
        """Rows without the columns of later releases."""
        gone = {
            column
            for release, tables in SINCE.items()
            for column in tables.get(table, ())
            if release > self.release
        }
        return [{key: value for key, value in row.items() if key not in gone} for row in rows]

    def _server(self, name: str, database: str) -> str:
        row = [True, 12, True, "clustered", database]
        headings = ["connected", "index", "leader", "model", "name"]
        table = {"caption": "Database table", "data": [row], "headings": headings}
        return f"\n== server {name} unix:/run/ovn/ovn{name}_db.sock\n{compact(table)}\n"
