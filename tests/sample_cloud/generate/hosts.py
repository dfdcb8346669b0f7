"""The hosts of a generated cloud: how many of which kind, and what runs on each."""

from __future__ import annotations

from tests.sample_cloud.generate.params import CloudParams
from tests.sample_cloud.generate.plan import Host

ZONES = 3
KINDS = ("controller", "network", "compute")


def make_hosts(params: CloudParams) -> list[Host]:
    """Controllers, a network node for each twenty hosts, and compute hosts."""
    counted: dict[str, int] = {}
    hosts = []
    for number, roles in enumerate(_roles(params.hosts)):
        kind = min(roles, key=KINDS.index)
        counted[kind] = counted.get(kind, 0) + 1
        hosts.append(_host(params, number, f"{kind}-{counted[kind]}", roles))
    if params.mesh == "full":
        tunnelled = [host for host in hosts if host.driver and host.tunnel_ip]
        for host in tunnelled:
            host.mesh = tunnelled
    return hosts


def _roles(total: int) -> list[frozenset[str]]:
    if total < 3:
        return [frozenset(KINDS), *[frozenset({"compute"})] * (total - 1)]
    controllers = 3 if total >= 20 else 1
    network_nodes = max(1, total // 20)
    return [
        *[frozenset({"controller"})] * controllers,
        *[frozenset({"network"})] * network_nodes,
        *[frozenset({"compute"})] * (total - controllers - network_nodes),
    ]


def _host(params: CloudParams, number: int, name: str, roles: frozenset[str]) -> Host:
    place = number + 11
    last = f"{place // 250}.{place % 250 + 1}"
    driver, hybrid = _driver(params.mechanism, number, roles)
    return Host(
        name=name,
        number=number,
        roles=roles,
        driver=driver,
        hybrid=hybrid,
        bonded=number % 4 == 3,
        address=f"127.77.{last}" if params.direct else f"10.77.{last}",
        tunnel_ip=f"10.78.{last}" if "vxlan" in params.type_drivers else "",
        zone=f"az-{number * ZONES // params.hosts + 1}",
        rack=number // 16 + 1,
    )


def _driver(mechanism: str, number: int, roles: frozenset[str]) -> tuple[str, bool]:
    """Mechanism driver of a host, and whether its OVS agent uses the hybrid firewall."""
    if not roles & {"network", "compute"}:
        return "", False
    if mechanism == "lxb":
        return "lxb", False
    if mechanism == "mixed" and "network" not in roles and number % 3 == 1:
        return "lxb", False
    return "ovs", "network" not in roles and number % 2 == 0
