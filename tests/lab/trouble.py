"""Makes troubles on a real OpenStack that its API shows, and takes them away again.

    trouble.py error            an instance that no host takes; prints its id
    trouble.py shelve NAME      shelve an instance until its host has given it up; prints its id
    trouble.py unshelve ID      and back
    trouble.py remove ID        delete an instance
    trouble.py network          a network with DHCP; prints its id
    trouble.py forget ID        delete a network
    trouble.py alive BINARY HOST yes|no    wait until Neutron says so of an agent

Needs the usual OS_* variables of an administrator.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

from ask_cloud import Cloud, Row

PATIENCE = 240
NAME = "calipso-trouble"


def wait(what: str, true: Callable[[], bool]) -> None:
    """Until it is so. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE} s until {what}")
        time.sleep(2)


def server(cloud: Cloud, key: str) -> Row:
    return dict(cloud.get("compute", f"/servers/{key}")["server"])


def first(cloud: Cloud, service: str, path: str, key: str, **wanted: object) -> Row:
    """The first item of a list that has these values."""
    found = cloud.rows(service, path, key)
    return next(row for row in found if all(row.get(name) == wanted[name] for name in wanted))


def error(cloud: Cloud) -> str:
    """An instance with a flavor that is larger than any host, within the default quota."""
    for left in cloud.rows("compute", "/flavors", "flavors"):
        if left["name"] == NAME:
            cloud.call("DELETE", "compute", f"/flavors/{left['id']}")
    flavor = {"name": NAME, "ram": 50_000, "vcpus": 1, "disk": 1}
    made = cloud.call("POST", "compute", "/flavors", {"flavor": flavor})["flavor"]["id"]
    network = first(cloud, "network", "/networks", "networks", shared=True)["id"]
    image = cloud.rows("image", "/v2/images", "images")[0]["id"]
    body = {"name": NAME, "imageRef": image, "flavorRef": made, "networks": [{"uuid": network}]}
    key = str(cloud.call("POST", "compute", "/servers", {"server": body})["server"]["id"])
    wait("it is in ERROR", lambda: server(cloud, key)["status"] == "ERROR")
    cloud.call("DELETE", "compute", f"/flavors/{made}")
    return key


def shelve(cloud: Cloud, name: str) -> str:
    found = cloud.rows("compute", "/servers/detail?all_tenants=1", "servers")
    key = next(str(row["id"]) for row in found if row["name"] == name)
    cloud.call("POST", "compute", f"/servers/{key}/action", {"shelve": None})
    wait("its host gave it up", lambda: server(cloud, key)["status"] == "SHELVED_OFFLOADED")
    return key


def unshelve(cloud: Cloud, key: str) -> str:
    cloud.call("POST", "compute", f"/servers/{key}/action", {"unshelve": None})
    wait("it runs", lambda: server(cloud, key)["status"] == "ACTIVE")
    return key


def remove(cloud: Cloud, key: str) -> str:
    cloud.call("DELETE", "compute", f"/servers/{key}")
    listed = "/servers/detail?all_tenants=1"
    wait(
        "it is gone",
        lambda: key not in {row["id"] for row in cloud.rows("compute", listed, "servers")},
    )
    return key


def network(cloud: Cloud) -> str:
    made = cloud.call("POST", "network", "/networks", {"network": {"name": NAME}})["network"]["id"]
    subnet = {"network_id": made, "ip_version": 4, "cidr": "198.51.100.0/24", "name": NAME}
    cloud.call("POST", "network", "/subnets", {"subnet": subnet})
    path = f"/networks/{made}/dhcp-agents"
    wait("an agent serves it", lambda: bool(cloud.rows("network", path, "agents")))
    return str(made)


def forget(cloud: Cloud, key: str) -> str:
    for port in cloud.rows("network", f"/ports?network_id={key}", "ports"):
        cloud.call("DELETE", "network", f"/ports/{port['id']}")
    cloud.call("DELETE", "network", f"/networks/{key}")
    return key


def alive(cloud: Cloud, binary: str, host: str, wanted: str) -> str:
    path = f"/agents?binary={binary}&host={host}"
    wait(
        f"alive of {binary} is {wanted}",
        lambda: (
            [row["alive"] for row in cloud.rows("network", path, "agents")] == [wanted == "yes"]
        ),
    )
    return f"{binary} on {host}: alive {wanted}"


ACTIONS = {
    function.__name__: function
    for function in (error, shelve, unshelve, remove, network, forget, alive)
}


def act(actions: Mapping[str, Callable[..., str]], usage: str | None) -> int:
    """Do the action that the command line names, with its words; print what it returns."""
    action, *words = sys.argv[1:] or [""]
    if action not in actions:
        print(usage, file=sys.stderr)
        return 2
    print(actions[action](Cloud.from_environment(), *words))
    return 0


if __name__ == "__main__":
    sys.exit(act(ACTIONS, __doc__))
