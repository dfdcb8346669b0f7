"""FindLinksForInstanceVnics: instance-vnic."""

from __future__ import annotations

from typing import Any

from calipso.discover.find_links import FindLinks, joined_state, network_attribute, with_reason
from calipso.topology.plugs import Fault, down_fault
from calipso.topology.plumbing import networks_of_vnic


class FindLinksForInstanceVnics(FindLinks):
    """instance-vnic: an instance and the tap devices its libvirt domain has on the host.

    The name is the label of the network; the state is that of the tap device.
    """

    scope = "host"

    def add_links(self) -> None:
        """Join vNICs to instances by `instance_id`."""
        instances = {item["id"]: _known(item) for item in self.each("instance", ["network_info"])}
        labels = {item["id"]: str(item["name"]) for item in self.find("network", [])}
        fields = [
            "vnic_type",
            "instance_id",
            "parent_id",
            "network",
            "state",
            "mac_address",
            "link",
            "sub_ports",
        ]
        for vnic in self.each("vnic", fields):
            if vnic.get("vnic_type") != "instance_vnic":
                continue
            owner = vnic.get("instance_id") or str(vnic.get("parent_id")).removesuffix("-vnics")
            instance = instances.get(owner)
            if instance is None:
                continue
            entry = _network_info(instance, vnic)
            network = vnic.get("network") or entry.get("id")
            fault = self.guest_fault(instance, vnic)
            self.link(
                instance,
                vnic,
                link_name=entry.get("label") or labels.get(str(network), ""),
                state=fault.state if fault else joined_state(vnic.get("state")),
                host=vnic.get("host"),
                attributes=with_reason(network_attribute(networks_of_vnic(vnic, network)), fault),
            )

    def guest_fault(self, instance: dict[str, Any], vnic: dict[str, Any]) -> Fault | None:
        """Return the fault of a vNIC without carrier; None when it has carrier.

        Either the tap is down, or libvirt has set the link down for the guest. This finder reports
        the second case. FindLinksForVedges and FindLinksForVconnectors report the first.
        """
        host, name = str(vnic.get("host") or ""), str(vnic["name"])
        link = vnic.get("link")
        if not isinstance(link, dict) or link.get("@state") != "down":
            return down_fault(host, {name: vnic.get("state")})
        message = f"{host}: libvirt has set the link of {name} down: the guest has no carrier"
        hint = f"`virsh domif-setlink DOMAIN {name} up` on {host}."
        owner = {"type": "instance", "id": instance["id"], "host": host}
        for item, code in ((vnic, "link_down"), (owner, "cut_off")):
            self.problem(item, code=code, message=message, hint=hint)
        return Fault("link_down", message, hint)


def _known(instance: dict[str, Any]) -> dict[str, Any]:
    """Return the instance with the part of `network_info` that is needed to tell vNICs apart."""
    entries = [entry for entry in instance.get("network_info") or () if isinstance(entry, dict)]
    told = [{name: entry.get(name) for name in ("devname", "address")} for entry in entries]
    for less, entry in zip(told, entries, strict=True):
        network = entry.get("network") or {}
        less["network"] = {name: network[name] for name in ("id", "label") if name in network}
    return instance | {"network_info": told}


def _network_info(instance: dict[str, Any], vnic: dict[str, Any]) -> dict[str, Any]:
    """Return the network of this vNIC: that of the `network_info` entry with its device
    or its MAC.
    """
    entries = instance["network_info"]
    mac = vnic.get("mac_address")
    for entry in entries:
        device = entry.get("devname")
        if device and f"{vnic.get('host')}-{device}" == vnic["id"]:
            return dict(entry.get("network") or {})
    for entry in entries:
        if mac and entry.get("address") == mac:
            return dict(entry.get("network") or {})
    return {}
