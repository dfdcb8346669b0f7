"""What a host says of OVN, beside what OVN says of the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from calipso.discover.fetchers.ovn.cloud import OvnCloud, ovn_cloud
from calipso.discover.fetchers.ovn.facts import bridge_mappings
from calipso.discover.fetchers.ovn.port_problems import Told
from calipso.discover.fetchers.ovn.records import Chassis
from calipso.errors import ErrorKind
from calipso.hostparse.ovnhost import OvnHost, parse_ovn_host
from calipso.model.documents import Document
from calipso.model.drivers import BY_NAME
from calipso.sources.cli.commands import OVN_CHASSIS
from calipso.sources.fetcher import Fetcher

_AGENTS = frozenset(BY_NAME["OVN"].agent_types)
CONTROLLER, GATEWAY = "OVN Controller agent", "OVN Controller Gateway agent"

#: Overlay networks of every type go through the tunnels of every type: OVN has one kind of them.
OVERLAYS = ["geneve", "vxlan"]


def runs_ovn(fetcher: Fetcher, host: str) -> bool:
    """True for a host with an agent of OVN, or with a chassis of its name."""
    agents = set(fetcher.context.host(host).get("network_agents") or ())
    return bool(agents & _AGENTS) or bool(ovn_cloud(fetcher).chassis_on(host))


def ovn_host(fetcher: Fetcher, host: str) -> OvnHost:
    """What the host's Open vSwitch has of OVN. Raises CliAccessError or ParseError."""
    found: OvnHost = fetcher.source("cli").parsed(OVN_CHASSIS, host, parse_ovn_host)
    return found


def own_chassis(cloud: OvnCloud, host: str, said: OvnHost) -> Chassis | None:
    """The chassis of a host: the one that the host names, else the last one of its name that
    reported."""
    named = cloud.facts.chassis.get(said.system_id)
    of_name = cloud.chassis_on(host)
    return named or (of_name[0] if of_name else None)


def mappings_of(said: OvnHost, chassis: Chassis | None) -> dict[str, str]:
    """Physical network -> bridge: as the host has it, else as its chassis has told it."""
    own = bridge_mappings(said.settings.get("bridge-mappings", ""))
    return own or dict(chassis.mappings if chassis else {})


def chassis_words(cloud: OvnCloud, host: str, said: OvnHost) -> Document:
    """Fields of the vedge that come from OVN, and from the settings of ovn-controller."""
    chassis = own_chassis(cloud, host, said)
    gateway = chassis.gateway if chassis else False
    found: dict[str, Any] = {
        "agent_type": GATEWAY if gateway else CONTROLLER,
        "binary": "ovn-controller",
        "gateway": gateway,
        "bridge_mappings": mappings_of(said, chassis),
        "configurations": {
            "bridge_mappings": mappings_of(said, chassis),
            "integration_bridge": said.bridge,
            "tunnel_types": OVERLAYS,
            "tunneling_ip": (said.encap_ips() or [""])[0],
        },
        "system_id": said.system_id,
    }
    if chassis is not None:
        alive = cloud.facts.alive(chassis)
        found |= {"agent_id": chassis.name, "chassis": chassis.name, "chassis_uuid": chassis.uuid}
        found |= {"chassis_hostname": chassis.hostname}
        found |= {} if alive is None else {"alive": alive}
    return found


def chassis_problems(
    cloud: OvnCloud, host: str, said: OvnHost, bridges: set[str]
) -> Iterator[Told]:
    """Yield faults of the chassis of a host: twice, not registered, another's, silent."""
    named, of_name = cloud.facts.chassis.get(said.system_id), cloud.chassis_on(host)
    yield from _of_identity(host, said, named, cloud.host_of.get(said.system_id, ""), of_name)
    chassis = own_chassis(cloud, host, said)
    if chassis is None:
        return
    if chassis in of_name and chassis.hostname != host:
        yield Told(
            "chassis_host_name",
            f"{host}: OVN has its chassis under the host name {chassis.hostname}",
            "Neutron cannot bind ports where the names differ: set external_ids:hostname of Open "
            f"vSwitch on it to {host}.",
        )
    if cloud.facts.alive(chassis) is False:
        yield Told(
            "chassis_dead",
            f"{host}: ovn-controller has not reported for long: it is {_behind(cloud, chassis)}",
            "What it had claimed stays bound to it. Look at ovn-controller there, and at its "
            "connection to the southbound database (ovn-remote).",
        )
    for physical, bridge in mappings_of(said, chassis).items():
        if bridge not in bridges:
            yield Told(
                "mapped_bridge_missing",
                f"{host}: {physical} is mapped to the bridge {bridge}, which is not there",
                "Compare external_ids:ovn-bridge-mappings with `ovs-vsctl list-br` there.",
                ErrorKind.UNEXPECTED_OUTPUT,
            )


def _of_identity(
    host: str, said: OvnHost, named: Chassis | None, named_host: str, of_name: list[Chassis]
) -> Iterator[Told]:
    others = [each for each in of_name if each.name != said.system_id]
    if said.system_id and named is None:
        taken = sorted({e.ip for each in others for e in each.encaps} & set(said.encap_ips()))
        why = (
            f"; the chassis {others[0].name} of a former installation has its tunnel address "
            f"{taken[0]}"
            if taken
            else ""
        )
        yield Told(
            "chassis_unregistered",
            f"{host}: OVN has no chassis {said.system_id}, as the host names itself{why}",
            "Look at the log of ovn-controller there, and at `ovn-sbctl show`: a chassis that is "
            "left over has to go before this one can register.",
        )
    elif named is not None and named_host != host:
        yield Told(
            "system_id_shared",
            f"{host}: its system-id {said.system_id} is that of the chassis of {named.hostname}",
            "Two hosts with one system-id (a cloned image) take each other's ports. Give it one of "
            "its own, then start ovn-controller again.",
        )
    elif others:
        left = ", ".join(each.name for each in others)
        yield Told(
            "chassis_double",
            f"{host}: OVN has more than one chassis of this host; {left} is not what the host "
            "names itself",
            "A host that was installed again leaves it, and every other host keeps a tunnel to it. "
            "Compare `ovn-sbctl show` with external_ids:system-id of the host.",
        )


def _behind(cloud: OvnCloud, chassis: Chassis) -> str:
    rows = cloud.facts.nb.get("NB_Global") or [{}]
    return f"at {chassis.count} of {rows[0].get('nb_cfg')} counts"
