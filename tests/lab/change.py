#!/usr/bin/env python3
"""Changes a real cloud a little, waits until the change is real, prints it; and can undo it.

    change.py --state change.json --ssh-config FILE           delete one instance, create two,
                                                              add a router interface
    change.py --state change.json --ssh-config FILE --undo    as it was before

Real means: instances ACTIVE, their taps plugged on their hosts, ports ACTIVE, the deleted
instance's tap gone. The recreated instance has its old name, host and networks, a new id.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ask_cloud import Cloud
from ask_hosts import HostFacts, ask

Row = dict[str, Any]

NAMES = ("calipso-change-1", "calipso-change-2")
PATIENCE = 180


class Lab:
    """The cloud as administrator, and its hosts over ssh."""

    def __init__(self, ssh_config: str) -> None:
        self.ssh_config = ssh_config
        self.admin = Cloud.from_environment()
        self.projects = {p["id"]: p["name"] for p in self.rows("identity", "projects")}

    def rows(self, service: str, noun: str, query: str = "") -> list[Row]:
        return self.admin.rows(service, f"/{noun}{query}", noun.split("/")[0])

    def in_project(self, project: str) -> Cloud:
        """A login in the project that will own what is created."""
        user, password = os.environ.get("OS_USERNAME", "admin"), os.environ["OS_PASSWORD"]
        return Cloud(self.admin.auth_url, user, password, self.projects[project])

    def servers(self) -> list[Row]:
        return self.admin.rows("compute", "/servers/detail?all_tenants=1", "servers")

    def host(self, name: str) -> HostFacts:
        return ask(name, self.ssh_config, None)

    def ports_of(self, device: str) -> list[Row]:
        return self.rows("network", "ports", f"?device_id={device}")


def wait(what: str, true: Callable[[], bool]) -> None:
    """Until it is so; raises with its name when that takes too long."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE} s for {what}")
        time.sleep(2)
    print(f"{what}: yes", file=sys.stderr)


def recipe(lab: Lab, server: Row) -> Row:
    """All that is needed to create this instance again."""
    return {
        "name": server["name"],
        "host": server["OS-EXT-SRV-ATTR:host"],
        "zone": server["OS-EXT-AZ:availability_zone"],
        "project": server["tenant_id"],
        "image": server["image"]["id"],
        "flavor": flavor_id(lab, server),
        "metadata": server["metadata"],
        "groups": sorted({g["name"] for g in server.get("security_groups", [])}),
        "networks": [p["network_id"] for p in lab.ports_of(server["id"])],
    }


def flavor_id(lab: Lab, server: Row) -> str:
    """Nova names the flavor of a server; creating one wants the id."""
    name = server["flavor"]["original_name"]
    flavors = lab.admin.rows("compute", "/flavors", "flavors")
    return next(str(f["id"]) for f in flavors if f["name"] == name)


def create(lab: Lab, wanted: Row) -> str:
    body = {
        "name": wanted["name"],
        "imageRef": wanted["image"],
        "flavorRef": wanted["flavor"],
        "metadata": wanted["metadata"],
        "networks": [{"uuid": network} for network in wanted["networks"]],
        "availability_zone": f"{wanted['zone']}:{wanted['host']}",
        "security_groups": [{"name": name} for name in wanted["groups"]],
    }
    answer = lab.in_project(wanted["project"]).call("POST", "compute", "/servers", {"server": body})
    return str(answer["server"]["id"])


def wait_created(lab: Lab, server: str, wanted: Row) -> list[str]:
    """Until the instance runs and each of its taps is plugged; returns its port ids."""

    def active() -> bool:
        status = lab.admin.get("compute", f"/servers/{server}")["server"]["status"]
        if status == "ERROR":
            raise RuntimeError(f"{wanted['name']} went to ERROR")
        return bool(status == "ACTIVE")

    wait(f"{wanted['name']} is ACTIVE", active)
    wait(
        f"ports of {wanted['name']} are ACTIVE",
        lambda: all(p["status"] == "ACTIVE" for p in lab.ports_of(server)),
    )

    def plugged() -> bool:
        said = lab.host(wanted["host"])
        nics = said.guests.get(server, {}).get("interfaces", [])
        taps = [nic["dev"] for nic in nics]
        return bool(taps) and all(said.bridge_of(t) or said.ovs_bridge_of(t) for t in taps)

    wait(f"taps of {wanted['name']} are plugged on {wanted['host']}", plugged)
    return [port["id"] for port in lab.ports_of(server)]


def delete(lab: Lab, server: str, host: str) -> None:
    """Until the instance, its ports and its devices are gone."""
    ports = lab.ports_of(server)
    lab.admin.call("DELETE", "compute", f"/servers/{server}")
    wait(f"{server} is gone from Nova", lambda: all(s["id"] != server for s in lab.servers()))
    wait(f"ports of {server} are gone", lambda: not lab.ports_of(server))
    parts = tuple(port["id"][:11] for port in ports)

    def unplugged() -> bool:
        said = lab.host(host)
        names = [*said.by_name, *(p for ports in said.ovs.values() for p in ports)]
        return not any(name.endswith(parts) for name in names)

    if parts:
        wait(f"devices of {server} are gone from {host}", unplugged)


