"""Details of objects and links in `calipso clique show`, besides their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from calipso.cli.output import clean, iso
from calipso.model.documents import Record
from calipso.topology.plumbing import values

#: Fields read of the objects of a clique.
DETAIL_FIELDS = (
    "addresses",
    "cidrs",
    "fixed_ips",
    "ip_address",
    "ip_addresses",
    "last_scanned",
    "lldp",
    "mac_address",
    "mtu",
    "network_info",
    "overlay_type",
    "problems",
    "provider:network_type",
    "provider:segmentation_id",
    "vni",
)
#: Replaces a space inside a fact, so that no line break splits the fact.
NO_BREAK = "\xa0"
_MAC = re.compile(r"(?i)[0-9a-f]{2}(:[0-9a-f]{2}){5}")
#: Types whose address and MTU matter for the path.
_WITH_DEVICE = frozenset({"vnic", "vconnector", "otep", "host_pnic"})


def facts(item: Record, link: Record | None = None) -> str:
    """Return tag, addresses, MAC, MTU, VNI, floating IPs and switch port, as far as they
    are known.
    """
    kind = item["type"]
    found: list[str] = []
    tag = ((link or {}).get("attributes") or {}).get("tag")
    if tag not in (None, "", []):
        found.append(f"tag {tag}")
    if kind in _WITH_DEVICE:
        found += values(item.get("mac_address"))
        found += values(item.get("ip_addresses") or item.get("addresses") or item.get("ip_address"))
        found += [f"MTU {item['mtu']}"] if item.get("mtu") else []
    if kind == "otep":
        overlay = str(item.get("overlay_type") or "")
        found += [f"{overlay} {item['vni']}".strip()] if item.get("vni") else values(overlay)
    if kind == "instance":
        found += [f"floating IP {address}" for address in floating_ips(item)]
    if kind == "host_pnic" and (port := switch_port(item)):
        found.append(port)
    if kind == "network":
        segment = (item.get("provider:network_type"), item.get("provider:segmentation_id"))
        found += [" ".join(str(part) for part in segment if part not in (None, ""))]
        found += values(item.get("cidrs"))
    return ", ".join(clean(text).replace(" ", NO_BREAK) for text in found if text)


def floating_ips(instance: Record) -> list[str]:
    """Return the floating IPs of an instance from Nova's cache."""
    entries = [entry for entry in instance.get("network_info") or () if isinstance(entry, Mapping)]
    return sorted(
        str(floating.get("address"))
        for entry in entries
        for subnet in (entry.get("network") or {}).get("subnets") or ()
        for address in subnet.get("ips") or ()
        for floating in address.get("floating_ips") or ()
    )


def switch_port(nic: Record) -> str:
    """Return `-> leaf-1 port 7`: the LLDP neighbour of a NIC; its description if the id
    is a MAC.
    """
    lldp = nic.get("lldp")
    if not isinstance(lldp, Mapping):
        return ""
    switch = lldp.get("system_name") or lldp.get("chassis_id")
    port = str(lldp.get("port_id") or "")
    if _MAC.fullmatch(port):
        port = str(lldp.get("port_description") or port)
    return f"-> {switch} port {port}" if switch else ""


def notes(item: Record, link: Record | None, told: set[str]) -> Iterator[str]:
    """Return lines with the object's problems, and the reason why the link is not up.

    `told` has the messages that were printed before, so that each fault is printed once.
    """
    for problem in item.get("problems") or ():
        if problem["message"] not in told:
            told.add(problem["message"])
            # the hint of `cut_off` names this command
            hint = problem.get("hint") if problem["code"] != "cut_off" else ""
            since = f" (since {iso(problem['since'])})" if problem.get("since") else ""
            yield clean(f"! {problem['code']}: {problem['message']}{since}. {hint or ''}".rstrip())
    reason = str(((link or {}).get("attributes") or {}).get("reason") or "")
    if reason and reason.partition(": ")[2] not in told:
        told.add(reason.partition(": ")[2])
        yield clean(f"! the link is {(link or {}).get('state')}: {reason}")
