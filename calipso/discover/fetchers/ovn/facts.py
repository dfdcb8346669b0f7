"""What OVN's two databases say together: chassis, switches, ports, routers. Pure.

The northbound database has what the cloud wants, the southbound one where it is. Neutron's objects
are found by their names there (`neutron-<id>`, and a port's id as the name of its logical port);
what has other names belongs to other users of the same OVN, and is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from calipso.discover.fetchers.ovn.records import (
    Binding,
    Candidate,
    Chassis,
    Encap,
    Router,
    RouterPort,
)
from calipso.hostparse.ovn import Databases
from calipso.hostparse.ovsdb_notation import flag, many, mapping, number, text
from calipso.model.documents import Document

PREFIX = "neutron-"

#: Where the agent for metadata notes the count that it has seen.
METADATA_COUNT = "neutron:ovn-metadata-sb-cfg"

#: A chassis that is more than one count behind is dead if its last report is that much older than
#: the last count: what Neutron takes (`agent_down_time`). Milliseconds.
DOWN_AFTER = 75_000


class OvnFacts:
    """Both databases, joined."""

    def __init__(self, found: Databases) -> None:
        self.nb, self.sb = found.nb, found.sb

    # -- chassis -----------------------------------------------------------------------

    @cached_property
    def chassis(self) -> dict[str, Chassis]:
        """Chassis of this cloud by name; those of other clouds (interconnect) are left out."""
        private = {text(row.get("name")): row for row in self.sb.get("Chassis_Private", ())}
        encaps = {row["_uuid"]: row for row in self.sb.get("Encap", ())}
        found = {}
        for row in self.sb.get("Chassis", ()):
            settings = mapping(row.get("external_ids")) | mapping(row.get("other_config"))
            if settings.get("is-remote") == "true":
                continue
            own = private.get(text(row.get("name")), {})
            found[text(row.get("name"))] = Chassis(
                uuid=str(row["_uuid"]),
                name=text(row.get("name")),
                hostname=text(row.get("hostname")),
                mappings=bridge_mappings(settings.get("ovn-bridge-mappings", "")),
                gateway="enable-chassis-as-gw" in settings.get("ovn-cms-options", "").split(","),
                datapath=settings.get("datapath-type", ""),
                encaps=tuple(
                    Encap(text(e.get("type")), text(e.get("ip")), mapping(e.get("options")))
                    for key in many(row.get("encaps"))
                    if (e := encaps.get(key)) is not None
                ),
                count=number(own.get("nb_cfg", row.get("nb_cfg"))),
                reported=number(own.get("nb_cfg_timestamp")) or None,
            )
        return found

    @cached_property
    def _chassis_names(self) -> dict[str, str]:
        return {chassis.uuid: chassis.name for chassis in self.chassis.values()}

    def alive(self, chassis: Chassis) -> bool | None:
        """Whether a chassis reports, as Neutron counts it; None when nothing shows it.

        Counts rise only when somebody asks: one that is up to date proves nothing of the time
        since, and one that is behind is dead when its last report is old beside the last count.
        """
        top: Document = next(iter(self.nb.get("NB_Global", ())), {})
        count, since = number(top.get("nb_cfg")), number(top.get("nb_cfg_timestamp"))
        if count is None or chassis.count is None:
            return None
        if count - chassis.count <= 1:
            return True
        if not since or not chassis.reported:
            return None
        return since - chassis.reported <= DOWN_AFTER

    @cached_property
    def agents(self) -> dict[str, bool]:
        """Whether Neutron's agents report, by their ids: ovn-controller has the name of its
        chassis, the agent for metadata notes its id and count beside it. Unknown ones are left out.
        """
        found = {
            name: alive
            for name, chassis in self.chassis.items()
            if (alive := self.alive(chassis)) is not None
        }
        top: Document = next(iter(self.sb.get("SB_Global", ())), {})
        count = number(top.get("nb_cfg"))
        for row in self.sb.get("Chassis_Private", ()):
            ids = mapping(row.get("external_ids"))
            identity, said = ids.get("neutron:ovn-metadata-id"), ids.get(METADATA_COUNT, "")
            if identity and count is not None and said.isdecimal() and count - int(said) <= 1:
                found[identity] = True
        return found

    # -- switches and their ports --------------------------------------------------------

    @cached_property
    def switches(self) -> dict[str, Document]:
        """Logical switches of Neutron by the id of the network."""
        return {
            text(row.get("name")).removeprefix(PREFIX): row
            for row in self.nb.get("Logical_Switch", ())
            if text(row.get("name")).startswith(PREFIX)
        }

    @cached_property
    def _ports(self) -> dict[str, Document]:
        return {str(row["_uuid"]): row for row in self.nb.get("Logical_Switch_Port", ())}

    @cached_property
    def ports(self) -> dict[str, Document]:
        """Logical ports of Neutron's switches by name, which is the id of the Neutron port."""
        return {
            text(row.get("name")): row
            for switch in self.switches.values()
            for row in self.ports_of(switch)
        }

    def ports_of(self, switch: Document) -> list[Document]:
        """Logical ports of a switch."""
        found = (self._ports.get(key) for key in many(switch.get("ports")))
        return [row for row in found if row is not None]

    @cached_property
    def network_of(self) -> dict[str, str]:
        """Network id by the name of a logical port."""
        return {
            text(row.get("name")): network
            for network, switch in self.switches.items()
            for row in self.ports_of(switch)
        }

    @cached_property
    def keys(self) -> dict[str, int]:
        """Number of a network or router on the wire (the VNI of Geneve and VXLAN) by its id."""
        found = {}
        for row in self.sb.get("Datapath_Binding", ()):
            name = mapping(row.get("external_ids")).get("name", "")
            key = number(row.get("tunnel_key"))
            if name.startswith(PREFIX) and key is not None:
                found[name.removeprefix(PREFIX)] = key
        return found

    @cached_property
    def bindings(self) -> dict[str, Binding]:
        """Port bindings by the name of the logical port."""
        found = {}
        for row in self.sb.get("Port_Binding", ()):
            chassis = self._named(row.get("chassis"))
            found[text(row.get("logical_port"))] = Binding(
                port=text(row.get("logical_port")),
                type=text(row.get("type")),
                datapath=text(row.get("datapath")),
                key=number(row.get("tunnel_key")),
                chassis=chassis[0] if chassis else "",
                additional=tuple(self._named(row.get("additional_chassis"))),
                requested=mapping(row.get("options")).get("requested-chassis", ""),
                up=flag(row.get("up")),
                parent=text(row.get("parent_port")),
                tag=number(row.get("tag")),
                virtual_parent=text(row.get("virtual_parent")),
            )
        return found

    def _named(self, value: Any) -> list[str]:
        """Names of the chassis of a column; a reference to one that is gone has none."""
        return [self._chassis_names[key] for key in many(value) if key in self._chassis_names]

    @cached_property
    def groups_of(self) -> dict[str, list[str]]:
        """Names of the port groups by the name of a logical port."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for group in self.nb.get("Port_Group", ()):
            for key in many(group.get("ports")):
                if key in self._ports:
                    found[text(self._ports[key].get("name"))].append(text(group.get("name")))
        return {port: sorted(names) for port, names in found.items()}

    @cached_property
    def dhcp(self) -> dict[str, Document]:
        """`DHCP_Options` by their row's id."""
        return {str(row["_uuid"]): row for row in self.nb.get("DHCP_Options", ())}

    # -- routers -----------------------------------------------------------------------

    @cached_property
    def routers(self) -> dict[str, Router]:
        """Logical routers of Neutron by the id of the router."""
        ports = {row["_uuid"]: row for row in self.nb.get("Logical_Router_Port", ())}
        nat, routes, balancers = (
            {row["_uuid"]: row for row in self.nb.get(table, ())}
            for table in ("NAT", "Logical_Router_Static_Route", "Load_Balancer")
        )
        found = {}
        for row in self.nb.get("Logical_Router", ()):
            if not text(row.get("name")).startswith(PREFIX):
                continue
            router = Router(
                id=text(row.get("name")).removeprefix(PREFIX),
                name=mapping(row.get("external_ids")).get("neutron:router_name", ""),
                enabled=flag(row.get("enabled")),
                ports=[self._router_port(each) for each in _of(ports, row.get("ports"))],
                nat=_of(nat, row.get("nat")),
                routes=_of(routes, row.get("static_routes")),
                balancers=_of(balancers, row.get("load_balancer")),
            )
            router.ports.sort(key=lambda port: port.name)
            found[router.id] = router
        return found

    def _router_port(self, row: Document) -> RouterPort:
        return RouterPort(
            name=text(row.get("name")),
            mac=text(row.get("mac")).lower(),
            networks=tuple(sorted(text(network) for network in many(row.get("networks")))),
            candidates=self._candidates(row),
        )

    @cached_property
    def _by_uuid(self) -> dict[str, dict[str, Document]]:
        return {
            table: {str(row["_uuid"]): row for row in self.nb.get(table, ())}
            for table in ("Gateway_Chassis", "HA_Chassis_Group", "HA_Chassis")
        }

    def _candidates(self, row: Document) -> tuple[Candidate, ...]:
        """Neutron writes `Gateway_Chassis`, and `HA_Chassis_Group` in newer releases."""
        tables = self._by_uuid
        rows = _of(tables["Gateway_Chassis"], row.get("gateway_chassis"))
        for group in _of(tables["HA_Chassis_Group"], row.get("ha_chassis_group")):
            rows += _of(tables["HA_Chassis"], group.get("ha_chassis"))
        found = [
            Candidate(text(each.get("chassis_name")), number(each.get("priority")) or 0)
            for each in rows
        ]
        return tuple(sorted(found, key=lambda item: (-item.priority, item.chassis)))

    def active(self, port: RouterPort) -> Binding | None:
        """The binding of a gateway port: its `chassis` is where the gateway is now."""
        return self.bindings.get(f"cr-{port.name}")


def bridge_mappings(value: str) -> dict[str, str]:
    """`physnet1:br-ex,physnet2:br-vlan` as physical network -> bridge."""
    pairs = (part.strip().partition(":") for part in value.split(","))
    return {network: bridge for network, colon, bridge in pairs if colon and network and bridge}


def _of(table: Mapping[str, Document], references: Any) -> list[Document]:
    """Rows that a column refers to; one that is not there is left out."""
    return [table[key] for key in many(references) if key in table]


def revision(row: Document) -> int | None:
    """Neutron's number of the change that this row is as of; None when it has none."""
    found = mapping(row.get("external_ids")).get("neutron:revision_number", "")
    return int(found) if found.isdecimal() else None
