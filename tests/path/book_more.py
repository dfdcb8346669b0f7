"""Further rows of the fault book: pairs of faults, servers, bindings, rules, unread hosts."""

from __future__ import annotations

from tests.path.breaking import (
    bind_failed,
    both_ends,
    dhcp_down,
    let_out_only,
    no_tunnels,
    note_segment,
    nothing,
)
from tests.path.fault import C1, C2, N1, Fault

MORE = (
    Fault(
        "two faults: the first on the way",
        both_ends,
        ("web", "app"),
        "no",
        "link_down",
        (C1, "tap"),
        ("web", "link_down"),
    ),
    Fault(
        "two faults: asked from the other end",
        both_ends,
        ("app", "web"),
        "no",
        "dead_vlan",
        (C2, ""),
        ("app", "dead_vlan"),
    ),
    Fault(
        "no tunnels at all",
        lambda c: no_tunnels(c, C2),
        ("web", "app"),
        "no",
        "tunnel_missing",
        (C2, ""),
    ),
    Fault(
        "DHCP device down",
        dhcp_down,
        ("app", "dhcp:app"),
        "no",
        "link_down",
        (N1, "tap"),
        ("app", "link_down"),
        ("web", "app"),
    ),
    Fault(
        "wired to another segment",
        lambda c: note_segment(c, "mail", 777),
        ("mail", "both"),
        "no",
        "wrong_segment",
        (C1, "OVS"),
        ("mail", "wrong_segment"),
        ("web", "app"),
    ),
    Fault(
        "binding failed",
        lambda c: bind_failed(c, "db"),
        ("web", "db"),
        "no",
        "binding_failed",
        (C1, ""),
        ("db", "binding_failed"),
    ),
    Fault(
        "sender may not send there",
        lambda c: let_out_only(c, "web", "198.51.100.0/24"),
        ("web", "db"),
        "no",
        "security_blocks",
        (C1, ""),
    ),
    Fault(
        "compute host unreachable",
        nothing,
        ("web", "app"),
        "unknown",
        "not_read",
        (C2, ""),
        ("app", "not_read"),
        ("web", "db"),
        unreachable=C2,
    ),
)
