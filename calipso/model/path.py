"""Hops of a path: the objects that a packet passes, in order, each with its own verdict."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from calipso.model.answer import Evidence, Verdict

#: Protocols that rules of Neutron name, with the numbers of IANA.
PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "egp": 8,
    "udp": 17,
    "dccp": 33,
    "ipv6-encap": 41,
    "ipv6-route": 43,
    "ipv6-frag": 44,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ospf": 89,
    "vrrp": 112,
    "pgm": 113,
    "sctp": 132,
    "udplite": 136,
}


class Direction(StrEnum):
    """Which packets a hop is about."""

    FORWARD = "forward"
    BACKWARD = "backward"


class Security(BaseModel):
    """What security groups say to a packet at a port."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    #: The rule that lets the packet pass, or why none does.
    rule: str = ""
    rule_id: str = ""
    group: str = ""


class Hop(BaseModel):
    """An object on the way."""

    model_config = ConfigDict(extra="forbid")

    direction: Direction = Direction.FORWARD
    #: What `/inventory/<key>` takes; empty for what is no object, such as the outside.
    key: str = ""
    type: str
    id: str
    name: str
    host: str = ""
    #: Name of the network that this part of the way belongs to.
    network: str = ""
    #: The device or port by which the packet comes in, and the one by which it leaves.
    way_in: str = ""
    way_out: str = ""
    #: In the words of its source.
    state: str = ""
    #: Local VLAN tag on the switch of the host.
    tag: int | None = None
    #: VNI or VLAN id on the wire.
    segment: int | None = None
    #: In bytes.
    mtu: int | None = None
    verdict: Verdict = Verdict.YES
    #: Why it is not `yes`; one of `path_codes.CODES` or of `problem_codes.CODES`.
    code: str = ""
    message: str = ""
    hint: str = ""
    #: What happens there: a route, a translation of addresses.
    note: str = ""
    security: Security | None = None
    evidence: Evidence | None = None
    read_at: datetime | None = None
    stale_since: datetime | None = None
    #: Codes of all problems of the object.
    problems: list[str] = Field(default_factory=list)
    #: What monitoring says of it, where it looks at it.
    monitoring: dict[str, Any] | None = None
    #: True: no packet of the guest is handled there in its own right, it is the cable below.
    underlay: bool = False
    #: Names of other objects of this kind by which the way may go as well.
    others: list[str] = Field(default_factory=list)

    def fail(self, verdict: Verdict, code: str, message: str, hint: str = "") -> None:
        """Set a verdict, unless a worse one is set. Worse means: `no`, `unknown`, `degraded`."""
        if SEVERITY[verdict] > SEVERITY[self.verdict]:
            self.verdict, self.code, self.message, self.hint = verdict, code, message, hint


#: How bad a verdict is: what is surely broken counts more than what is unknown.
SEVERITY = {Verdict.YES: 0, Verdict.DEGRADED: 1, Verdict.UNKNOWN: 2, Verdict.NO: 3}


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of several verdicts; `yes` for none."""
    return max(verdicts, key=SEVERITY.__getitem__, default=Verdict.YES)
