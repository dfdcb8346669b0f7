"""Tunnel endpoints of Linux bridge hosts: the vxlan device of each bridge."""

from __future__ import annotations

from typing import Any, ClassVar

from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.kept_devices import broken_devices, stored_of_broken
from calipso.discover.fetchers.kept_ways import keep_ways, nics_unread
from calipso.discover.fetchers.tunnel_ways import tell_no_way, tunnel_ways
from calipso.discover.fetchers.ways import nic_names, ways_fields
from calipso.errors import AccessError, CalipsoError, ParseError, PartialAnswer
from calipso.hostparse.fdb import parse_fdb
from calipso.hostparse.iplink import Device
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import FDB
from calipso.topology.wiring import Ways, Wiring
from calipso.topology.wiring.routes import device_of_address

#: Kernel kind -> (overlay type, UDP port if the device reports none; 0: it does not use UDP)
_TUNNELS = {"vxlan": ("vxlan", 4789), "gretap": ("gre", 0), "geneve": ("geneve", 6081)}


class CliFetchOtepsLxb(CliAccess):
    """Tunnel devices that are ports of a vconnector. Other parents have no tunnel devices."""

    batch_size: ClassVar[int | None] = 100

    def get(self, parent_id: str) -> list[Fetched]:
        parent = self.parent(parent_id)
        if parent["type"] != "vconnector":
            return []
        host = self.host_of(parent_id)
        devices = self.devices(host)
        bridge = str(parent["bridge_name"])
        tunnels = [d for d in devices.values() if d.master == bridge and d.kind in _TUNNELS]
        mine = {"vconnector": str(parent["id"])}
        keys = stored_of_broken(self, host, devices, "otep", "tunnel_device", **mine)
        if not tunnels and not keys:
            return []
        remotes = self.parsed(FDB, host, parse_fdb)
        wiring = self.wiring(host, switch=False)
        found: list[Fetched] = []
        for tunnel in tunnels:
            if tunnel.kind != "vxlan" or tunnel.name in remotes:
                otep = _otep(parent, host, tunnel, remotes.get(tunnel.name, []))
                carrier, error = self._carrier(host, otep, tunnel, wiring)
                found += keep_ways(self, host, wiring, "otep", [otep | carrier], error)
        unread = sorted(d.name for d in tunnels if d.kind == "vxlan" and d.name not in remotes)
        errors = [broken_devices(host, devices.broken)] if keys else []
        if unread:
            keys += [self.key("otep", f"{host}-otep-{name}") for name in unread]
            errors.append(_no_answer(host, unread))
        if errors:
            raise PartialAnswer(errors, found, unread=keys, warning=not unread)
        return found

    def _carrier(
        self, host: str, otep: Fetched, tunnel: Device, wiring: Wiring
    ) -> tuple[dict[str, Any], CalipsoError | None]:
        """The device with the endpoint's address, and the NICs that carry its packets out; the
        error when routes that should lead to them cannot be read."""
        address = otep["ip_address"]
        node = device_of_address(wiring, address) if address else None
        node = node or wiring.device(str(tunnel.info.get("link") or tunnel.lower))
        if node is None:
            return {"device": "", "pnics": []}, None
        ways, unread = Ways(), nics_unread(self, host, wiring)
        if unread is None:
            try:
                ways = tunnel_ways(self, host, wiring, node, otep["remote_addresses"])
            except (AccessError, ParseError) as error:
                unread = error
        if not ways.ways and unread is None:
            tell_no_way(self, host, otep["id"], address, node, ways)
        return {"device": node.name, "pnics": nic_names(ways), **ways_fields(ways)}, unread


def _no_answer(host: str, tunnels: list[str]) -> ParseError:
    return ParseError(
        f"{host}: bridge fdb gives no answer for {', '.join(tunnels)}",
        hint=f"Run `bridge -j fdb show dev {tunnels[0]}` there. The tunnel endpoint stays as it "
        "was read before.",
    )


def _otep(parent: dict[str, Any], host: str, tunnel: Device, remotes: list[str]) -> Fetched:
    overlay, default_port = _TUNNELS[tunnel.kind]
    local, vni = _local(tunnel), tunnel.info.get("id")
    fields = device_fields(tunnel)
    return {
        "id": f"{host}-otep-{tunnel.name}",
        "name": f"{host}-otep-{tunnel.name}",
        "host": host,
        "overlay_type": overlay,
        "ip_address": local,
        "udp_port": int(tunnel.info.get("port") or default_port),
        "vni": None if vni is None else int(vni),
        "tunnel_device": tunnel.name,
        "vconnector": parent["id"],
        "network": parent.get("network", []),
        "remote_addresses": remotes,
        **{key: fields[key] for key in ("mac_address", "mtu", "state", "admin_state")},
    }


def _local(tunnel: Device) -> str:
    return str(tunnel.info.get("local") or tunnel.info.get("local6") or "")
