"""The fault book: what is broken, what is asked, and what path and why must say.

The culprit is the object that was broken: the host and a part of the id of the first bad hop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.path.breaking import (
    disable_port,
    down,
    drop_router_device,
    gate_space,
    namespace_gone,
    no_groups,
    nothing,
    only_web_port,
    retag,
    shut_off,
    small,
    tap_gone,
    tunnel_gone,
    unmap,
    unplug,
    without_gateway,
    without_interface,
)
from tests.path.cloud import PathCloud

Break = Callable[[PathCloud], Any]


@dataclass(frozen=True)
class Fault:
    """One row of the book."""

    name: str
    make: Break
    #: Ends of the path that is asked for.
    ends: tuple[str, str]
    verdict: str
    code: str
    #: Host and part of the name of the first bad hop there.
    culprit: tuple[str, str] = ("", "")
    #: Instance of `why`, and the code of its answer.
    why: tuple[str, str] = ("", "")
    #: A path that the fault must not touch.
    spared: tuple[str, str] = ("mail", "both")
    proto: tuple[str, int | None] = ("", None)


C1, C2, N1 = "compute-1", "compute-2", "network-1"

BOOK = (
    Fault(
        "tap gone",
        lambda c: tap_gone(c, "web"),
        ("web", "db"),
        "no",
        "tap_missing",
        (C1, ""),
        ("web", "tap_missing"),
    ),
    Fault(
        "tap of the goal gone",
        lambda c: tap_gone(c, "app"),
        ("web", "app"),
        "no",
        "tap_missing",
        (C2, ""),
        ("app", "tap_missing"),
    ),
    Fault(
        "tap down",
        lambda c: down(c.host(C1), c.tap("web")),
        ("web", "app"),
        "no",
        "link_down",
        (C1, "tap"),
        ("web", "link_down"),
    ),
    Fault(
        "wrong tag",
        lambda c: retag(c, "web", 77),
        ("web", "db"),
        "no",
        "wrong_vlan",
        (C1, "OVS"),
        ("web", "wrong_vlan"),
    ),
    Fault(
        "wrong tag without a note",
        lambda c: retag(c, "web", 77, forget=True),
        ("web", "db"),
        "no",
        "wrong_vlan",
        (C1, "OVS"),
    ),
    Fault(
        "dead VLAN",
        lambda c: retag(c, "app", 4095),
        ("web", "app"),
        "no",
        "dead_vlan",
        (C2, "OVS"),
        ("app", "dead_vlan"),
    ),
    Fault(
        "port taken out of the switch",
        lambda c: unplug(c.host(C1), c.tap("web")),
        ("web", "app"),
        "no",
        "no_way_out",
        (C1, "tap"),
        ("web", "no_way_out"),
    ),
    Fault(
        "tunnel port removed",
        lambda c: tunnel_gone(c, C1, C2),
        ("web", "app"),
        "no",
        "tunnel_missing",
        (C1, "otep"),
    ),
    Fault(
        "tunnel port removed at the other side",
        lambda c: tunnel_gone(c, C2, C1),
        ("web", "app"),
        "no",
        "tunnel_missing",
        (C2, "otep"),
    ),
    Fault(
        "tunnel port to the network node removed",
        lambda c: tunnel_gone(c, C2, N1),
        ("app", "dhcp:app"),
        "no",
        "tunnel_missing",
        (C2, "otep"),
        ("app", "tunnel_missing"),
        ("web", "app"),
    ),
    Fault(
        "patch to the tunnels removed",
        lambda c: unplug(c.host(C1), "patch-tun", "patch-int"),
        ("web", "app"),
        "no",
        "patch_missing",
        (C1, "OVS"),
        ("web", "patch_missing"),
    ),
    Fault(
        "patch to the provider bridge removed",
        lambda c: unplug(c.host(C1), "int-br-ex", "phy-br-ex"),
        ("mail", "both"),
        "no",
        "patch_missing",
        (C1, "OVS"),
        ("mail", "patch_missing"),
        ("web", "app"),
    ),
    Fault(
        "provider NIC down",
        lambda c: down(c.host(C1), "ens1f0"),
        ("mail", "both"),
        "no",
        "link_down",
        (C1, "ens1f0"),
        ("mail", "link_down"),
        ("web", "app"),
    ),
    Fault(
        "tunnel NIC down",
        lambda c: down(c.host(C1), "eno1"),
        ("web", "app"),
        "no",
        "link_down",
        (C1, ""),
        ("web", "link_down"),
    ),
    Fault(
        "tunnel NIC of the network node down",
        lambda c: down(c.host(N1), "eno1"),
        ("app", "internet"),
        "no",
        "link_down",
        (N1, ""),
        ("app", "link_down"),
        ("web", "app"),
    ),
    Fault(
        "provider NIC not in the bridge",
        lambda c: unplug(c.host(C2), "ens1f0"),
        ("mail", "both"),
        "no",
        "no_way_out",
        (C2, ""),
        ("both", "no_way_out"),
        ("web", "app"),
    ),
    Fault(
        "no bridge mapping",
        lambda c: unmap(c, C1),
        ("mail", "both"),
        "no",
        "no_way_out",
        (C1, ""),
        ("mail", "no_way_out"),
        ("web", "app"),
    ),
    Fault(
        "MTU of a tap",
        lambda c: small(c.host(C1), c.tap("web"), 1300),
        ("web", "db"),
        "degraded",
        "mtu_small",
        (C1, "tap"),
    ),
    Fault(
        "MTU of the tunnel NIC",
        lambda c: small(c.host(C2), "eno1", 1400),
        ("web", "app"),
        "degraded",
        "mtu_small",
        (C2, "eno1"),
    ),
    Fault(
        "router's namespace gone",
        lambda c: namespace_gone(c, gate_space(c)),
        ("app", "mail"),
        "no",
        "namespace_gone",
        (N1, "qrouter"),
        ("app", "namespace_gone"),
    ),
    Fault(
        "DHCP namespace gone",
        lambda c: namespace_gone(c, f"qdhcp-{c.red.id}"),
        ("app", "dhcp:app"),
        "unknown",
        "device_unknown",
        (N1, ""),
        ("app", "device_unknown"),
    ),
    Fault(
        "router interface down",
        lambda c: down(c.host(N1), f"qr-{c.router_port(c.red).short}", gate_space(c)),
        ("app", "mail"),
        "no",
        "link_down",
        (N1, "qr-"),
        ("app", "link_down"),
    ),
    Fault(
        "router interface gone",
        drop_router_device,
        ("app", "internet"),
        "no",
        "device_missing",
        (N1, ""),
        ("app", "device_missing"),
    ),
    Fault(
        "gateway device down",
        lambda c: down(c.host(N1), f"qg-{c.gate.gateway.short}", gate_space(c)),
        ("app", "internet"),
        "no",
        "link_down",
        (N1, "qg-"),
        ("app", "link_down"),
    ),
    Fault(
        "router without gateway",
        without_gateway,
        ("app", "internet"),
        "no",
        "router_no_gateway",
        (N1, "qrouter"),
        ("app", "router_no_gateway"),
    ),
    Fault(
        "router left a network",
        without_interface,
        ("app", "mail"),
        "no",
        "not_routed_outside",
        ("", ""),
        ("", ""),
    ),
    Fault(
        "port switched off",
        lambda c: disable_port(c, "web"),
        ("web", "db"),
        "no",
        "port_disabled",
        (C1, ""),
        ("web", "port_disabled"),
    ),
    Fault(
        "instance failed",
        lambda c: shut_off(c, "db"),
        ("web", "db"),
        "no",
        "instance_error",
        (C1, "db"),
        ("db", "instance_error"),
    ),
    Fault(
        "no security group at the sender",
        lambda c: no_groups(c, "web"),
        ("web", "db"),
        "no",
        "security_blocks",
        (C1, ""),
    ),
    Fault(
        "security rule missing",
        lambda c: only_web_port(c, "db"),
        ("web", "db"),
        "no",
        "security_blocks",
        (C1, ""),
        proto=("tcp", 22),
    ),
    Fault(
        "security rule that fits",
        lambda c: only_web_port(c, "db"),
        ("web", "db"),
        "yes",
        "connected",
        proto=("tcp", 80),
    ),
    Fault(
        "network node unreachable",
        nothing,
        ("app", "internet"),
        "unknown",
        "not_read",
        (N1, ""),
        ("app", "not_read"),
        ("web", "app"),
    ),
)
