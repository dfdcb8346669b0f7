"""An instance that Nova has ACTIVE on a host that was read, and no interface of it is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class InstanceWithoutDevice(DriftRule):
    """Nova says ACTIVE, Neutron has ports of it, and the host shows none of its interfaces."""

    severity = DriftSeverity.CRITICAL
    sentence = "An instance is ACTIVE, and its host has no domain or interface of it."
    remedy = "Look for the domain on the host (`virsh list --all`), then start the instance."
    reads: ClassVar[Reads] = {
        "instance": ("status", "power_state"),
        "port": ("device_id", "device_owner", "binding:vnic_type", "binding:vif_type"),
        "vnic": ("instance_id",),
        "host": ("host_type",),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Hosts that show interfaces of other guests, so that nothing else hides them."""
        problems = {str(item["id"]) for item, _ in facts.problems("tap_missing")}
        seen = {str(nic.get("instance_id")) for nic in facts.every("vnic")}
        showing = {str(nic.get("host")) for nic in facts.of("vnic") if nic.get("instance_id")}
        ports: dict[str, int] = defaultdict(int)
        for port in facts.of("port"):
            if str(port.get("device_owner") or "").startswith("compute:"):
                usual = port.get("binding:vnic_type") in (None, "normal")
                bound = port.get("binding:vif_type") not in ("unbound", "binding_failed")
                ports[str(port.get("device_id"))] += usual and bound
        for item in facts.of("instance"):
            key, host = str(item["id"]), str(item.get("host") or "")
            if item.get("status") != "ACTIVE" or key in seen or key in problems:
                continue
            if host in showing and facts.is_read(host) and ports[key]:
                yield Found(
                    item,
                    f"{item['name']} is ACTIVE on {host} with {ports[key]} ports, and the host "
                    "shows no interface of it",
                    (said("api", item, "status=ACTIVE"),),
                )
