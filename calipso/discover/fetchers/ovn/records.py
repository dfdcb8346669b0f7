"""Rows of OVN's databases, joined: chassis, bindings of ports, routers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calipso.model.documents import Document


@dataclass(frozen=True)
class Encap:
    """How other chassis send to one: `options` only where they are not the default."""

    type: str
    ip: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Chassis:
    """One `Chassis`, with what `Chassis_Private` and `Encap` have of it."""

    uuid: str
    name: str
    hostname: str
    mappings: Mapping[str, str]
    gateway: bool
    datapath: str
    encaps: tuple[Encap, ...]
    count: int | None = None  # `nb_cfg` that it has reported
    reported: int | None = None  # when, milliseconds


@dataclass(frozen=True)
class Binding:
    """One `Port_Binding`; chassis by their names."""

    port: str
    type: str
    datapath: str
    key: int | None
    chassis: str = ""
    additional: tuple[str, ...] = ()
    requested: str = ""
    up: bool | None = None
    parent: str = ""
    tag: int | None = None
    virtual_parent: str = ""


@dataclass(frozen=True)
class Candidate:
    """A chassis that may be the gateway of a router port; the highest priority is wished."""

    chassis: str
    priority: int


@dataclass
class RouterPort:
    """A `Logical_Router_Port`: `port` is the id of its Neutron port."""

    name: str
    mac: str
    networks: tuple[str, ...]
    candidates: tuple[Candidate, ...] = ()

    @property
    def port(self) -> str:
        """Id of the Neutron port."""
        return self.name.removeprefix("lrp-")


@dataclass
class Router:
    """A `Logical_Router` of Neutron."""

    id: str
    name: str
    enabled: bool | None
    ports: list[RouterPort] = field(default_factory=list)
    nat: list[Document] = field(default_factory=list)
    routes: list[Document] = field(default_factory=list)
    balancers: list[Document] = field(default_factory=list)

    @property
    def gateway(self) -> RouterPort | None:
        """The port with candidates for a gateway; None for a router without one."""
        return next((port for port in self.ports if port.candidates), None)
