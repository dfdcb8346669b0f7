"""Overlay tunnel endpoints of hosts with OVN."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import ClassVar

from calipso.discover.fetchers.db.host_answers import bridges, wiring
from calipso.discover.fetchers.db.ovs_tunnels import to_peer, tunnel_fields
from calipso.discover.fetchers.endpoint_device import Endpoint, endpoint_device
from calipso.discover.fetchers.kept_ways import keep_ways
from calipso.discover.fetchers.ovn.cloud import ovn_cloud
from calipso.discover.fetchers.ovn.hosts import ovn_host, own_chassis
from calipso.discover.fetchers.ovn.records import Encap
from calipso.discover.fetchers.ways import barred_by
from calipso.errors import CalipsoError, ErrorKind
from calipso.hostparse.ovnhost import OvnHost
from calipso.hostparse.ovsdb import Interface
from calipso.model.documents import Document
from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_ip
from calipso.sources.ovn.ovn_access import OvnAccess

#: UDP port of a tunnel type where `Encap.options` names no other.
PORTS = {"geneve": 6081, "vxlan": 4789}

#: The type that chassis take first for one address (`get_preferred_encap` of ovn-controller).
_FIRST = ("geneve", "vxlan")


class OvnFetchOteps(OvnAccess):
    """One endpoint for each tunnel address of a chassis; the types of its tunnels in it.

    The endpoint of the default address is `<host>-otep`, others have their address in the id.
    """

    sources: ClassVar[tuple[str, ...]] = ("cli",)
    batch_size: ClassVar[int | None] = 8

    def get(self, parent_id: str) -> list[Fetched]:
        vedge = self.parent(parent_id)
        if vedge["type"] != "vedge" or "chassis" not in vedge:
            return []
        host = str(vedge["host"])
        cloud, said = ovn_cloud(self), ovn_host(self, host)
        chassis = own_chassis(cloud, host, said)
        by_ip: defaultdict[str, list[Encap]] = defaultdict(list)
        for encap in chassis.encaps if chassis else ():
            by_ip[normal_ip(encap.ip)].append(encap)
        default = next((ip for ip in map(normal_ip, said.encap_ips()) if ip in by_ip), "")
        default = default or min(by_ip, default="")
        found, unread = [], None
        for ip in sorted(by_ip, key=lambda ip: (ip != default, ip)):
            made, error = self._endpoint(host, ip, by_ip[ip], ip == default, vedge, said)
            found.append(made)
            unread = unread or error
        return keep_ways(self, host, wiring(self, host), "otep", found, unread)

    def _endpoint(
        self,
        host: str,
        ip: str,
        encaps: list[Encap],
        default: bool,
        vedge: Document,
        said: OvnHost,
    ) -> tuple[Fetched, CalipsoError | None]:
        identity = f"{host}-otep" if default else f"{host}-otep-{ip}"
        kinds = sorted({encap.type for encap in encaps}, key=_rank)

        def is_own(interface: Interface) -> bool:
            local = interface.options.get("local_ip", "")
            return normal_ip(local) == ip if local else default

        tunnels = tunnel_fields(bridges(self, host), is_own)
        barred = barred_by(vedge.get("configurations") or {})
        endpoint = Endpoint(host, identity, ip, "chassis")
        device, unread = endpoint_device(self, endpoint, tunnels["remote_addresses"], barred)
        watched = self._watched(host, said, is_own)
        self._tell_of_peers(host, identity, watched)
        found = {
            "id": identity,
            "name": identity,
            "host": host,
            "overlay_type": kinds[0],
            "tunnel_types": kinds,
            "ip_address": ip,
            **_udp_port(kinds[0], encaps),
            **tunnels,
            **({"bfd": watched} if watched else {}),
            **device,
        }
        return found, unread

    def _watched(
        self, host: str, said: OvnHost, is_own: Callable[[Interface], bool]
    ) -> list[Document]:
        """Tunnels that BFD watches: those between chassis that may be gateways."""
        found = []
        for bridge in bridges(self, host).values():
            for _, interface in bridge.interfaces():
                status = said.bfd.get(interface.name)
                if status is None or not to_peer(interface) or not is_own(interface):
                    continue
                found.append(
                    {
                        "name": interface.name,
                        "remote_ip": normal_ip(interface.options["remote_ip"]),
                        "state": status.get("state", "unknown"),
                        "remote_state": status.get("remote_state", "unknown"),
                        "diagnostic": status.get("diagnostic", ""),
                    }
                )
        return sorted(found, key=lambda item: str(item["name"]))

    def _tell_of_peers(self, host: str, identity: str, watched: list[Document]) -> None:
        down = [item for item in watched if item["state"] in ("down", "admin_down", "init")]
        if not down:
            return
        peers = ", ".join(f"{item['remote_ip']} ({item['state']})" for item in down)
        self.problem(
            ("otep", identity),
            code="bfd_down",
            message=f"{host}: BFD does not reach the gateways {peers}",
            hint="Gateways move away from a chassis that others do not reach. Does ovs-vswitchd "
            "run there, and does the network between the hosts pass UDP port 3784 in the tunnel?",
            kind=ErrorKind.REPORTED,
            source="cli",
            host=host,
        )


def _rank(kind: str) -> tuple[int, str]:
    return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), kind)


def _udp_port(kind: str, encaps: list[Encap]) -> dict[str, int]:
    given = next((e.options.get("dst_port", "") for e in encaps if e.type == kind), "")
    port = int(given) if given.isdecimal() else PORTS.get(kind)
    return {"udp_port": port} if port else {}
