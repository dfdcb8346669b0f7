"""How parts of the drawn cloud break: each function makes one fault before a scan."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from tests.path.cloud import TUNNELS, PathCloud
from tests.sample_cloud.generate.plan import Binding, Group
from tests.sample_cloud.profiles.drawing import DrawnHost
from tests.sample_cloud.profiles.ovs import EMPTY, ovs_map


def row(drawn: DrawnHost, port: str) -> dict[str, Any]:
    """A port of the switch of a host."""
    assert drawn.switch
    return next(each for each in drawn.switch.ports if each["name"] == port)


def interface(drawn: DrawnHost, name: str) -> dict[str, Any]:
    """An interface of the switch of a host."""
    assert drawn.switch
    return next(each for each in drawn.switch.interfaces if each["name"] == name)


def unplug(drawn: DrawnHost, *ports: str) -> None:
    """Take ports out of the switch of a host."""
    assert drawn.switch
    for port in ports:
        key = row(drawn, port)["_uuid"]
        for members in drawn.switch.bridges.values():
            if key in members:
                members.remove(key)
        drawn.switch.ports = [each for each in drawn.switch.ports if each["name"] != port]
        drawn.switch.interfaces = [e for e in drawn.switch.interfaces if e["name"] != port]


def down(drawn: DrawnHost, device: str, netns: str = "") -> None:
    """A device loses its link."""
    found = drawn.device(device, netns)
    found["operstate"] = "DOWN"
    found["flags"] = [flag for flag in found["flags"] if flag != "LOWER_UP"] + ["NO-CARRIER"]
    if not netns and drawn.switch and any(e["name"] == device for e in drawn.switch.interfaces):
        interface(drawn, device)["link_state"] = "down"


def gone(drawn: DrawnHost, device: str, netns: str = "") -> None:
    """A device is not on the host any more."""
    space = drawn.spaces[netns] if netns else drawn.root
    space.items = [each for each in space.items if each["ifname"] != device]


def tap_gone(cloud: PathCloud, guest: str) -> None:
    drawn = cloud.host(cloud.guests[guest].host.name)
    gone(drawn, cloud.tap(guest))
    found = interface(drawn, cloud.tap(guest))
    found |= {"error": "could not open network device", "ofport": -1, "link_state": EMPTY}


def retag(cloud: PathCloud, guest: str, tag: int, *, forget: bool = False) -> None:
    found = row(cloud.host(cloud.guests[guest].host.name), cloud.tap(guest))
    found["tag"] = tag
    if forget:
        found["other_config"] = ovs_map(None)


def tunnel_to(host: str) -> str:
    """Name of the tunnel port to a host of the drawing."""
    return f"vxlan-{int(ip_address(TUNNELS[host])):08x}"


def tunnel_gone(cloud: PathCloud, host: str, peer: str) -> None:
    unplug(cloud.host(host), tunnel_to(peer))


def namespace_gone(cloud: PathCloud, space: str) -> None:
    drawn = cloud.host("network-1")
    for device in drawn.spaces.pop(space).items:
        if any(each["name"] == device["ifname"] for each in drawn.switch.ports if drawn.switch):
            unplug(drawn, device["ifname"])


def gate_space(cloud: PathCloud) -> str:
    return f"qrouter-{cloud.gate.id}"


def no_groups(cloud: PathCloud, guest: str) -> None:
    cloud.port(guest).groups = []


def only_web_port(cloud: PathCloud, guest: str) -> None:
    """The guest's port lets out everything and lets in only TCP 80."""
    rules = [
        {"direction": "egress"},
        {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80},
    ]
    group = Group("group-web", "web", cloud.guests[guest].project, rules)
    cloud.site.plan.groups.append(group)
    cloud.port(guest).groups = [group.id]


def disable_port(cloud: PathCloud, guest: str) -> None:
    cloud.port(guest).enabled = False


def shut_off(cloud: PathCloud, guest: str) -> None:
    instance = cloud.guests[guest]
    instance.failed = True
    drawn = cloud.host(instance.host.name)
    drawn.guests = [each for each in drawn.guests if each[0] is not instance]


def without_gateway(cloud: PathCloud) -> None:
    port = cloud.gate.gateway
    cloud.site.plan.ports.remove(port)
    cloud.gate.gateway = None
    name = f"qg-{port.short}"
    gone(cloud.host("network-1"), name, gate_space(cloud))
    unplug(cloud.host("network-1"), name)


def without_interface(cloud: PathCloud) -> None:
    port = cloud.router_port(cloud.blue)
    cloud.gate.interfaces.remove(port)
    cloud.site.plan.ports.remove(port)
    name = f"qr-{port.short}"
    gone(cloud.host("network-1"), name, gate_space(cloud))
    unplug(cloud.host("network-1"), name)


def small(drawn: DrawnHost, device: str, mtu: int) -> None:
    drawn.device(device)["mtu"] = mtu


def unmap(cloud: PathCloud, host: str) -> None:
    """The agent of a host maps no bridge."""
    agents = cloud.host(host).host.agents
    for at, (kind, binary, topic, conf) in enumerate(agents or []):
        if "bridge_mappings" in conf:
            agents[at] = (kind, binary, topic, conf | {"bridge_mappings": {}})


def drop_router_device(cloud: PathCloud) -> None:
    """The router's device on red is gone, from its namespace and from the switch."""
    name = f"qr-{cloud.router_port(cloud.red).short}"
    gone(cloud.host("network-1"), name, gate_space(cloud))
    unplug(cloud.host("network-1"), name)


def nothing(cloud: PathCloud) -> None:
    """The cloud is well; the scan is what fails."""


def both_ends(cloud: PathCloud) -> None:
    """Two faults: the sender's tap is down, and the other guest's port is in the dead VLAN."""
    down(cloud.host("compute-1"), cloud.tap("web"))
    retag(cloud, "app", 4095)


def no_tunnels(cloud: PathCloud, host: str) -> None:
    """No tunnel port is left on a host."""
    for peer in TUNNELS:
        if peer != host:
            tunnel_gone(cloud, host, peer)


def dhcp_down(cloud: PathCloud) -> None:
    """The device of red's DHCP server is down."""
    port = next(p for p in cloud.host("network-1").host.dhcp if p.network is cloud.red)
    down(cloud.host("network-1"), f"tap{port.short}", f"qdhcp-{cloud.red.id}")


def note_segment(cloud: PathCloud, guest: str, number: int) -> None:
    """The agent wired the guest's port to another segment, and noted it."""
    found = row(cloud.host(cloud.guests[guest].host.name), cloud.tap(guest))
    values = dict(found["other_config"][1])
    found["other_config"] = ovs_map(values | {"segmentation_id": str(number)})


def bind_failed(cloud: PathCloud, guest: str) -> None:
    """Neutron could not bind the guest's port, so it has no device."""
    tap_gone(cloud, guest)
    cloud.port(guest).binding = Binding("binding_failed")


def let_out_only(cloud: PathCloud, guest: str, prefix: str) -> None:
    """The guest may send only to a range of addresses."""
    rules = [{"direction": "egress", "remote_ip_prefix": prefix}]
    group = Group("group-out", "out", cloud.guests[guest].project, rules)
    cloud.site.plan.groups.append(group)
    cloud.port(guest).groups = [group.id]


def gateway_down(cloud: PathCloud) -> None:
    """The router's device on the external network is down."""
    assert cloud.gate.gateway
    down(cloud.host("network-1"), f"qg-{cloud.gate.gateway.short}", gate_space(cloud))
