"""A device of a port with a smaller MTU than its network: large packets are lost there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from calipso.topology.drift.drift_rule import DriftRule, DriftSeverity, Found, Reads, said
from calipso.topology.drift.facts import Facts


class MtuBelowNetwork(DriftRule):
    """A vNIC, or a Linux bridge of one network, whose MTU is below that of the network."""

    severity = DriftSeverity.MAJOR
    sentence = "A device on the way has a smaller MTU than its network."
    remedy = "Set the MTU of the device to that of the network: `ip link set DEVICE mtu N`."
    reads: ClassVar[Reads] = {
        "vnic": ("mtu", "network", "device"),
        "vconnector": ("mtu", "network", "bridge_name"),
        "network": ("mtu",),
    }

    def find(self, facts: Facts) -> Iterator[Found]:
        """Compare devices that carry exactly one network with it."""
        for item in facts.of("vnic", "vconnector"):
            network = facts.get("network", _only(item.get("network")))
            mtu, wanted = _number(item.get("mtu")), _number((network or {}).get("mtu"))
            if network is None or not mtu or mtu >= wanted:
                continue
            yield Found(
                item,
                f"{item.get('device') or item['name']} on {item.get('host')} has MTU {mtu}, "
                f"network {network['name']} has {wanted}",
                (said("cli", item, f"mtu={mtu}"), said("api", network, f"mtu={wanted}")),
                others=(network,),
            )


def _only(networks: Any) -> Any:
    """The network of a device that carries one."""
    several = networks if isinstance(networks, list) else [networks]
    return several[0] if len(several) == 1 else None


def _number(value: Any) -> int:
    """An MTU; 0 for what is none."""
    return value if isinstance(value, int) else 0
