"""Running domains of a hypervisor and their interfaces, from `virsh dumpxml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

from calipso.errors import ParseError

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: `virsh` begins each document on a line of its own.
_BEGIN = re.compile(r"^<domain[\s>]", re.MULTILINE)
_END = "</domain>"


@dataclass(frozen=True)
class DomainInterface:
    """An `<interface>` of a domain. `device` is its tap on the host ("" when it has none).

    `kind` is the element's type (bridge, ethernet, hostdev, vhostuser, ...). `port_id` is the
    Neutron port when libvirt itself plugged it into Open vSwitch. `element` is the whole element as
    a dict. `pci` is the PCI address on the host of the guest's hardware (0000:3b:02.0). `socket` is
    the path of a vhost-user socket. `source` is the host's device below a macvtap, or the
    vhost-vdpa device. `link` is up, or down when somebody set it down.
    """

    kind: str
    mac: str
    device: str
    bridge: str
    model: str
    port_id: str
    element: dict[str, Any]
    pci: str = ""
    socket: str = ""
    source: str = ""
    link: str = "up"
    vlan: int | None = None


@dataclass(frozen=True)
class HostDevice:
    """A PCI device of the host that a domain has as a whole (`<hostdev>`), by its address."""

    pci: str
    element: dict[str, Any]


@dataclass(frozen=True)
class Domain:
    """A running domain; `uuid` is the instance's."""

    uuid: str
    name: str
    interfaces: list[DomainInterface] = field(default_factory=list)
    host_devices: list[HostDevice] = field(default_factory=list)


def parse_domains(text: str) -> dict[str, Domain | ParseError]:
    """Return domains by UUID, from a list of UUIDs followed by the XML of each domain.

    If the XML of a listed domain is missing or broken, the value is the error. Raises ParseError
    when the list itself cannot be read.
    """
    uuids, rest = _listed(text)
    found: dict[str, Domain | ParseError] = {}
    broken = ""
    for document in _documents(rest):
        try:
            domain = _domain(document)
            found[domain.uuid] = domain
        except ParseError as error:
            broken = broken or error.sample or str(error)
    for uuid in uuids:
        if uuid not in found:
            found[uuid] = ParseError(
                f"virsh dumpxml {uuid}: the answer has no complete XML document",
                sample=broken,
                hint="The instance may have ended meanwhile; scan again.",
            )
    return found


def _listed(text: str) -> tuple[list[str], str]:
    """UUIDs, and the text from the first document on; a strange line among them is passed by."""
    uuids, strange = [], ""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        word = line.strip()
        if _UUID.fullmatch(word):
            uuids.append(word.lower())
        elif word.startswith("<"):
            return uuids, "".join(lines[number:])
        elif word:
            strange = strange or word
    if strange and not uuids:
        raise ParseError("virsh list --uuid: not a UUID", sample=text)
    return uuids, ""


def _documents(text: str) -> Iterator[str]:
    """Each document, from its first line to its end. One that breaks off costs no other."""
    *whole, rest = text.split(_END)
    for part in (*(part + _END for part in whole), rest):
        starts = [match.start() for match in _BEGIN.finditer(part)] or [0]
        for start, end in zip(starts, [*starts[1:], len(part)], strict=True):
            if document := part[start:end].strip():
                yield document


def _domain(document: str) -> Domain:
    try:
        root = xmltodict.parse(document, force_list=("interface", "hostdev"))["domain"]
        devices = root.get("devices") or {}
        return Domain(
            uuid=str(root["uuid"]).lower(),
            name=str(root["name"]),
            interfaces=[_interface(element) for element in devices.get("interface") or ()],
            host_devices=[
                _host_device(element)
                for element in devices.get("hostdev") or ()
                if element.get("@type") == "pci"
            ],
        )
    except (ExpatError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"virsh dumpxml: {error!r}", sample=document) from None


def _interface(element: dict[str, Any]) -> DomainInterface:
    parameters = (element.get("virtualport") or {}).get("parameters") or {}
    source = element.get("source") or {}
    source = source if isinstance(source, dict) else {}
    unix = source.get("@type") == "unix"
    tag = (element.get("vlan") or {}).get("tag") or {}
    number = tag.get("@id", "") if isinstance(tag, dict) else ""
    return DomainInterface(
        kind=str(element.get("@type", "")),
        mac=_attribute(element, "mac", "@address").lower(),
        device=_attribute(element, "target", "@dev"),
        bridge=str(source.get("@bridge", "")),
        model=_attribute(element, "model", "@type"),
        port_id=str(parameters.get("@interfaceid", "")),
        element=element,
        pci=_pci(source.get("address")),
        socket=str(source.get("@path", "")) if unix else "",
        source=str(source.get("@dev", "")),
        link="down" if _attribute(element, "link", "@state") == "down" else "up",
        vlan=int(number) if str(number).isdecimal() else None,
    )


def _host_device(element: dict[str, Any]) -> HostDevice:
    source = element.get("source") or {}
    return HostDevice(
        pci=_pci(source.get("address") if isinstance(source, dict) else None),
        element=element,
    )


def _pci(address: Any) -> str:
    """`0000:3b:02.0` of libvirt's four hexadecimal numbers; "" for what is none."""
    if not isinstance(address, dict) or address.get("@type", "pci") != "pci":
        return ""
    try:
        domain, bus, slot, function = (
            int(str(address.get(f"@{part}", "0")), 16)
            for part in ("domain", "bus", "slot", "function")
        )
    except ValueError:
        return ""
    return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"


def _attribute(element: dict[str, Any], name: str, attribute: str) -> str:
    child = element.get(name)
    return str(child.get(attribute, "")) if isinstance(child, dict) else ""
