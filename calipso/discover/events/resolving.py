"""Resolving: which parts of the inventory a scan has to read for the keys that events marked.

The inventory says where things are; the notification helps with what is new, and the API answers
what neither knows. Parts inside other parts are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from calipso.discover.events.places import Places
from calipso.discover.events.questions import Questions
from calipso.errors import AccessError, NotFound
from calipso.model.documents import Document
from calipso.model.events import Scope, Target
from calipso.model.scan import ScanPart

#: Ports of a security group that are read one by one; with more, their networks are read.
MOST_PORTS = 50


@dataclass
class Resolved:
    """What is to be read for one key."""

    parts: set[ScanPart] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    #: why nothing can be read now; the key is tried again
    problem: str = ""
    #: the thing is new: what is below it is read by the next look, at once
    new: bool = False


class Resolver:
    """Resolves the keys of one environment."""

    def __init__(self, places: Places, questions: Questions) -> None:
        self.places = places
        self.ask = questions
        self._ways: Mapping[Scope, Callable[[Target, Resolved], None]] = {
            Scope.INSTANCE: self._instance,
            Scope.PORT: self._port,
            Scope.NETWORK: self._network,
            Scope.ROUTER: self._router,
            Scope.HOST: self._host,
            Scope.PROJECT: self._project,
            Scope.SECURITY_GROUP: self._security_group,
            Scope.FLOATING_IP: self._floating_ip,
            Scope.AGGREGATES: self._aggregates,
        }

    def resolve(self, target: Target) -> Resolved:
        """Return what is to be read for a target. A cloud that does not answer is a problem."""
        found = Resolved()
        try:
            self._ways[target.scope](target, found)
        except (AccessError, NotFound) as error:
            found.problem = error.message
        return found

    # -- one way for each scope --------------------------------------------------------

    def _instance(self, target: Target, found: Resolved) -> None:
        known = self.places.get("instance", target.id)
        hosts = [*target.hosts, *([str(known["host"])] if known and known.get("host") else [])]
        if known is None and not hosts:
            server = self.ask.server(target.id)
            if server is None:
                return
            host = str(server.get("OS-EXT-SRV-ATTR:host") or "")
            hosts = [host] if host else []
        if known is not None and not (target.deep and hosts):
            found.parts.add(self.places.part("instance", known))
            return
        self._hosts(hosts, found)
        if known is None and not found.hosts:
            found.parts |= self.places.new("instance", target.id)
        elif known is not None and not known.get("host"):
            found.parts.add(self.places.part("instance", known))

    def _port(self, target: Target, found: Resolved) -> None:
        known = self.places.get("port", target.id)
        networks, hosts = list(target.networks), list(target.hosts)
        if known is not None:
            found.parts.add(self.places.part("port", known))
            served = str(known.get("device_owner") or "").startswith("network:")
            if target.deep or served:
                hosts.append(str(known.get("binding:host_id") or ""))
        elif not networks:
            port = self.ask.port(target.id)
            if port is None:
                return
            networks = [str(port.get("network_id") or "")]
            hosts.append(str(port.get("binding:host_id") or ""))
        if known is None:
            for network in filter(None, networks):
                self._one_network(network, found)
        self._hosts(hosts, found)

    def _network(self, target: Target, found: Resolved) -> None:
        self._one_network(target.id, found)
        self._hosts(target.hosts, found)
        if target.deep:
            self._hosts(self.places.hosts_serving(target.id), found)
            self._hosts(self.ask.agents_of_network(target.id), found)

    def _floating_ip(self, target: Target, found: Resolved) -> None:
        self._itself("floating_ip", target, found)

    def _router(self, target: Target, found: Resolved) -> None:
        self._itself("router", target, found)
        services = self.places.services("router_id", target.id)
        networks = {*target.networks}
        for service in services:
            joined = service.get("network")
            networks |= {str(network) for network in joined or ()} if _is_list(joined) else set()
        for network in sorted(networks):
            self._one_network(network, found)
        self._hosts([str(service.get("host") or "") for service in services], found)
        self._hosts([*target.hosts, *self.ask.agents_of_router(target.id)], found)

    def _host(self, target: Target, found: Resolved) -> None:
        self._hosts([target.id], found)
        if not found.hosts:
            found.parts |= self.places.new("host", target.id)

    def _project(self, target: Target, found: Resolved) -> None:
        self._itself("project", target, found)

    def _security_group(self, target: Target, found: Resolved) -> None:
        self._itself("security_group", target, found)
        ports = self.places.ports_with("security_groups", target.id)
        if len(ports) <= MOST_PORTS:
            found.parts |= {self.places.part("port", port) for port in ports}
            return
        for network in sorted({str(port["network_id"]) for port in ports}):
            self._one_network(network, found)

    def _aggregates(self, target: Target, found: Resolved) -> None:
        found.parts |= self.places.whole_node("aggregate")

    def _itself(self, kind: str, target: Target, found: Resolved) -> None:
        """The object alone; where it is not in the inventory, the list that may have it."""
        known = self.places.get(kind, target.id)
        if known is not None:
            found.parts.add(self.places.part(kind, known))
        elif target.id:
            found.parts |= self.places.new(kind, target.id)

    # -- parts -------------------------------------------------------------------------

    def _one_network(self, key: str, found: Resolved) -> None:
        known = self.places.get("network", key)
        if known is not None:
            found.parts.add(self.places.part("network", known))
        elif self.ask.network(key) is not None:
            found.parts |= self.places.new("network", key)
            found.new = True

    def _hosts(self, names: Iterable[str], found: Resolved) -> None:
        found.hosts |= {host for name in names if (host := self.places.host(name))}


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def without_nested(parts: Iterable[Document]) -> list[Document]:
    """Return the parts (with `id_path`) that lie in no other one."""
    kept: list[Document] = []
    for part in sorted(parts, key=lambda item: len(str(item["id_path"]))):
        path = str(part["id_path"])
        if not path or not any(path.startswith(f"{k['id_path']}/") for k in kept if k["id_path"]):
            kept.append(part)
    return kept
