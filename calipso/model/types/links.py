"""Link types: which objects touch, how that is known, and what the state of a link means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkType:
    """One link type, declared. Links are stored from `source` to `target`: towards the wire.

    Clique types may name a link type in either direction.
    """

    source: str
    target: str
    #: How it is known that two objects touch.
    joined_by: str
    #: What the state of the link is the state of.
    state: str
    #: Cables between the ends: 0 within one machine. None: nobody knows.
    length: int | None = 0
    #: True: derived from other links, and only where a clique type names it.
    implicit: bool = False
    #: Name of an attribute: links that have it lead towards the wire from target to source.
    turned_by: str = ""
    #: A word of the model that no finder of this release makes: who will, or why not.
    planned: str = ""

    @property
    def name(self) -> str:
        """`<source>-<target>`."""
        return f"{self.source}-{self.target}"

    @property
    def backwards(self) -> str:
        """The name against the stored direction."""
        return f"{self.target}-{self.source}"


LINKS = (
    LinkType("instance", "vnic", "The domain of the instance has this interface.", "The device."),
    LinkType("vservice", "vnic", "The device is in the namespace.", "The device."),
    LinkType(
        "vnic",
        "vnic",
        "They are the two ends of a veth pair between namespaces of a host.",
        "Both ends.",
    ),
    LinkType(
        "vnic", "vconnector", "The device is a member of the bridge.", "The device and the member."
    ),
    LinkType("vnic", "vedge", "The device is a port of the switch.", "The device and the port."),
    LinkType(
        "vconnector",
        "vedge",
        "A veth pair joins bridge and switch (`qvb`, `qvo`). With the attribute `uplink` the "
        "bridge is the switch's way to a NIC.",
        "Both ends of the pair.",
        turned_by="uplink",
    ),
    LinkType("vedge", "otep", "It is the endpoint of the switch's tunnel ports.", "The endpoint."),
    LinkType(
        "otep",
        "vconnector",
        "The Linux bridge has the address, or the tunnel device is a member of the bridge.",
        "The endpoint.",
    ),
    LinkType(
        "otep",
        "host_pnic",
        "The packets of the endpoint leave by this NIC, with no Linux bridge between.",
        "The endpoint and the NIC.",
    ),
    LinkType(
        "vconnector",
        "host_pnic",
        "The bridge leads out by the NIC: it, a VLAN on it, or a bridge over it is a member.",
        "The NIC and the member.",
    ),
    LinkType("vedge", "host_pnic", "The NIC is a port of the switch.", "The NIC and the port."),
    LinkType(
        "vnic",
        "host_pnic",
        "The guest has a virtual function of the NIC, or the NIC itself.",
        "The NIC.",
    ),
    LinkType(
        "host_pnic",
        "network",
        "Something of the network is on the host, and the wiring leads it out by this NIC.",
        "The NIC.",
        length=None,
    ),
    LinkType(
        "host_pnic",
        "host_pnic",
        "The NIC is a member of the bond or team.",
        "The member, as the NIC and as the bond sees it.",
    ),
    LinkType(
        "instance",
        "network",
        "A chain of links joins them, and all its links carry the network.",
        "The worst link of the chain.",
        length=None,
        implicit=True,
    ),
    LinkType(
        "host_pnic",
        "switch_pnic",
        "A cable joins NIC and switch port.",
        "The NIC; in a fabric of Cisco ACI the port as well.",
        length=1,
    ),
    LinkType(
        "switch_pnic",
        "switch_pnic",
        "A cable joins a leaf and a spine of Cisco ACI.",
        "Both ports.",
        length=1,
    ),
    LinkType(
        "switch",
        "switch_pnic",
        "The port is one of the switch.",
        "The port in a fabric of Cisco ACI; otherwise not known.",
    ),
)
