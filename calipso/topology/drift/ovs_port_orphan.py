"""A port of Open vSwitch that Neutron does not know any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class OvsPortOrphan(DriftRule):
    """The switch has a port with the id of a Neutron port that is gone, and no guest has it."""

    severity = DriftSeverity.MINOR
    sentence = "Open vSwitch has a port whose Neutron port is gone."
    remedy = "Find out what the port belongs to: `ovs-vsctl list interface NAME`."
    reads: ClassVar[Reads] = {"vedge": ("ports",), "port": (), "vnic": ("device", "port_id")}

    def find(self, facts: Facts) -> Iterator[Found]:
        """Ports with a Neutron id; those of guests and services have a rule of their own."""
        if not any(True for _ in facts.every("port")):
            return
        used = {(str(n.get("host")), str(n.get("device"))) for n in facts.every("vnic")}
        for switch in facts.of("vedge"):
            host = str(switch.get("host"))
            for name, port in (switch.get("ports") or {}).items():
                key = port.get("port_id")
                taken = any((host, end) in used for end in (name, f"tap{name[3:]}"))
                if key and facts.get("port", key) is None and not taken:
                    yield Found(
                        switch,
                        f"{name} in Open vSwitch of {host} has the id of port {key}, which "
                        "Neutron does not have",
                        (said("cli", switch, f"{name}: iface-id={key}"),),
                        part=str(name),
                    )
