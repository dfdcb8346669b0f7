"""Makes ports of other shapes on a real OpenStack, and takes them away again.

    ports.py trunk HOST     an instance there with a trunk of two sub-ports; prints its id
    ports.py untrunk ID     delete it with its trunk and ports
    ports.py pair HOST      a port there may also use address and MAC of its neighbour; prints it
    ports.py unpair ID      and back
    ports.py open HOST      a port there without port security; prints `port,group,...`
    ports.py close WORD     and back: what `open` printed

Needs the usual OS_* variables of an administrator.
"""

from __future__ import annotations

import sys

from ask_cloud import Cloud, Row
from trouble import act, remove, server, wait

NAME = "calipso-trunk"


def ports(cloud: Cloud, query: str) -> list[Row]:
    return sorted(cloud.rows("network", f"/ports?{query}", "ports"), key=lambda p: str(p["id"]))


def of_guests(cloud: Cloud, host: str) -> list[Row]:
    """Ports of instances on a host."""
    found = ports(cloud, f"binding:host_id={host}")
    return [port for port in found if port["device_owner"].startswith("compute:")]


def change(cloud: Cloud, port: str, **values: object) -> None:
    cloud.call("PUT", "network", f"/ports/{port}", {"port": values})


def trunk(cloud: Cloud, host: str) -> str:
    """The parent port is in one network, a sub-port in each of two others."""
    nets = cloud.rows("network", "/networks", "networks")
    inside = sorted(
        (net for net in nets if not net["router:external"]), key=lambda net: str(net["name"])
    )
    made = []
    for net in inside[:3]:
        body = {"network_id": net["id"], "name": NAME}
        made.append(cloud.call("POST", "network", "/ports", {"port": body})["port"]["id"])
    subs = [
        {"port_id": port, "segmentation_type": "vlan", "segmentation_id": vlan}
        for vlan, port in enumerate(made[1:], start=101)
    ]
    body = {"name": NAME, "port_id": made[0], "sub_ports": subs}
    cloud.call("POST", "network", "/trunks", {"trunk": body})
    return _boot(cloud, host, made[0])


def _boot(cloud: Cloud, host: str, port: str) -> str:
    """An instance like the others of this host, with this port alone; waits until it is wired."""
    servers = cloud.rows("compute", "/servers/detail?all_tenants=1", "servers")
    like = next(one for one in servers if one["OS-EXT-SRV-ATTR:host"] == host)
    flavors = cloud.rows("compute", "/flavors", "flavors")
    flavor = next(f["id"] for f in flavors if f["name"] == like["flavor"]["original_name"])
    body = {
        "name": NAME,
        "imageRef": like["image"]["id"],
        "flavorRef": flavor,
        "availability_zone": f"{like['OS-EXT-AZ:availability_zone']}:{host}",
        "networks": [{"port": port}],
    }
    key = str(cloud.call("POST", "compute", "/servers", {"server": body})["server"]["id"])
    wait("it runs", lambda: server(cloud, key)["status"] == "ACTIVE")
    trunks = f"/trunks?name={NAME}"
    wait(
        "its trunk is wired",
        lambda: all(one["status"] == "ACTIVE" for one in cloud.rows("network", trunks, "trunks")),
    )
    wait(
        "its ports are wired",
        lambda: all(port["status"] == "ACTIVE" for port in ports(cloud, f"name={NAME}")),
    )
    return key


def untrunk(cloud: Cloud, key: str) -> str:
    remove(cloud, key)
    for one in cloud.rows("network", f"/trunks?name={NAME}", "trunks"):
        cloud.call("DELETE", "network", f"/trunks/{one['id']}")
    for port in ports(cloud, f"name={NAME}"):
        cloud.call("DELETE", "network", f"/ports/{port['id']}")
    return key


def pair(cloud: Cloud, host: str) -> str:
    """The neighbour's MAC on another port: by it alone the two cannot be told apart."""
    port, neighbour = of_guests(cloud, host)[:2]
    fixed = neighbour["fixed_ips"][0]["ip_address"]
    pairs = [{"ip_address": fixed, "mac_address": neighbour["mac_address"]}]
    change(cloud, port["id"], allowed_address_pairs=pairs)
    return str(port["id"])


def unpair(cloud: Cloud, port: str) -> str:
    change(cloud, port, allowed_address_pairs=[])
    return port


def open_(cloud: Cloud, host: str) -> str:
    port = of_guests(cloud, host)[0]
    change(cloud, port["id"], security_groups=[], port_security_enabled=False)
    return ",".join([port["id"], *port["security_groups"]])


def close(cloud: Cloud, word: str) -> str:
    port, *groups = word.split(",")
    change(cloud, port, port_security_enabled=True, security_groups=groups)
    return port


ACTIONS = {
    function.__name__.rstrip("_"): function
    for function in (trunk, untrunk, pair, unpair, open_, close)
}


if __name__ == "__main__":
    sys.exit(act(ACTIONS, __doc__))
