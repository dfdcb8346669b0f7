"""Reconcile: the lists of the API against the inventory, after a time in which events were missed.

It reads ids, revisions and times only, and no host. What differs is marked to be looked at; a
scheduled scan stays the last line for what the API does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from calipso.discover.events.event_floating_ip import touched_by
from calipso.errors import AccessError, ErrorKind
from calipso.model.documents import Document
from calipso.model.events import Scope, Target
from calipso.sources.api.api_access import NOVA
from calipso.sources.context import ScanContext

#: Fields of Neutron's lists that are asked for.
PORT = "id,network_id,device_owner,revision_number,updated_at,status,binding:host_id"
NETWORK = "id,revision_number,updated_at,subnets"
SECURITY_GROUP = "id,revision_number,updated_at"
FLOATING_IP = f"{SECURITY_GROUP},router_id,floating_network_id,port_id,port_details"


def differences(context: ScanContext) -> list[Target]:
    """Return what differs between the API and the inventory. Raises AccessError."""
    found = [*_instances(context), *_ports(context), *_networks(context), *_routers(context)]
    for item in _changed(context, "floating_ip", "floatingips", FLOATING_IP):
        found += touched_by(item)
    for item in _changed(context, "security_group", "security-groups", SECURITY_GROUP):
        found.append(Target(Scope.SECURITY_GROUP, str(item["id"])))
    return [*found, *_projects(context)]


def _instances(context: ScanContext) -> Iterator[Target]:
    api = context.source("api")
    fields = ("id", "host", "nova_host", "name", "status", "vm_state")
    known = _by_id(context, "instance", fields)
    for region in api.regions("compute"):
        items = api.list(
            "compute",
            "/v2.1/servers/detail",
            "servers",
            region=region,
            params={"all_tenants": 1},
            microversion=NOVA,
        )
        for item in items:
            stored = known.pop(str(item.get("id")), None)
            host = str(item.get("OS-EXT-SRV-ATTR:host") or "")
            here = str((stored or {}).get("host") or (stored or {}).get("nova_host") or "")
            if stored is None or here != host:
                yield Target(Scope.INSTANCE, str(item["id"]), (host,) * bool(host), deep=True)
            elif _other(stored, item | _states(item), ("status", "name", "vm_state")):
                yield Target(Scope.INSTANCE, str(item["id"]))
    for key, stored in known.items():
        yield Target(Scope.INSTANCE, key, deep=bool(stored.get("host")))


def _states(server: Mapping[str, Any]) -> Document:
    return {"vm_state": server.get("OS-EXT-STS:vm_state")}


def _ports(context: ScanContext) -> Iterator[Target]:
    fields = ("id", "network_id", "revision_number", "updated_at", "status", "binding:host_id")
    known = _by_id(context, "port", fields)
    for item in _neutron(context, "ports", PORT):
        stored = known.pop(str(item["id"]), None)
        host, network = str(item.get("binding:host_id") or ""), str(item.get("network_id") or "")
        target = Target(
            Scope.PORT, str(item["id"]), (host,) * bool(host), (network,), deep=bool(host)
        )
        if stored is None or _other(stored, item, ("binding:host_id",)):
            yield target
        elif _other(stored, item, ("revision_number", "updated_at", "status")):
            yield Target(Scope.PORT, target.id)
    for key, stored in known.items():
        yield Target(Scope.PORT, key, deep=bool(stored.get("binding:host_id")))


def _networks(context: ScanContext) -> Iterator[Target]:
    known = _by_id(context, "network", ("id", "revision_number", "updated_at", "subnet_ids"))
    for item in _neutron(context, "networks", NETWORK):
        stored = known.pop(str(item["id"]), None)
        subnets = sorted(map(str, item.get("subnets") or ()))
        if stored is None or sorted(stored.get("subnet_ids") or ()) != subnets:
            yield Target(Scope.NETWORK, str(item["id"]), deep=True)
        elif _other(stored, item, ("revision_number", "updated_at")):
            yield Target(Scope.NETWORK, str(item["id"]))
    yield from (Target(Scope.NETWORK, key, deep=True) for key in known)


def _routers(context: ScanContext) -> Iterator[Target]:
    """Routers are known by the hosts that run them: what is not there, or there and gone."""
    env = context.environment.name
    services = context.inv.find(env, "vservice", ("id", "router_id", "name", "gw_port_id"))
    known: dict[str, Document] = {str(s["router_id"]): s for s in services if s.get("router_id")}
    for item in _neutron(context, "routers", ""):
        stored = known.pop(str(item["id"]), None)
        gateway = item.get("external_gateway_info") or {}
        if stored is None or bool(stored.get("gw_port_id")) != bool(gateway):
            networks = (str(gateway.get("network_id")),) if gateway.get("network_id") else ()
            yield Target(Scope.ROUTER, str(item["id"]), (), networks, deep=True)
        elif item.get("name") and not str(stored.get("name", "")).endswith(str(item["name"])):
            yield Target(Scope.ROUTER, str(item["id"]), deep=True)
    yield from (Target(Scope.ROUTER, key, deep=True) for key in known)


def _changed(context: ScanContext, kind: str, listed: str, fields: str) -> Iterator[Document]:
    """Return what a list of Neutron has anew or otherwise, and what it does not have any more, as
    it was stored.
    """
    known = _by_id(context, kind, fields.split(","))
    try:
        items = list(_neutron(context, listed, fields))
    except AccessError as error:
        if error.kind is ErrorKind.NOT_FOUND:  # a Neutron without the extension
            return
        raise
    for item in items:
        stored = known.pop(str(item["id"]), None)
        if stored is None or _other(stored, item, ("revision_number", "updated_at")):
            yield item
            if stored is not None:
                yield stored  # the router and the port that it had before
    yield from known.values()


def _projects(context: ScanContext) -> Iterator[Target]:
    known = _by_id(context, "project", ("id", "name", "enabled", "description"))
    for item in context.source("api").list("identity", "/v3/projects", "projects"):
        if item.get("is_domain"):
            continue
        stored = known.pop(str(item["id"]), None)
        if stored is None or _other(stored, item, ("name", "enabled", "description")):
            yield Target(Scope.PROJECT, str(item["id"]))
    yield from (Target(Scope.PROJECT, key) for key in known)


def _neutron(context: ScanContext, kind: str, fields: str) -> Iterator[Document]:
    api = context.source("api")
    for region in api.regions("network"):
        params: dict[str, Any] = {"fields": fields.split(",")} if fields else {}
        key = kind.replace("-", "_")
        for item in api.list("network", f"/v2.0/{kind}", key, region=region, params=params):
            if item.get("id"):
                yield item


def _by_id(context: ScanContext, kind: str, fields: Iterable[str]) -> dict[str, Document]:
    found = context.inv.find(context.environment.name, kind, fields)
    return {str(item["id"]): item for item in found}


def _other(stored: Mapping[str, Any], item: Mapping[str, Any], names: Iterable[str]) -> bool:
    """True when one of these fields, which both have, has another value."""
    return any(name in stored and name in item and stored[name] != item[name] for name in names)
