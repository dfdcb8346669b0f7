"""A patch port between bridges whose other end is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class PatchWithoutPeer(DriftRule):
    """Open vSwitch has one end of a patch, and the peer that it names is missing."""

    severity = DriftSeverity.CRITICAL
    sentence = "A patch port between two bridges has no other end."
    remedy = "Look at the log of the Open vSwitch agent: it makes the patches between its bridges."
    reads: ClassVar[Reads] = {"vedge": ("ports", "patch_ports")}

    def find(self, facts: Facts) -> Iterator[Found]:
        """The peer must be a port of the switch, and name this port as its peer."""
        for switch in facts.of("vedge"):
            patches = switch.get("patch_ports") or {}
            for name, patch in patches.items():
                peer = str(patch.get("peer") or "")
                back = (patches.get(peer) or {}).get("peer")
                if back == name:
                    continue
                is_there = peer in patches or peer in (switch.get("ports") or {})
                why = f"names {back or 'no peer'} as its peer" if is_there else "is not there"
                yield Found(
                    switch,
                    f"patch {name} of {patch.get('bridge')} on {switch.get('host')} leads to "
                    f"{peer or 'nothing'}, which {why}",
                    (said("cli", switch, f"{name}: peer={peer}"),),
                    part=str(name),
                )