def victim(lab: Lab, name: str | None) -> Row:
    """An instance that can be made again: one port, made by Nova, no floating IP."""
    floating = {f["port_id"] for f in lab.rows("network", "floatingips")}
    for server in sorted(lab.servers(), key=lambda s: str(s["name"])):
        ports = lab.ports_of(server["id"])
        # Nova deletes the ports it made; those it was given keep the name they had before.
        ours = len(ports) == 1 and not ports[0]["name"] and ports[0]["id"] not in floating
        if server["name"] == name or (not name and ours):
            return server
    raise SystemExit("no instance that can be deleted and made again")


def free_leg(lab: Lab) -> tuple[str, Row]:
    """A router and a subnet that it has no interface on, with a free gateway address."""
    ports = lab.rows("network", "ports")
    taken = {ip["ip_address"] for port in ports for ip in port["fixed_ips"]}
    external = {n["id"] for n in lab.rows("network", "networks") if n["router:external"]}
    for router in sorted(lab.rows("network", "routers"), key=lambda r: str(r["name"])):
        for subnet in lab.rows("network", "subnets"):
            free = subnet["gateway_ip"] not in taken and subnet["network_id"] not in external
            if free and subnet["gateway_ip"]:
                return router["id"], subnet
    raise SystemExit("no subnet whose gateway address is free")


def wait_leg(lab: Lab, port_id: str, there: bool) -> None:
    """Until the router's namespace has (or has no longer) the device of this port."""
    hosts = {a["host"] for a in lab.rows("network", "agents") if a["agent_type"] == "L3 agent"}

    def real() -> bool:
        found = [
            link
            for host in hosts
            for links in lab.host(host).namespaces.values()
            for link in links
            if link.get("ifname", "").endswith(port_id[:11])
        ]
        return bool(found) == there

    wait(f"device of router port {port_id} is {'there' if there else 'gone'}", real)
    if there:
        wait(
            "router port is ACTIVE",
            lambda: lab.admin.get("network", f"/ports/{port_id}")["port"]["status"] == "ACTIVE",
        )


def change(lab: Lab, args: argparse.Namespace) -> Row:
    """Delete one, create two on different hosts, add a router interface."""
    old = victim(lab, args.delete)
    saved = recipe(lab, old)
    others = [s for s in lab.servers() if s["OS-EXT-SRV-ATTR:host"] != saved["host"]]
    second = max(others, key=lambda s: str(s["OS-EXT-SRV-ATTR:host"]), default=old)
    done: Row = {"deleted": {**saved, "id": old["id"]}, "created": [], "router_interface": None}
    done["deleted"]["ports"] = [p["id"] for p in lab.ports_of(old["id"])]
    delete(lab, old["id"], saved["host"])
    save(args.state, done)
    for name, place in zip(NAMES, (saved, recipe(lab, second)), strict=True):
        wanted = {**saved, "name": name, "host": place["host"], "zone": place["zone"]}
        server = create(lab, wanted)
        done["created"].append({**wanted, "id": server})
        save(args.state, done)
        done["created"][-1]["ports"] = wait_created(lab, server, wanted)
    router, subnet = free_leg(lab)
    path, body = f"/routers/{router}/add_router_interface", {"subnet_id": subnet["id"]}
    leg = lab.admin.call("PUT", "network", path, body)
    done["router_interface"] = {"router": router, "subnet": subnet["id"], "port": leg["port_id"]}
    save(args.state, done)
    wait_leg(lab, leg["port_id"], there=True)
    return done


def undo(lab: Lab, done: Row) -> Row:
    """Back to what was there, as far as names, hosts and networks go."""
    leg = done.get("router_interface")
    if leg:
        path = f"/routers/{leg['router']}/remove_router_interface"
        lab.admin.call("PUT", "network", path, {"port_id": leg["port"]})
        wait_leg(lab, leg["port"], there=False)
    for created in done["created"]:
        delete(lab, created["id"], created["host"])
    names = {server["name"] for server in lab.servers()}
    if done["deleted"]["name"] not in names:
        again = create(lab, done["deleted"])
        wait_created(lab, again, done["deleted"])
    return {"undone": True, "deleted": done["created"], "created": [done["deleted"]["name"]]}


def save(path: Path, done: Row) -> None:
    path.write_text(json.dumps(done, indent=1), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--state", type=Path, required=True, help="what was done, for --undo")
    parser.add_argument("--ssh-config", default=os.environ.get("LAB_SSH_CONFIG", "~/.ssh/config"))
    parser.add_argument("--delete", metavar="NAME", help="this instance instead of the first fit")
    parser.add_argument("--undo", action="store_true")
    args = parser.parse_args()
    lab = Lab(str(Path(args.ssh_config).expanduser()))
    if args.undo:
        result = undo(lab, json.loads(args.state.read_text(encoding="utf-8")))
        args.state.unlink()
    else:
        result = change(lab, args)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
