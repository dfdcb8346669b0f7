"""Random wirings: drawn as hops between devices first, printed as command output second.

A hop is (from, to, what it does to the tags). `from` and `to` are (device, direction): "out" is a
frame about to leave by a device, "in" one that comes in at it. The truth about a drawing is a plain
search over its hops with frames whose tags are known; it shares no code with the walk it judges.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Stack = tuple[int, ...]
Change = Callable[[Stack], Stack | None]
State = tuple[int, str]

VLANS = (5, 6, 7)
#: A loop of VLAN devices would add tags for ever.
MOST_TAGS = 3
NETNS = ("red", "blue")


@dataclass
class Drawn:
    """A device of the drawing; `number` is its identity, names repeat between namespaces."""

    number: int
    name: str
    netns: str
    index: int
    kind: str
    info: dict[str, Any] = field(default_factory=dict)
    master: str = ""
    link: str = ""
    peer: int | None = None
    address: str = ""


@dataclass
class Drawing:
    """Devices, ports and hops."""

    devices: list[Drawn] = field(default_factory=list)
    hops: list[tuple[State, State, Change]] = field(default_factory=list)
    nics: set[int] = field(default_factory=set)
    free: list[Drawn] = field(default_factory=list)
    ports: list[dict[str, Any]] = field(default_factory=list)
    bridges: list[str] = field(default_factory=list)
    overflow: bool = False

    def device(self, name: str, kind: str = "", netns: str = "", **info: Any) -> Drawn:
        """A new device, which nothing has as a member yet."""
        index = 2 + sum(d.netns == netns for d in self.devices)
        made = Drawn(len(self.devices), name, netns, index, kind, info)
        self.devices.append(made)
        self.free.append(made)
        return made

    def hop(self, source: State, target: State, change: Change = lambda stack: stack) -> None:
        """A way for frames."""
        self.hops.append((source, target, change))

    def reach(self, start: State, stack: Stack) -> set[tuple[str, Stack]]:
        """NICs by which a frame leaves, with its tags then: the truth."""
        nexts: dict[State, list[tuple[State, Change]]] = {}
        for source, target, change in self.hops:
            nexts.setdefault(source, []).append((target, change))
        todo, seen, found = deque([(start, stack)]), {(start, stack)}, set()
        while todo:
            at, tags = todo.popleft()
            if at[1] == "out" and at[0] in self.nics:
                found.add((self.devices[at[0]].name, tags))
                continue
            for target, change in nexts.get(at, ()):
                changed = change(tags)
                if changed is not None and len(changed) > MOST_TAGS:
                    self.overflow = True
                if changed is None or len(changed) > MOST_TAGS:
                    continue
                if (target, changed) not in seen:
                    seen.add((target, changed))
                    todo.append((target, changed))
        return found


# -- ports of Open vSwitch, with frames whose tags are all known ---------------------------


def entering(port: dict[str, Any]) -> Change:
    """What happens to a frame that comes into a switch by a port."""
    mode, tag, trunks = port["mode"], port["tag"], port["trunks"]

    def change(stack: Stack) -> Stack | None:
        vlan = stack[-1] if stack else 0
        if mode == "access":
            return None if vlan else ((tag,) if tag else ())
        if mode == "dot1q-tunnel":
            return (*stack, tag)
        if mode.startswith("native") and not vlan:
            return (tag,)
        allowed = {*trunks, tag} if mode.startswith("native") else set(trunks)
        return stack if not trunks or vlan in allowed else None

    return change


def leaving(port: dict[str, Any]) -> Change:
    """What happens to a frame that leaves a switch by a port."""
    mode, tag, trunks = port["mode"], port["tag"], port["trunks"]

    def change(stack: Stack) -> Stack | None:
        vlan = stack[-1] if stack else 0
        if mode in ("access", "dot1q-tunnel"):
            return None if vlan != tag else stack[:-1]
        if mode == "native-untagged" and vlan == tag:
            return stack[:-1]
        allowed = {*trunks, tag} if mode.startswith("native") else set(trunks)
        return stack if not trunks or vlan in allowed else None

    return change


# -- drawing --------------------------------------------------------------------------------


@st.composite
def drawings(draw: st.DrawFn, modes: tuple[str, ...]) -> Drawing:
    """A host: NICs, bonds, VLANs, veths, bridges, switches, namespaces with the same names."""
    d = Drawing()
    for number in range(draw(st.integers(1, 3))):
        d.nics.add(d.device(f"eth{number}").number)
    for netns in NETNS:
        d.device("eth0", "dummy", netns)  # called like the NIC, and nothing else
        d.free.pop()
    parts = (_bond, _vlan, _macvlan, _veth, _bridge, _switch, _patch, _foreign)
    for _ in range(draw(st.integers(1, 9))):
        draw(st.sampled_from(parts))(d, draw, modes)
    for dev in d.devices:
        if not dev.netns and not dev.address and draw(st.booleans()):
            dev.address = f"192.0.2.{dev.number + 1}"
    return d


def _take(d: Drawing, draw: st.DrawFn, most: int = 2, but: str = "-") -> list[Drawn]:
    fit = [dev for dev in d.free if not dev.netns and dev.kind != but]
    if not fit:
        return []
    chosen = draw(st.lists(st.sampled_from(fit), max_size=most, unique_by=lambda x: x.number))
    for dev in chosen:
        d.free.remove(dev)
    return chosen


def _bond(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    nics = [dev for dev in d.free if dev.number in d.nics and dev.kind == ""]
    if nics:
        kind = draw(st.sampled_from(("bond", "team")))
        first = "bond0" not in {dev.name for dev in d.devices}
        bond = d.device("bond0" if first else f"{kind}{len(d.devices)}", kind)
        d.nics.add(bond.number)
        for nic in nics[: draw(st.integers(1, 2))]:
            d.free.remove(nic)
            nic.master = bond.name


def _vlan(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    lower = draw(st.sampled_from([dev for dev in d.devices if not dev.netns]))
    tag = draw(st.sampled_from(VLANS))
    vlan = d.device(f"v{len(d.devices)}", "vlan", id=tag)
    vlan.link = lower.name
    d.hop((vlan.number, "out"), (lower.number, "out"), lambda stack: (*stack, tag))
    d.hop(
        (lower.number, "in"),
        (vlan.number, "in"),
        lambda stack: stack[:-1] if stack and stack[-1] == tag else None,
    )


def _macvlan(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    lower = draw(st.sampled_from([dev for dev in d.devices if not dev.netns]))
    upper = d.device(f"m{len(d.devices)}", draw(st.sampled_from(("macvlan", "macvtap", "ipvlan"))))
    upper.link = lower.name
    d.hop((upper.number, "out"), (lower.number, "out"))


def _veth(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    ends = [d.device(f"p{len(d.devices)}", "veth") for _ in range(2)]
    _pair(d, *ends)
    ends[0].link, ends[1].link = ends[1].name, ends[0].name


def _pair(d: Drawing, one: Drawn, other: Drawn) -> None:
    one.peer, other.peer = other.number, one.number
    d.hop((one.number, "out"), (other.number, "in"))
    d.hop((other.number, "out"), (one.number, "in"))


def _foreign(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    """A veth into a namespace, or out of sight; inside it may be a member of a bridge there."""
    here = d.device(f"p{len(d.devices)}", "veth")
    if draw(st.booleans()):
        here.peer = -1
        return
    netns = draw(st.sampled_from(NETNS))
    there = d.device(here.name, "veth", netns)  # the same name on both sides
    d.free.remove(there)
    _pair(d, here, there)


def _bridge(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    members = _take(d, draw, but="bridge")  # the kernel puts no bridge into a bridge
    bridge = d.device(f"b{len(d.devices)}", "bridge")
    for member in members:
        member.master = bridge.name
        d.hop((bridge.number, "out"), (member.number, "out"))
        d.hop((member.number, "in"), (bridge.number, "in"))
        for other in members:
            if other is not member:
                d.hop((member.number, "in"), (other.number, "out"))


def _port(draw: st.DrawFn, modes: tuple[str, ...], bridge: str, name: str) -> dict[str, Any]:
    mode = draw(st.sampled_from(modes))
    trunks = draw(st.lists(st.sampled_from((0, *VLANS)), max_size=2, unique=True))
    return {
        "bridge": bridge,
        "name": name,
        "mode": mode,
        "tag": draw(st.sampled_from(VLANS)) if mode != "trunk" else None,
        "trunks": trunks if mode != "access" else [],
        "interfaces": [],
    }


def _switch(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    """A bridge of Open vSwitch: its own device, ports of devices, perhaps a bond of two."""
    name = f"s{len(d.devices)}"
    d.bridges.append(name)
    chosen = _take(d, draw, 3, but="openvswitch")  # an interface has one port
    own = d.device(name, "openvswitch")
    if draw(st.booleans()):  # else it may become a member of a Linux bridge
        d.free.remove(own)
    _plug(d, _port(draw, ("trunk", "access"), name, name), [own], internal=True)
    if len(chosen) == 3:  # a bond of Open vSwitch, called like a bond of the kernel
        port = _port(draw, modes, name, draw(st.sampled_from(("bond0", f"ob{len(d.ports)}"))))
        if all(port["name"] != other["name"] for other in d.ports):
            _plug(d, port, [chosen.pop(), chosen.pop()])
    for dev in chosen:
        if all(dev.name != port["name"] for port in d.ports):
            _plug(d, _port(draw, modes, name, dev.name), [dev])


def _inside(d: Drawing, bridge: str) -> int:
    return -2 - d.bridges.index(bridge)


def _plug(
    d: Drawing, port: dict[str, Any], devices: list[Drawn], *, internal: bool = False
) -> None:
    for dev in devices:
        dev.master = dev.master if internal else "ovs-system"
        port["interfaces"].append((dev.name, "internal" if internal else "", {}))
    port["devices"] = [dev.number for dev in devices]
    port["internal"] = internal
    d.ports.append(port)


def _patch(d: Drawing, draw: st.DrawFn, modes: tuple[str, ...]) -> None:
    if len(d.bridges) < 2:
        return
    one, other = draw(st.permutations(d.bridges))[:2]
    number = sum(1 for port in d.ports if port.get("patch"))
    names = (f"patch{number}a", f"patch{number}b")
    for bridge, own, peer in ((one, *names), (other, *names[::-1])):
        port = _port(draw, modes, bridge, own)
        port |= {"patch": peer, "devices": [], "internal": False}
        port["interfaces"] = [(own, "patch", {"peer": peer})]
        d.ports.append(port)


def wire_switches(d: Drawing) -> None:
    """Hops through switches, once all their ports are drawn."""
    by_name = {port["name"]: port for port in d.ports}
    for port in d.ports:
        for other in d.ports:
            if other["bridge"] == port["bridge"] and other is not port:
                d.hop((_id(port), "inside"), (_id(other), "leave"))
        d.hop((_id(port), "enter"), (_id(port), "inside"), entering(port))
        d.hop((_id(port), "leave"), (_id(port), "outside"), leaving(port))
        d.hop((_inside(d, port["bridge"]), "all"), (_id(port), "leave"))
        if port.get("patch"):
            d.hop((_id(port), "outside"), (_id(by_name[port["patch"]]), "enter"))
        for number in port["devices"]:
            if port["internal"]:
                d.hop((number, "out"), (_id(port), "enter"))
                d.hop((_id(port), "outside"), (number, "in"))
            else:
                d.hop((_id(port), "outside"), (number, "out"))
                d.hop((number, "in"), (_id(port), "enter"))


def _id(port: dict[str, Any]) -> Any:
    return ("port", port["name"])


def start_of_switch(d: Drawing, bridge: str) -> State:
    """Where a frame starts that is in a switch already."""
    return (_inside(d, bridge), "all")


# -- printing -------------------------------------------------------------------------------


def links(d: Drawing, netns: str) -> str:
    """`ip -d -j addr show` in a namespace."""
    ids = {name: number for number, name in enumerate(NETNS)}
    shown: list[dict[str, Any]] = [
        {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK", "UP"], "link_type": "loopback",
         "operstate": "UNKNOWN", "address": "00:00:00:00:00:00", "addr_info": []}
    ]  # fmt: skip
    for dev in d.devices:
        if dev.netns != netns:
            continue
        entry: dict[str, Any] = {"ifindex": dev.index, "ifname": dev.name}
        if dev.peer is not None and (dev.peer == -1 or d.devices[dev.peer].netns != netns):
            far = None if dev.peer == -1 else d.devices[dev.peer]
            entry |= {"link_index": far.index if far else 2}
            entry |= {"link_netnsid": 7 if far is None else ids.get(far.netns, 0)}
        elif dev.link:
            entry["link"] = dev.link
        entry |= {"flags": ["UP", "LOWER_UP"], "mtu": 1500, "operstate": "UP"}
        entry |= {"link_type": "ether", "address": f"52:54:00:00:01:{dev.number:02x}"}
        entry |= {"master": dev.master} if dev.master else {}
        entry |= {"linkinfo": {"info_kind": dev.kind, "info_data": dev.info}} if dev.kind else {}
        local = {"family": "inet", "local": dev.address, "prefixlen": 24, "scope": "global"}
        shown.append(entry | {"addr_info": [local] if dev.address else []})
    return json.dumps(shown)


def namespace_links(d: Drawing) -> str:
    """The answer about all namespaces."""
    heads = {netns: f"netns: {netns} (id: {number})" for number, netns in enumerate(NETNS)}
    return "".join(f"{head}\n{links(d, netns)}\nexit: 0\n" for netns, head in heads.items())


def nics(d: Drawing) -> str:
    """`ethtool` of the devices with hardware."""
    hardware = [dev for dev in d.devices if dev.number in d.nics and not dev.kind]
    return "".join(f"== {dev.name} device\nSettings for {dev.name}:\n" for dev in hardware)


def ovs(d: Drawing) -> str:
    """The three tables of `ovs-vsctl --format=json`."""

    def table(headings: list[str], rows: list[list[Any]]) -> str:
        return json.dumps({"headings": headings, "data": rows})

    def some(items: Iterable[Any]) -> list[Any]:
        return ["set", list(items)]

    bridges, ports, interfaces = [], [], []
    for name in d.bridges:
        own = [["uuid", f"p-{port['name']}"] for port in d.ports if port["bridge"] == name]
        bridges.append([["uuid", f"b-{name}"], name, some(own), "system", "secure"])
    for port in d.ports:
        tag = some(()) if port["tag"] is None else port["tag"]
        mode = some(()) if port["mode"] in ("access", "trunk") else port["mode"]
        own = some(["uuid", f"i-{name}"] for name, _, _ in port["interfaces"])
        row = [["uuid", f"p-{port['name']}"], port["name"], tag, some(port["trunks"]), mode]
        ports.append([*row, some(()), own])
        for name, kind, options in port["interfaces"]:
            said = ["map", [[key, value] for key, value in options.items()]]
            row = [["uuid", f"i-{name}"], name, kind, said, 1, some(()), "up", "up"]
            interfaces.append([*row, ["map", []], some(()), 1500])
    heads = (
        ["_uuid", "name", "ports", "datapath_type", "fail_mode"],
        ["_uuid", "name", "tag", "trunks", "vlan_mode", "bond_mode", "interfaces"],
        ["_uuid", "name", "type", "options", "ofport", "mac_in_use", "link_state", "admin_state",
         "external_ids", "error", "mtu"],
    )  # fmt: skip
    return "\n".join(map(table, heads, (bridges, ports, interfaces)))
