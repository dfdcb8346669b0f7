"""Ports of devices that have no port's name: Open vSwitch says whose the other end is.

OVN's agent for metadata names its veth pair after the network (`tap` + 10 characters + 0 or 1),
which looks like the tap of a port. The end in the switch has the port's id as its `iface-id`.
"""

from __future__ import annotations

from calipso.discover.fetchers.cli.netns_services import service
from calipso.discover.fetchers.cli.ports import ports_of
from calipso.errors import AccessError, ParseError
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess


def with_ports_of_peers(fetcher: CliAccess, host: str, vnics: list[Fetched]) -> list[Fetched]:
    """Return the vNICs; those of metadata services with the port of their other end.

    Where the switch cannot be read they stay without a port: its own fetcher reports that.
    """
    if not any(_is_asked(vnic, host) for vnic in vnics):
        return vnics
    try:
        bridges = fetcher.bridges(host)
    except (AccessError, ParseError):
        return vnics
    of_interface = {
        interface.name: interface.port_id
        for bridge in bridges.values()
        for _, interface in bridge.interfaces()
        if interface.port_id
    }
    return [
        vnic | _port(fetcher, of_interface.get(vnic["peer"]["device"], ""))
        if _is_asked(vnic, host)
        else vnic
        for vnic in vnics
    ]


def _is_asked(vnic: Fetched, host: str) -> bool:
    namespace = str(vnic.get("vservice_id")).removeprefix(f"{host}-")
    outside = (vnic.get("peer") or {}).get("namespace") == ""
    return outside and service(namespace).kind == "metadata"


def _port(fetcher: CliAccess, port_id: str) -> Fetched:
    port = ports_of(fetcher).by_id(port_id)
    return {} if port is None else {"port_id": port.id, "network": port.network_id}
