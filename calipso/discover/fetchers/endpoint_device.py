"""The device below a tunnel endpoint, and the NICs by which its packets leave the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from calipso.discover.fetchers.cli.kept_devices import address_unread, broken_devices
from calipso.discover.fetchers.db.host_answers import devices, wiring
from calipso.discover.fetchers.kept_ways import kept_device, nics_unread
from calipso.discover.fetchers.tunnel_ways import tell_no_way, tunnel_ways
from calipso.discover.fetchers.ways import nic_names, ways_fields
from calipso.errors import AccessError, CalipsoError, ErrorKind, ParseError
from calipso.model.documents import Document
from calipso.sources.fetcher import Fetcher
from calipso.topology.wiring import Ways
from calipso.topology.wiring.routes import device_of_address


class Endpoint(NamedTuple):
    """A tunnel endpoint of a host; `agent` in words is who gave it its address."""

    host: str
    id: str
    ip_address: str
    agent: str


def endpoint_device(
    fetcher: Fetcher, endpoint: Endpoint, peers: Sequence[str], barred: frozenset[str]
) -> tuple[Document, CalipsoError | None]:
    """Return the device that has the tunnel's address, and the NICs it leaves the host by; the
    error when routes that should lead to them cannot be read. Raises CliAccessError or ParseError.
    """
    host, graph = endpoint.host, wiring(fetcher, endpoint.host)
    node, known = device_of_address(graph, endpoint.ip_address), devices(fetcher, host)
    if node is None:
        if broken := address_unread(host, known, endpoint.ip_address):
            return kept_device(fetcher, endpoint.id), broken
        _nowhere(fetcher, endpoint)
        return {"device": "", "pnics": []}, None
    ways, unread = Ways(), nics_unread(fetcher, host, graph)
    if unread is None:
        try:
            ways = tunnel_ways(fetcher, host, graph, node, peers, barred)
        except (AccessError, ParseError) as error:
            unread = error
    if not ways.ways and unread is None and any(b.may_lead for b in known.broken):
        unread = broken_devices(host, known.broken)
    if not ways.ways and unread is None:
        tell_no_way(fetcher, host, endpoint.id, endpoint.ip_address, node, ways)
    device = node.facts
    found: dict[str, Any] = {
        "device": device.name,
        "mac_address": device.mac,
        "mtu": device.mtu,
        "state": device.state,
        "pnics": nic_names(ways),
        **ways_fields(ways),
    }
    if device.kind == "bridge":
        found["vconnector"] = f"{host}-{device.name}"
    return found, unread


def _nowhere(fetcher: Fetcher, endpoint: Endpoint) -> None:
    fetcher.problem(
        ("otep", endpoint.id),
        code="tunnel_address_missing",
        message=f"{endpoint.host}: no device has the tunnel address {endpoint.ip_address} of its "
        f"{endpoint.agent}",
        hint="Tunnels of this host cannot work: compare local_ip of its agent with `ip addr`."
        if endpoint.agent == "OVS agent"
        else "Tunnels of this host cannot work: compare ovn-encap-ip of its Open vSwitch with "
        "`ip addr`.",
        kind=ErrorKind.UNEXPECTED_OUTPUT,
        source="cli",
        host=endpoint.host,
    )
